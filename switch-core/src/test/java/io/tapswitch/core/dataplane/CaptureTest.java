package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.OutsideWorld.ETH0;
import static io.tapswitch.core.dataplane.OutsideWorld.container;
import static io.tapswitch.core.dataplane.OutsideWorld.end;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.control.Eventually;
import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.core.dataplane.NatFrames.End;
import io.tapswitch.tapio.VirtioNetHeader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.agrona.DirectBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Copies of the frames of chosen ports, and of no others. */
class CaptureTest {
    private static final End PEER = End.of("198.51.100.9", 53);

    private final List<String> seen = Collections.synchronizedList(new ArrayList<>());
    private final CaptureSink sink = new CaptureSink() {
        @Override
        public void onFrame(
                long epochNs,
                int port,
                boolean transmitted,
                int frameLength,
                DirectBuffer buffer,
                int offset,
                int length) {
            seen.add((transmitted ? "to " : "from ") + port + " " + frameLength + " " + length);
        }

        @Override
        public void onPortsGone() {
            seen.add("gone");
        }
    };

    private PortCapture start(OutsideWorld world, int snapLength, Integer... ports) {
        Rollout.Teller teller = (worker, command) -> {
            command.run(world.tested.workers[worker]);
            return CompletableFuture.completedFuture(null);
        };
        return PortCapture.start(world.workers, teller, Set.of(ports), snapLength, sink);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void framesReadAndWrittenAreCopiedAsFarAsAsked(int workers) {
        OutsideWorld world = new OutsideWorld(workers);
        PortCapture capture = start(world, 100, 0, 1);
        Frame frame = container(0).udp(end(0, false, 4000), PEER, 500);
        int length = frame.bytes.length - VirtioNetHeader.LENGTH;
        Frame out = world.send(0, frame, ETH0);
        world.arrive(ETH0, OutsideWorld.outside().udp(PEER, NatFrames.source(out), 10), 0);
        world.send(2, container(2).udp(end(2, false, 4000), PEER, 500), ETH0);
        capture.close();
        assertThat(seen).containsExactly("from 0 " + length + " 100", "to 0 52 52");
        world.send(0, frame, ETH0);
        assertThat(seen).hasSize(2);
        assertThat(capture.lost()).isZero();
    }

    @Test
    void translatedFramesAreSeenAtTheUplinkAsTheyLeave() {
        OutsideWorld world = new OutsideWorld(2);
        List<String> sources = Collections.synchronizedList(new ArrayList<>());
        Rollout.Teller teller = (worker, command) -> {
            command.run(world.tested.workers[worker]);
            return CompletableFuture.completedFuture(null);
        };
        PortCapture capture = PortCapture.start(
                2, teller, Set.of(ETH0), 65_535, (epochNs, port, transmitted, frameLength, buffer, offset, length) -> {
                    byte[] bytes = new byte[VirtioNetHeader.LENGTH + length];
                    buffer.getBytes(offset, bytes, VirtioNetHeader.LENGTH, length);
                    sources.add(NatFrames.source(NatFrames.of(bytes)).toString());
                });
        Frame out = world.send(1, container(1).udp(end(1, false, 4000), PEER, 500), ETH0);
        capture.close();
        assertThat(sources).containsExactly(NatFrames.source(out).toString());
    }

    @Test
    void whatFindsNoRoomIsCountedAndTheFrameGoesOn() {
        OutsideWorld world = new OutsideWorld(1);
        CaptureTap tap = new CaptureTap(65_535);
        world.tested.workers[0].onCapture(Set.of(0), tap);
        Frame frame = container(0).udp(end(0, false, 4000), PEER, 1400);
        for (int i = 0; i < 4000; i++) {
            world.send(0, frame, ETH0);
        }
        assertThat(tap.lost()).isBetween(500L, 3500L);
        world.tested.assertConserved();
    }

    @Test
    void aCaptureEndsWithItsPort() throws Exception {
        OutsideWorld world = new OutsideWorld(1);
        PortCapture capture = start(world, 100, 3, 5);
        PortSettings settings = world.settings(3);
        world.tested.outside(null);
        world.tested.removePort(3);
        world.tested.put(settings);
        world.take();
        world.send(3, container(3).udp(end(3, false, 4000), PEER, 500), ETH0);
        assertThat(seen).isEmpty();
        world.tested.outside(null);
        world.tested.removePort(5);
        Eventually.eventually(() -> assertThat(seen).containsExactly("gone"));
        capture.close();
        assertThat(seen).hasSize(1);
    }
}
