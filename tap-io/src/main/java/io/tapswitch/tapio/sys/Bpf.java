package io.tapswitch.tapio.sys;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * bpf(2): maps, programs, links and pins, with the constants and offsets of linux/bpf.h. Results are the kernel's own,
 * a negative errno where a call failed; what comes back as a file is closed at exec and is the caller's to close.
 */
public final class Bpf {
    /** Map: an array, whose values lie one behind the other. */
    public static final int MAP_TYPE_ARRAY = 2;
    /** Map: a hash that forgets what was used least recently when it is full. */
    public static final int MAP_TYPE_LRU_HASH = 9;
    /** Map: an array whose values are maps. */
    public static final int MAP_TYPE_ARRAY_OF_MAPS = 12;
    /** Map: a hash whose values are maps. */
    public static final int MAP_TYPE_HASH_OF_MAPS = 13;
    /** With {@link #createMap}: pages only for what is in it. */
    public static final int BPF_F_NO_PREALLOC = 1;
    /** With {@link #createMap}: an array that {@link #mapValues} can map. */
    public static final int BPF_F_MMAPABLE = 1 << 10;
    /** Program: reads a frame and says a number of it. */
    public static final int PROG_TYPE_SOCKET_FILTER = 1;
    /** Program: sees what goes into or comes out of a device. */
    public static final int PROG_TYPE_SCHED_CLS = 3;
    /** Program: sees the address that a socket is to be bound to. */
    public static final int PROG_TYPE_CGROUP_SOCK_ADDR = 18;
    /** Attach type: bind(2) of an IPv4 socket. */
    public static final int CGROUP_INET4_BIND = 8;
    /** Attach type: bind(2) of an IPv6 socket. */
    public static final int CGROUP_INET6_BIND = 9;
    /** Attach type: what comes in, before the host's stack and its firewall see it (Linux 6.6). */
    public static final int TCX_INGRESS = 46;
    /** With {@link #createTcxLink}: before all that are there. */
    public static final int BPF_F_BEFORE = 1 << 3;
    /** Longest name of a map or a program. */
    public static final int MAX_NAME_LENGTH = 15;

    private static final int MAP_CREATE = 0;
    private static final int MAP_LOOKUP_ELEM = 1;
    private static final int MAP_UPDATE_ELEM = 2;
    private static final int MAP_DELETE_ELEM = 3;
    private static final int MAP_GET_NEXT_KEY = 4;
    private static final int PROG_LOAD = 5;
    private static final int OBJ_PIN = 6;
    private static final int OBJ_GET = 7;
    private static final int MAP_GET_FD_BY_ID = 14;
    private static final int OBJ_GET_INFO_BY_FD = 15;
    private static final int PROG_QUERY = 16;
    private static final int LINK_CREATE = 28;
    private static final int LINK_UPDATE = 29;
    private static final int LINK_DETACH = 34;

    // union bpf_attr is larger; what is longer than we fill is zero, and the kernel takes zeros for "not used".
    private static final int ATTRIBUTES_LENGTH = 128;
    private static final int LOG_LENGTH = 1 << 20;
    private static final int MAX_QUERIED = 64;
    // struct bpf_link_info up to and with its tcx part; struct bpf_prog_info and bpf_map_info begin alike.
    private static final int INFO_LENGTH = 24;
    private static final int INFO_ID = 4;
    private static final int LINK_INFO_PROGRAM = 8;

    private Bpf() {}

    /**
     * A map that a program can use.
     *
     * @param innerMap a map like those that it will hold, of a map of maps; else 0
     */
    public static int createMap(
            String name, int type, int keyLength, int valueLength, int entries, int flags, int innerMap) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(ATTRIBUTES_LENGTH, Long.BYTES);
            attributes.set(JAVA_INT, 0, type);
            attributes.set(JAVA_INT, 4, keyLength);
            attributes.set(JAVA_INT, 8, valueLength);
            attributes.set(JAVA_INT, 12, entries);
            attributes.set(JAVA_INT, 16, flags);
            attributes.set(JAVA_INT, 20, innerMap);
            putName(attributes, 28, name);
            return Syscalls.bpf(MAP_CREATE, attributes);
        }
    }

    private static void putName(MemorySegment attributes, int offset, String name) {
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        if (bytes.length > MAX_NAME_LENGTH) {
            throw new IllegalArgumentException("'" + name + "' is longer than a BPF name may be");
        }
        MemorySegment.copy(bytes, 0, attributes, JAVA_BYTE, offset, bytes.length);
    }

    /** Puts an entry into a map; the value of a map of maps is a map's descriptor. */
    public static int updateElement(int map, MemorySegment key, MemorySegment value) {
        return element(MAP_UPDATE_ELEM, map, key, value);
    }

    /** Reads the value of a key; of a map of maps that is the inner map's id. */
    public static int lookUpElement(int map, MemorySegment key, MemorySegment value) {
        return element(MAP_LOOKUP_ELEM, map, key, value);
    }

    /** Takes an entry out. */
    public static int deleteElement(int map, MemorySegment key) {
        return element(MAP_DELETE_ELEM, map, key, MemorySegment.NULL);
    }

    /** Reads the key after this one, the first after {@link MemorySegment#NULL}; ENOENT after the last. */
    public static int nextKey(int map, MemorySegment key, MemorySegment next) {
        return element(MAP_GET_NEXT_KEY, map, key, next);
    }

    private static int element(int command, int map, MemorySegment key, MemorySegment value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(ATTRIBUTES_LENGTH, Long.BYTES);
            attributes.set(JAVA_INT, 0, map);
            attributes.set(JAVA_LONG, 8, key.address());
            attributes.set(JAVA_LONG, 16, value.address());
            return Syscalls.bpf(command, attributes);
        }
    }

    /** Opens a map by its id. */
    public static int openMap(int id) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(ATTRIBUTES_LENGTH, Long.BYTES);
            attributes.set(JAVA_INT, 0, id);
            return Syscalls.bpf(MAP_GET_FD_BY_ID, attributes);
        }
    }

    /**
     * {@return the values of an array made with {@link #BPF_F_MMAPABLE}, to read and write, until the arena closes;
     * {@link MemorySegment#NULL} when they cannot be mapped}
     */
    public static MemorySegment mapValues(int map, long bytes, Arena arena) {
        long address = Mapping.shared(map, bytes, 0);
        if (Errno.isError(address)) {
            return MemorySegment.NULL;
        }
        return MemorySegment.ofAddress(address)
                .reinterpret(bytes, arena, segment -> Mapping.unmap(segment.address(), bytes));
    }

    /**
     * A program that the kernel has taken, or why it has not.
     *
     * @param result the program's file, or a negative errno
     * @param log the verifier's words when it refused; empty otherwise
     */
    public record Loaded(int result, String log) {}

    /** Has the kernel verify and compile a program. */
    public static Loaded loadProgram(String name, int type, BpfProgram program) {
        return loadProgram(name, type, 0, program);
    }

    /** Has the kernel verify and compile a program of a type whose rules differ by where it will be attached. */
    public static Loaded loadProgram(String name, int type, int attachType, BpfProgram program) {
        try (Arena arena = Arena.ofConfined()) {
            long[] instructions = program.instructions();
            MemorySegment attributes = arena.allocate(ATTRIBUTES_LENGTH, Long.BYTES);
            attributes.set(JAVA_INT, 0, type);
            attributes.set(JAVA_INT, 4, instructions.length);
            attributes.set(
                    JAVA_LONG, 8, arena.allocateFrom(JAVA_LONG, instructions).address());
            // By it the kernel decides whether helpers that it keeps for its own licence may be called: none is needed.
            attributes.set(JAVA_LONG, 16, arena.allocateFrom("Apache-2.0").address());
            putName(attributes, 48, name);
            attributes.set(JAVA_INT, 68, attachType);
            int result = Syscalls.bpf(PROG_LOAD, attributes);
            if (result >= 0) {
                return new Loaded(result, "");
            }
            // The log is asked for only when there is something to read in it: writing it takes longer than the rest.
            MemorySegment log = arena.allocate(LOG_LENGTH);
            attributes.set(JAVA_INT, 24, 1);
            attributes.set(JAVA_INT, 28, LOG_LENGTH);
            attributes.set(JAVA_LONG, 32, log.address());
            result = Syscalls.bpf(PROG_LOAD, attributes);
            return new Loaded(result, result >= 0 ? "" : log.getString(0));
        }
    }

    /** Attaches a program to a device of the calling thread's namespace, for as long as the link's file is held. */
    public static int createTcxLink(int program, int linkIndex, int flags) {
        return createLink(program, linkIndex, TCX_INGRESS, flags);
    }

    /** Attaches a program to a cgroup, besides others, for as long as the link's file is held (Linux 5.7). */
    public static int createCgroupLink(int program, int cgroup, int attachType) {
        return createLink(program, cgroup, attachType, 0);
    }

    private static int createLink(int program, int target, int attachType, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(ATTRIBUTES_LENGTH, Long.BYTES);
            attributes.set(JAVA_INT, 0, program);
            attributes.set(JAVA_INT, 4, target);
            attributes.set(JAVA_INT, 8, attachType);
            attributes.set(JAVA_INT, 12, flags);
            return Syscalls.bpf(LINK_CREATE, attributes);
        }
    }

    /** Puts another program where a link's is, between two frames; ENOLINK when the link's device is gone. */
    public static int updateLink(int link, int program) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(ATTRIBUTES_LENGTH, Long.BYTES);
            attributes.set(JAVA_INT, 0, link);
            attributes.set(JAVA_INT, 4, program);
            return Syscalls.bpf(LINK_UPDATE, attributes);
        }
    }

    /** Takes a link's program off its device at once, whoever else holds the link. */
    public static int detachLink(int link) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(ATTRIBUTES_LENGTH, Long.BYTES);
            attributes.set(JAVA_INT, 0, link);
            return Syscalls.bpf(LINK_DETACH, attributes);
        }
    }

    /** {@return the id of a link's program, or a negative errno} */
    public static int programOfLink(int link) {
        return info(link, LINK_INFO_PROGRAM);
    }

    /** {@return the id of a map or a program, or a negative errno} */
    public static int id(int file) {
        return info(file, INFO_ID);
    }

    private static int info(int file, int offset) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(INFO_LENGTH, Long.BYTES);
            MemorySegment attributes = arena.allocate(ATTRIBUTES_LENGTH, Long.BYTES);
            attributes.set(JAVA_INT, 0, file);
            attributes.set(JAVA_INT, 4, INFO_LENGTH);
            attributes.set(JAVA_LONG, 8, info.address());
            int result = Syscalls.bpf(OBJ_GET_INFO_BY_FD, attributes);
            return result < 0 ? result : info.get(JAVA_INT, offset);
        }
    }

    /**
     * Reads which programs see what comes into a device, in their order.
     *
     * @param ids receives the programs' ids
     * @return how many there are, or a negative errno
     */
    public static int queryTcx(int linkIndex, int[] ids) {
        try (Arena arena = Arena.ofConfined()) {
            int room = Math.min(ids.length, MAX_QUERIED);
            MemorySegment found = arena.allocate(JAVA_INT, MAX_QUERIED);
            MemorySegment attributes = arena.allocate(ATTRIBUTES_LENGTH, Long.BYTES);
            attributes.set(JAVA_INT, 0, linkIndex);
            attributes.set(JAVA_INT, 4, TCX_INGRESS);
            attributes.set(JAVA_LONG, 16, found.address());
            attributes.set(JAVA_INT, 24, room);
            int result = Syscalls.bpf(PROG_QUERY, attributes);
            // ENOSPC: there are more than fit; those that fit are the first.
            if (result < 0 && result != -Errno.ENOSPC) {
                return result;
            }
            int count = Math.min(attributes.get(JAVA_INT, 24), room);
            Arrays.setAll(ids, i -> i < count ? found.getAtIndex(JAVA_INT, i) : 0);
            return count;
        }
    }

    /** Gives a map, program or link a name in a bpffs, which holds it until the name is removed. */
    public static int pin(Path path, int file) {
        return object(OBJ_PIN, path, file);
    }

    /** Opens what a name in a bpffs holds. */
    public static int openPin(Path path) {
        return object(OBJ_GET, path, 0);
    }

    private static int object(int command, Path path, int file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(ATTRIBUTES_LENGTH, Long.BYTES);
            attributes.set(JAVA_LONG, 0, arena.allocateFrom(path.toString()).address());
            attributes.set(JAVA_INT, 8, file);
            return Syscalls.bpf(command, attributes);
        }
    }
}
