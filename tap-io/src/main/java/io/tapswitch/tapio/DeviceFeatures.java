package io.tapswitch.tapio;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What the devices that are steered have to do otherwise with what they receive, and did as they were found:
 *
 * <ul>
 *   <li>Large receive offload has to be off: a card that merges segments by LRO does not say of what they were made,
 *       and a TAP drops such a frame (virtio_net_hdr_from_skb of linux/virtio_net.h), as bridges and routers would.
 *       What GRO merges is not concerned.
 *   <li>UDP GRO for datagrams that no socket waits for has to be on where tunnels end: the kernel then merges what a
 *       sender without offloads sent singly, four times as much goes through (measured). It is of use only, so a device
 *       that cannot do it is none the worse. A socket of the port is in the way ({@link
 *       PortReservation#mergeDatagrams}).
 * </ul>
 *
 * <p>Which devices were found otherwise is kept in the control map, so that another process than the one that changed
 * it puts it back; of more than {@value #SLOTS} at one time those beyond stay as they are with UDP, and without LRO.
 *
 * <p>By the ioctls of ethtool, in the calling thread's namespace: ETHTOOL_GFEATURES and ETHTOOL_SFEATURES of
 * linux/ethtool.h, whose bits have names and no numbers that are promised.
 *
 * <p>Limits: it is the device's own; who steers a bridge, a bond or a VLAN sets UDP GRO of what is below by hand.
 */
final class DeviceFeatures {
    /** Where in the control value the devices stand: each a long, the index in the lower half, what in the upper. */
    static final int CONTROL_DEVICES = 24;

    static final int SLOTS = 5;

    /** One that is switched; the order is that of the control value. */
    private enum Feature {
        LARGE_RECEIVE("rx-lro"),
        UDP_FORWARDING("rx-udp-gro-forwarding");

        private final String text;

        Feature(String text) {
            this.text = text;
        }
    }

    private static final int AF_INET = 2;
    private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
    private static final long SIOCETHTOOL = 0x8946;
    private static final int GET_STRINGS = 0x1b;
    private static final int GET_SET_INFO = 0x37;
    private static final int GET_FEATURES = 0x3a;
    private static final int SET_FEATURES = 0x3b;
    private static final int FEATURE_STRINGS = 4;
    private static final int STRING_LENGTH = 32;
    // struct ifreq: char ifr_name[16], pointer.
    private static final int IFREQ_LENGTH = 40;
    private static final int IFREQ_POINTER = 16;
    // struct ethtool_sset_info: u32 command, u32, u64 sets, u32 count of each; ethtool_gstrings: u32 command, set,
    // count.
    private static final int SETS = 8;
    private static final int SET_COUNT = 16;
    private static final int STRINGS = 12;
    // struct ethtool_gfeatures, ethtool_sfeatures: u32 command, u32 blocks; then of each block of 32 features four
    // words,
    // of which the third is what is on, or two, which are to be set, and how.
    private static final int BLOCKS = 8;
    private static final int GOT_BLOCK = 16;
    private static final int ACTIVE = 8;
    private static final int SET_BLOCK = 8;

    private final SteeringMaps maps;

    DeviceFeatures(SteeringMaps maps) {
        this.maps = maps;
    }

    /** Switches large receive offload off where it is on, and keeps that it was. */
    void withoutLargeReceive(int device) {
        String name = name(device);
        if (name != null && isOn(name, Feature.LARGE_RECEIVE) == 1) {
            keep(device, Feature.LARGE_RECEIVE);
            int result = set(name, Feature.LARGE_RECEIVE, false);
            if (result != 0) {
                throw new DeviceException(
                        "cannot switch off large receive offload of " + name + " (`ethtool -K " + name + " lro off`): "
                                + (result < 0 ? Errno.describe(result) : "its driver does not do so"),
                        Math.max(0, -result));
            }
        }
    }

    /** Lets the kernel merge UDP that it does not deliver itself, where it does not, and keeps that it did not. */
    void withUdpForwarding(int device) {
        String name = name(device);
        if (name != null
                && isOn(name, Feature.UDP_FORWARDING) == 0
                && keep(device, Feature.UDP_FORWARDING)
                && set(name, Feature.UDP_FORWARDING, true) != 0) {
            maps.control(slot(entry(device, Feature.UDP_FORWARDING)), 0);
        }
    }

    /** Puts back what {@link #withUdpForwarding} changed of a device. */
    void restoreUdpForwarding(int device) {
        restore(device, Feature.UDP_FORWARDING);
    }

    /** Puts back all that was changed of a device. */
    void restore(int device) {
        for (Feature feature : Feature.values()) {
            restore(device, feature);
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

    private void restore(int device, Feature feature) {
        int slot = slot(entry(device, feature));
        if (slot >= 0) {
            String name = name(device);
            if (name != null) {
                // It may refuse what it once had; then there is nothing to be done about it.
                set(name, feature, feature == Feature.LARGE_RECEIVE);
            }
            maps.control(slot, 0);
        }
    }

    /**
     * Keeps that a device is about to be changed. First kept, then changed: a process that dies between the two puts
     * back what was not changed.
     *
     * @return whether it could be kept
     */
    private boolean keep(int device, Feature feature) {
        long entry = entry(device, feature);
        int slot = slot(entry) >= 0 ? slot(entry) : slot(0);
        if (slot >= 0) {
            maps.control(slot, entry);
        }
        return slot >= 0;
    }

    private static long entry(int device, Feature feature) {
        return device | (long) feature.ordinal() << Integer.SIZE;
    }

    /** Where in the control value an entry stands, -1 for nowhere. */
    private int slot(long entry) {
        for (int i = 0; i < SLOTS; i++) {
            int offset = CONTROL_DEVICES + i * Long.BYTES;
            if (maps.controlAt(offset) == entry) {
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

    /** 1 for on, 0 for off, or a negative errno, where the device or the kernel does not know of it. */
    private static int isOn(String device, Feature feature) {
        try (Arena arena = Arena.ofConfined()) {
            int count = count(device, arena);
            int bit = bit(device, count, feature, arena);
            if (bit < 0) {
                return bit;
            }
            MemorySegment got = arena.allocate(BLOCKS + (long) GOT_BLOCK * blocks(count), Integer.BYTES);
            got.set(JAVA_INT, Integer.BYTES, blocks(count));
            int result = command(device, GET_FEATURES, got, arena);
            int active = got.get(JAVA_INT, BLOCKS + (long) GOT_BLOCK * (bit / Integer.SIZE) + ACTIVE);
            return result < 0 ? result : active >>> bit & 1;
        }
    }

    /** 0 when it is so now, a positive number when the device does not do so, or a negative errno. */
    private static int set(String device, Feature feature, boolean on) {
        try (Arena arena = Arena.ofConfined()) {
            int count = count(device, arena);
            int bit = bit(device, count, feature, arena);
            if (bit < 0) {
                return bit;
            }
            MemorySegment wish = arena.allocate(BLOCKS + (long) SET_BLOCK * blocks(count), Integer.BYTES);
            wish.set(JAVA_INT, Integer.BYTES, blocks(count));
            long block = BLOCKS + (long) SET_BLOCK * (bit / Integer.SIZE);
            wish.set(JAVA_INT, block, 1 << bit);
            wish.set(JAVA_INT, block + Integer.BYTES, on ? 1 << bit : 0);
            return command(device, SET_FEATURES, wish, arena);
        }
    }

    private static int blocks(int features) {
        return (features + Integer.SIZE - 1) / Integer.SIZE;
    }

    /** How many features this kernel knows, or a negative errno. */
    private static int count(String device, Arena arena) {
        MemorySegment sets = arena.allocate(SET_COUNT + Integer.BYTES, Long.BYTES);
        sets.set(JAVA_LONG, SETS, 1L << FEATURE_STRINGS);
        int result = command(device, GET_SET_INFO, sets, arena);
        return result < 0 ? result : sets.get(JAVA_INT, SET_COUNT);
    }

    /** The number of a feature, or a negative errno. */
    private static int bit(String device, int count, Feature feature, Arena arena) {
        if (count < 0) {
            return count;
        }
        MemorySegment strings = arena.allocate(STRINGS + (long) STRING_LENGTH * count, Integer.BYTES);
        strings.set(JAVA_INT, Integer.BYTES, FEATURE_STRINGS);
        strings.set(JAVA_INT, 2 * Integer.BYTES, count);
        int result = command(device, GET_STRINGS, strings, arena);
        for (int i = 0; i < count && result >= 0; i++) {
            if (strings.getString(STRINGS + (long) STRING_LENGTH * i).equals(feature.text)) {
                return i;
            }
        }
        return result < 0 ? result : -Errno.EOPNOTSUPP;
    }

    /** What a command answers, or a negative errno; its argument begins with its number. */
    private static int command(String device, int command, MemorySegment argument, Arena arena) {
        int socket = Syscalls.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0);
        if (socket < 0) {
            return socket;
        }
        argument.set(JAVA_INT, 0, command);
        MemorySegment request = arena.allocate(IFREQ_LENGTH, Long.BYTES);
        byte[] text = device.getBytes(StandardCharsets.UTF_8);
        MemorySegment.copy(text, 0, request, JAVA_BYTE, 0, text.length);
        request.set(JAVA_LONG, IFREQ_POINTER, argument.address());
        int result = Syscalls.ioctl(socket, SIOCETHTOOL, request);
        Syscalls.close(socket);
        return result;
    }
}
