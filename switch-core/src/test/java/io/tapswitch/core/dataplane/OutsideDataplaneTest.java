package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.tapio.IoMode;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** What the control plane asks of a dataplane with NAT, over real threads. */
class OutsideDataplaneTest {
    private static final int WORKERS = 2;

    private final SwitchTables tables = new OutsideWorld(WORKERS).tested.tables();

    private static Dataplane start() {
        List<NatResources.Share> shares = new ArrayList<>();
        for (int i = 0; i < WORKERS; i++) {
            shares.add(new NatResources.Share(
                    memory(OutsideWorld.LIMITS.keptLength()),
                    memory(OutsideWorld.LIMITS.derivedLength()),
                    new OutsideWorld.FakeRoutes()));
        }
        NatResources nat = new NatResources(OutsideWorld.LIMITS, 1, 2, shares);
        return InMemoryDataplane.start(WORKERS, nat);
    }

    private static UnsafeBuffer memory(long bytes) {
        return new UnsafeBuffer(ByteBuffer.allocateDirect((int) bytes));
    }

    @Test
    void versionsReadingsAndCapturesGoThroughItsWorkers() throws Exception {
        try (Dataplane dataplane = start()) {
            dataplane.apply(tables).get(10, TimeUnit.SECONDS);
            dataplane.routesChanged().get(10, TimeUnit.SECONDS);
            List<FlowEntry> flows = new ArrayList<>();
            dataplane.flows(flows::add).get(10, TimeUnit.SECONDS);
            assertThat(flows).isEmpty();
            assertThat(dataplane.natCounters().get(10, TimeUnit.SECONDS))
                    .containsEntry("flows", 0L)
                    .containsEntry("capacity", WORKERS * (OutsideWorld.LIMITS.capacity() - 1L));
            assertThat(dataplane.ruleCounts().get(10, TimeUnit.SECONDS)).isEmpty();
            FrameCapture capture = dataplane.capture(
                    Set.of(0, OutsideWorld.ETH0), 64, (epochNs, port, transmitted, length, buffer, at, there) -> {});
            capture.close();
            assertThat(capture.lost()).isZero();
            assertThat(dataplane.conservation().holds()).isTrue();
            dataplane.apply(SwitchTables.EMPTY).get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void withoutNatAVersionMustNotHaveAnOutside() {
        try (Dataplane dataplane = InMemoryDataplane.start(WORKERS)) {
            assertThatThrownBy(() -> dataplane.apply(tables))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("no NAT");
            assertThat(dataplane.ioMode()).isEqualTo(IoMode.POLL);
        }
    }
}
