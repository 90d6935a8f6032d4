package io.tapswitch.tapio.sys;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The TUN/TAP driver's ioctls and constants (linux/if_tun.h); results are the kernel's, negative errno included. */
public final class Tun {
    /** A device that carries Ethernet frames. */
    public static final int IFF_TAP = 0x0002;
    /** No packet information in front of each frame. */
    public static final int IFF_NO_PI = 0x1000;
    /** A struct virtio_net_hdr in front of each frame. */
    public static final int IFF_VNET_HDR = 0x4000;
    /** Several files, each a queue, for one device. */
    public static final int IFF_MULTI_QUEUE = 0x0100;
    /** The device stays when its last file is closed. */
    public static final int IFF_PERSIST = 0x0800;
    /** With {@link #setQueue}: frames come through this file again. */
    public static final int IFF_ATTACH_QUEUE = 0x0200;
    /** With {@link #setQueue}: no frame comes through this file; said of such a file by {@link #getFlags}. */
    public static final int IFF_DETACH_QUEUE = 0x0400;
    /** Refuse a name that exists, instead of attaching to a persistent device of somebody else. */
    public static final int IFF_TUN_EXCL = 0x8000;
    /** Offload: frames with a partial checksum may be read. */
    public static final int TUN_F_CSUM = 0x01;
    /** Offload: TCP super-frames over IPv4, over IPv6, and with ECN. */
    public static final int TUN_F_TSO = 0x02 | 0x04 | 0x08;
    /** Offload: UDP super-frames over IPv4 and IPv6 (Linux 6.2). */
    public static final int TUN_F_USO = 0x20 | 0x40;
    /**
     * Offload: super-frames of TCP and UDP inside a UDP tunnel, with and without checksums in the tunnel's headers.
     * They need the virtio header of 24 bytes (Linux 6.17).
     */
    public static final int TUN_F_UDP_TUNNEL = 0x80 | 0x100;
    /** Longest interface name, without the terminating zero (IFNAMSIZ, linux/if.h). */
    public static final int MAX_NAME_LENGTH = 15;

    private static final long TUNSETIFF = 0x400454caL;
    private static final long TUNSETPERSIST = 0x400454cbL;
    private static final long TUNSETOFFLOAD = 0x400454d0L;
    private static final long TUNGETIFF = 0x800454d2L;
    private static final long TUNGETVNETHDRSZ = 0x800454d7L;
    private static final long TUNSETVNETHDRSZ = 0x400454d8L;
    private static final long TUNSETQUEUE = 0x400454d9L;
    private static final long TUNSETSTEERINGEBPF = 0x800454e0L;
    private static final long TUNGETDEVNETNS = 0x54e3L;
    // struct ifreq of linux/if.h: char ifr_name[16], then a union that begins with short ifr_flags.
    private static final int IFREQ_LENGTH = 40;
    private static final int IFREQ_FLAGS = 16;

    private Tun() {}

    /** TUNSETIFF: makes the device of this name, or attaches to it, in the namespace in which the file was opened. */
    public static int setInterface(int fd, String name, int flags) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_NAME_LENGTH) {
            return -Errno.EINVAL;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ifreq = arena.allocate(IFREQ_LENGTH, Long.BYTES);
            MemorySegment.copy(MemorySegment.ofArray(bytes), 0, ifreq, 0, bytes.length);
            ifreq.set(JAVA_SHORT_UNALIGNED, IFREQ_FLAGS, (short) flags);
            return Syscalls.ioctl(fd, TUNSETIFF, ifreq);
        }
    }

    /**
     * TUNGETIFF: the device's present name.
     *
     * @param name receives the name, {@value #MAX_NAME_LENGTH} + 1 bytes, zero-terminated
     */
    public static int getInterface(int fd, byte[] name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ifreq = arena.allocate(IFREQ_LENGTH, Long.BYTES);
            int result = Syscalls.ioctl(fd, TUNGETIFF, ifreq);
            Arrays.fill(name, (byte) 0);
            MemorySegment.copy(ifreq, 0, MemorySegment.ofArray(name), 0, MAX_NAME_LENGTH);
            return result;
        }
    }

    /** {@return TUNGETIFF: the flags of device and file, or a negative errno} */
    public static int getFlags(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ifreq = arena.allocate(IFREQ_LENGTH, Long.BYTES);
            int result = Syscalls.ioctl(fd, TUNGETIFF, ifreq);
            return result < 0 ? result : ifreq.get(JAVA_SHORT_UNALIGNED, IFREQ_FLAGS) & 0xffff;
        }
    }

    /** TUNSETQUEUE: {@link #IFF_ATTACH_QUEUE} or {@link #IFF_DETACH_QUEUE} for one file of a multi-queue device. */
    public static int setQueue(int fd, int flag) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ifreq = arena.allocate(IFREQ_LENGTH, Long.BYTES);
            ifreq.set(JAVA_SHORT_UNALIGNED, IFREQ_FLAGS, (short) flag);
            return Syscalls.ioctl(fd, TUNSETQUEUE, ifreq);
        }
    }

    /** TUNSETPERSIST: whether the device stays when its last file is closed. */
    public static int setPersistent(int fd, boolean persistent) {
        return Syscalls.ioctl(fd, TUNSETPERSIST, persistent ? 1 : 0);
    }

    /** TUNSETVNETHDRSZ: length of the header in front of each frame. */
    public static int setHeaderLength(int fd, int length) {
        try (Arena arena = Arena.ofConfined()) {
            return Syscalls.ioctl(fd, TUNSETVNETHDRSZ, arena.allocateFrom(JAVA_INT, length));
        }
    }

    /** {@return TUNGETVNETHDRSZ: the length of the header in front of each frame, or a negative errno} */
    public static int headerLength(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment length = arena.allocate(JAVA_INT);
            int result = Syscalls.ioctl(fd, TUNGETVNETHDRSZ, length);
            return result < 0 ? result : length.get(JAVA_INT, 0);
        }
    }

    /** TUNSETOFFLOAD: what the reader can take; the device then announces it to its stack. */
    public static int setOffload(int fd, int features) {
        return Syscalls.ioctl(fd, TUNSETOFFLOAD, features);
    }

    /** TUNSETSTEERINGEBPF: a BPF socket filter whose result, modulo the queues, is the queue of a frame. */
    public static int setSteering(int fd, int program) {
        try (Arena arena = Arena.ofConfined()) {
            return Syscalls.ioctl(fd, TUNSETSTEERINGEBPF, arena.allocateFrom(JAVA_INT, program));
        }
    }

    /** TUNGETDEVNETNS: opens the network namespace that the device is in at present; its file descriptor. */
    public static int openNamespace(int fd) {
        return Syscalls.ioctl(fd, TUNGETDEVNETNS, 0);
    }
}
