package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.Outside;
import io.tapswitch.lab.UdpSocket;
import io.tapswitch.lab.World;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How long a mapping lives that nobody uses: N9. */
@Tag("netns")
@Timeout(600)
final class NatTimeoutIT {
    /** The shortest that can be set is two minutes: the end of a mapping is waited for when there is time for it. */
    private static final boolean SOAK = Boolean.getBoolean("soak");

    @Test
    void N9_anIdleMappingEndsAndOneInUseDoesNot() {
        try (World world = World.withOutside()) {
            world.start(
                    "--uplink",
                    "shared",
                    "--config",
                    world.file("c.yaml", "nat: {udp-timeout: 120s}\n").toString());
            LabContainer one = world.attached("one");
            try (UdpSocket inside = UdpSocket.bind(one, "0.0.0.0", 6001);
                    UdpSocket friend = UdpSocket.bind(world.outside().router(), Outside.ONE, 7001)) {
                inside.send(Outside.ONE, 7001, "hello");
                int port = friend.hears("hello").port();
                for (int i = 0; i < 3; i++) {
                    friend.send(Outside.HOST, port, "answer " + i);
                    inside.hears("answer " + i);
                    Eventually.measureFor(Duration.ofMillis(SOAK ? 100_000 : 500));
                    inside.send(Outside.ONE, 7001, "word " + i);
                    assertThat(friend.hears("word " + i).port()).isEqualTo(port);
                }
                if (SOAK) {
                    Eventually.measureFor(Duration.ofSeconds(125));
                    friend.send(Outside.HOST, port, "too late");
                    inside.hearsNothing();
                }
            }
            world.assertNoTrouble();
        }
    }
}
