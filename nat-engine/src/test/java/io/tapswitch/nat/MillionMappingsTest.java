package io.tapswitch.nat;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.UdpHeader;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Part (d) of the requirements, for all that an engine has: its two memories and what it keeps on the heap.
 * {@link FlowMemoryTest} is the same for the table alone.
 */
class MillionMappingsTest {
    private static final int MILLION = 1_000_000;
    private static final long MIB = 1 << 20;

    /** A mapping needs a port of its own, so the host has 16 addresses; and one container gets half of one's ports. */
    private static final int ADDRESSES = 16;

    private static final int CONTAINERS = 2 * ADDRESSES;
    private static final int EACH = MILLION / CONTAINERS;
    private static final int FIRST_PORT = 1024;
    private static final int INSIDE = 0x0A09_0002;
    private static final int OUTSIDE = 0xC000_0201;

    private static final FlowLimits LIMITS = new FlowLimits(1 << 20, 64, ADDRESSES, EACH);

    private final List<Packet> templates = new ArrayList<>();
    private final Packet work = NatWorld.udp("10.9.0.2", 7, "198.51.100.7", 53);
    private int slot;

    @Test
    void N16_aMillionMappingsOfAnEngineFitIn256MiBHeapIncluded() {
        NatWorld world = new NatWorld(new FlowLimits(2, 1, 1, 1));
        NatVersion version = version(world);
        Counting ports = new Counting();
        for (int i = 0; i < CONTAINERS; i++) {
            templates.add(NatWorld.udp("10.9.0." + (2 + i), 7, "198.51.100.7", 53));
        }
        long heapBefore = usedHeap();
        NatEngine engine = new NatEngine(
                0,
                1,
                FlowWorld.memory(LIMITS.keptLength()),
                FlowWorld.memory(LIMITS.derivedLength()),
                LIMITS,
                7,
                1,
                world.nowMs,
                (hi, lo, now) -> slot,
                ports);
        engine.take(version, world.nowMs);
        for (int i = 0; i < MILLION; i++) {
            if (send(engine, i, world.nowMs) != NatEngine.FORWARD) {
                throw new AssertionError("mapping " + i + " was refused");
            }
        }
        long heap = usedHeap() - heapBefore;
        assertThat(engine.count(NatCounter.MAPPINGS)).isEqualTo(MILLION);
        assertThat(ports.owned).isEqualTo(MILLION);
        System.out.printf(
                "N16: a million mappings: kept %d, derived %d, heap %d KiB%n",
                LIMITS.keptLength() >> 10, LIMITS.derivedLength() >> 10, heap >> 10);
        assertThat(LIMITS.keptLength() + LIMITS.derivedLength() + heap)
                .as("bytes, %d of them on the heap", heap)
                .isLessThanOrEqualTo(256 * MIB);

        // They are all there, and one more of a container that has had its share is refused, and takes nothing.
        for (int i = 0; i < MILLION; i += 7) {
            if (send(engine, i, world.nowMs) != NatEngine.FORWARD) {
                throw new AssertionError("mapping " + i + " is gone");
            }
        }
        assertThat(engine.count(NatCounter.MAPPINGS)).isEqualTo(MILLION);
        slot = 0;
        assertThat(outbound(engine, 0, FIRST_PORT + EACH, world.nowMs)).isNegative();
        assertThat(ports.owned).isEqualTo(MILLION);
    }

    private int send(NatEngine engine, int i, long nowMs) {
        int container = i / EACH;
        slot = container / 2;
        return outbound(engine, container, FIRST_PORT + i % EACH, nowMs);
    }

    /** A container's datagram from one of its ports. The kernel has verified its checksum, so a new port does not harm. */
    private int outbound(NatEngine engine, int container, int port, long nowMs) {
        Packet template = templates.get(container);
        work.buffer.putBytes(Packet.AT, template.buffer, Packet.AT, template.length);
        UdpHeader.sourcePort(work.buffer, work.at(), port);
        long classified = PacketClass.ipv4(work.buffer, Packet.AT, work.length, PacketClass.VERIFIED);
        return engine.outbound(work.buffer, Packet.AT, classified, 0, container, true, nowMs);
    }

    private static NatVersion version(NatWorld world) {
        List<NatVersion.OutsideAddress> addresses = new ArrayList<>();
        List<NatVersion.InsideEndpoint> endpoints = new ArrayList<>();
        for (int i = 0; i < ADDRESSES; i++) {
            addresses.add(new NatVersion.OutsideAddress(i, new Ipv4Address(OUTSIDE + i)));
        }
        for (int i = 0; i < CONTAINERS; i++) {
            endpoints.add(new NatVersion.InsideEndpoint(i, 0, new Ipv4Address(INSIDE + i), null));
        }
        NatVersion.NatOptions options = new NatVersion.NatOptions(300_000, FIRST_PORT, 65_535, 0, 0, true);
        return new NatVersion(
                addresses, world.networks, endpoints, List.of(), DnatRules.compile(List.of()), List.of(), options);
    }

    private static long usedHeap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static final class Counting implements NatEngine.PortSink {
        int owned;

        @Override
        public void onOwned(int outsideSlot, int protocol, int port) {
            owned++;
        }

        @Override
        public void onFree(int outsideSlot, int protocol, int port) {
            owned--;
        }
    }
}
