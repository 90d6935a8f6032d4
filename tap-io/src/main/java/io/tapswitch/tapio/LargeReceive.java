package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Large receive offload of the devices that are steered, which has to be off: a card that merges segments by LRO does
 * not say of what they were made, and a TAP drops such a frame (virtio_net_hdr_from_skb of linux/virtio_net.h), as
 * bridges and routers would. What GRO merges is not concerned.
 *
 * <p>Which devices had it on is kept in the control map, so that another process than the one that changed it puts it
 * back; of more than {@value #SLOTS} at one time those beyond stay without. A device that has none is left alone.
 *
 * <p>By the ioctls of ethtool (ETHTOOL_GFLAGS, ETHTOOL_SFLAGS of linux/ethtool.h), in the calling thread's namespace.
 */
final class LargeReceive {
    static final int CONTROL_DEVICES = 24;
    static final int SLOTS = 5;

    private static final int AF_INET = 2;
    private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
    private static final long SIOCETHTOOL = 0x8946;
    private static final int GET_FLAGS = 0x25;
    private static final int SET_FLAGS = 0x26;
    private static final int FLAG_LRO = 1 << 15;
    // struct ifreq: char ifr_name[16], pointer; struct ethtool_value: u32 command, u32 value.
    private static final int IFREQ_LENGTH = 40;
    private static final int IFREQ_POINTER = 16;

    private final SteeringMaps maps;

    LargeReceive(SteeringMaps maps) {
        this.maps = maps;
    }

    /** Switches it off where it is on, and keeps that it was. */
    void switchOff(int device) {
        String name = name(device);
        int flags = name == null ? 0 : command(name, GET_FLAGS, 0);
        if (name != null && flags > 0 && (flags & FLAG_LRO) != 0) {
            // First kept, then changed: a process that dies between the two puts back what was not changed.
            int slot = slot(0);
            if (slot >= 0 && slot(device) < 0) {
                maps.control(slot, device);
            }
            int result = command(name, SET_FLAGS, flags & ~FLAG_LRO);
            if (result < 0) {
                throw new DeviceException(
                        "cannot switch off large receive offload of " + name + " (`ethtool -K " + name + " lro off`): "
                                + Errno.describe(result),
                        -result);
            }
        }
    }

    /** Puts back what {@link #switchOff} changed of a device. */
    void restore(int device) {
        int slot = slot(device);
        if (slot >= 0) {
            String name = name(device);
            int flags = name == null ? 0 : command(name, GET_FLAGS, 0);
            if (name != null && flags >= 0) {
                // It may refuse what it once had; then there is nothing to be done about it.
                command(name, SET_FLAGS, flags | FLAG_LRO);
            }
            maps.control(slot, 0);
        }
    }

    /** Puts back what was changed of all devices. */
    void restore() {
        for (int i = 0; i < SLOTS; i++) {
            int device = (int) maps.controlAt(CONTROL_DEVICES + i * Long.BYTES);
            if (device != 0) {
                restore(device);
            }
        }
    }

    /** Where in the control value a device's index stands, -1 for nowhere. */
    private int slot(int device) {
        for (int i = 0; i < SLOTS; i++) {
            int offset = CONTROL_DEVICES + i * Long.BYTES;
            if (maps.controlAt(offset) == device) {
                return offset;
            }
        }
        return -1;
    }

    private static @Nullable String name(int device) {
        try (RouteSocket kernel = RouteSocket.open()) {
            LinkState link = kernel.link(-1, device);
            return link == null ? null : link.name();
        }
    }

    /** What a command answers, or a negative errno: EOPNOTSUPP of a device without any such settings. */
    private static int command(String name, int command, int value) {
        int socket = Syscalls.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0);
        if (socket < 0) {
            return socket;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment argument = arena.allocate(2 * Integer.BYTES, Integer.BYTES);
            argument.set(ValueLayout.JAVA_INT, 0, command);
            argument.set(ValueLayout.JAVA_INT, Integer.BYTES, value);
            MemorySegment request = arena.allocate(IFREQ_LENGTH, Long.BYTES);
            byte[] text = name.getBytes(StandardCharsets.UTF_8);
            MemorySegment.copy(text, 0, request, ValueLayout.JAVA_BYTE, 0, text.length);
            request.set(ValueLayout.JAVA_LONG, IFREQ_POINTER, argument.address());
            int result = Syscalls.ioctl(socket, SIOCETHTOOL, request);
            return result < 0 ? result : argument.get(ValueLayout.JAVA_INT, Integer.BYTES);
        } finally {
            Syscalls.close(socket);
        }
    }
}
