package io.tapswitch.tapio;

import static io.tapswitch.tapio.SteeringLab.HOST;
import static io.tapswitch.tapio.SteeringLab.PORT;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** All of {@link SteeringIT} as kernels before tcx do it, which this one can too. */
final class SteeringByFilterIT extends SteeringIT {
    private static final int FOREIGN = 77;

    @Override
    Attachment attachment(Path directory) {
        return new FilterAttachment(directory);
    }

    @Override
    Runnable attachForeign(int program) {
        try (RouteSocket kernel = RouteSocket.open()) {
            kernel.setFilter(lab.uplink, FOREIGN, program);
        }
        return () -> lab.doInHost(() -> {
            try (RouteSocket kernel = RouteSocket.open()) {
                kernel.deleteFilter(lab.uplink, FOREIGN);
            }
        });
    }

    @Test
    void standsWhereTrafficControlShowsIt() {
        assertThat(lab.host.run("tc filter show dev up0 ingress")).contains("bpf", "tapswitch", "direct-action");
    }

    @Test
    void aNewProcessTakesOverInPlace() throws Exception {
        lab.uplinkTap.answer();
        for (int restart = 0; restart < 3; restart++) {
            steering.close();
            assertThat(lab.connect(lab.outside, HOST, PORT, ANSWER_MS)).isEqualTo("connected");
            steering = lab.steering(this::attachment);
            assertThat(lab.connect(lab.outside, HOST, PORT, ANSWER_MS)).isEqualTo("connected");
            assertThat(filters()).isOne();
        }
    }

    private long filters() {
        return lab.host
                .run("tc filter show dev up0 ingress")
                .lines()
                .filter(line -> line.contains("handle 0x"))
                .count();
    }

    @Test
    void leavesNothingButWhatOthersHave() throws Exception {
        lab.doInHost(() -> steering.unsteer(lab.uplink, lab.uplinkTap.index));
        assertThat(lab.host.run("tc qdisc show")).doesNotContain("clsact");
        lab.host.run("tc qdisc add dev up0 clsact");
        lab.doInHost(() -> steering.steer(lab.uplink, lab.uplinkTap.index));
        assertThat(filters()).isOne();
        steering.close();
        lab.doInHost(() -> Steering.removeAll(lab.bpf));
        assertThat(filters()).isZero();
        assertThat(lab.host.run("tc qdisc show dev up0")).as("it was there").contains("clsact");
        assertThat(lab.host.run("tc qdisc show dev tswup")).doesNotContain("clsact");
        assertThat(lab.connect(lab.outside, HOST, PORT, ANSWER_MS)).isEqualTo("refused");
    }

    @Test
    void aClsactThatSomebodyUsesStays() {
        // Any program will do; `ip netns exec` would not see the pin.
        TestNamespace.sh("tc -n " + lab.host.name + " filter add dev up0 egress prio 5 bpf direct-action object-pinned "
                + lab.bpf.resolve("v1-filter-" + lab.uplink));
        lab.doInHost(() -> steering.unsteer(lab.uplink, lab.uplinkTap.index));
        assertThat(lab.host.run("tc filter show dev up0 egress")).contains("pref 5 bpf");
        assertThat(filters()).isZero();
    }
}
