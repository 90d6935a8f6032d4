package io.tapswitch.tapio;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tapswitch.tapio.sys.Bpf;
import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The maps that the steering programs read, pinned, so that a restarted daemon finds them as they were.
 *
 * <pre>
 *   control     array of one, mapped    beat | grace | what was set on lo | devices without LRO
 *   addresses   hash of maps            address, 16 bytes in network order -> its marks
 *     marks     array of 4, mapped      TCP, UDP, ICMP id, SCTP -> 65 536 bytes, one a port ({@link PortMarks})
 *   marks4      array of maps           the marks of each IPv4 address, in no order, with gaps
 *   marks6      array of maps           the marks of each IPv6 address
 *   fragments   LRU hash                source, destination, id, protocol -> time, owner
 * </pre>
 *
 * <p>The pins' names bear the layout's version. The owner guards against calls from several threads.
 */
final class SteeringMaps implements AutoCloseable {
    /** At most so many of the host's addresses have marks, as many as the NAT has outside slots. */
    static final int MAX_ADDRESSES = 256;
    /** Pins of another layout than this bear another name. */
    static final String VERSION = "v1";

    /** Datagrams in pieces under way at one time; older ones are forgotten first. */
    private static final int MAX_FRAGMENTED = 4096;

    private static final int CONTROL_LENGTH = 64;
    private static final long MAPPED_PREFIX = 0xffffL;
    private static final long BIG_ENDIAN_HALF = Long.BYTES;

    /** An IPv6 or v4-mapped address. */
    record Address(long high, long low) {
        private boolean isMapped() {
            return high == 0 && low >>> Integer.SIZE == MAPPED_PREFIX;
        }
    }

    /** {@code slot} is where they are in the list of their family. */
    private record Marks(PortMarks ports, Arena arena, int slot) {}

    private final Arena arena = Arena.ofShared();
    private final Map<Address, Marks> marks = new HashMap<>();
    private int control = -1;
    private int addresses = -1;
    private int fragments = -1;
    private int marks4 = -1;
    private int marks6 = -1;
    private final BitSet slots4 = new BitSet(MAX_ADDRESSES);
    private final BitSet slots6 = new BitSet(MAX_ADDRESSES);
    private MemorySegment controlValue = MemorySegment.NULL;

    private SteeringMaps() {}

    /** Opens the maps that are pinned in the directory, and makes those that are not. */
    static SteeringMaps open(Path directory) {
        SteeringMaps maps = new SteeringMaps();
        try {
            maps.openAll(directory);
            return maps;
        } catch (DeviceException e) {
            maps.close();
            throw e;
        }
    }

    private void openAll(Path directory) {
        control = open(directory, "control", Bpf.MAP_TYPE_ARRAY, Integer.BYTES, CONTROL_LENGTH, 1, Bpf.BPF_F_MMAPABLE);
        controlValue = mapped(control, CONTROL_LENGTH, arena);
        fragments = open(
                directory,
                "fragments",
                Bpf.MAP_TYPE_LRU_HASH,
                SteeringProgram.FRAGMENT_KEY_LENGTH,
                SteeringProgram.FRAGMENT_LENGTH,
                MAX_FRAGMENTED,
                0);
        addresses = open(
                directory,
                "addresses",
                Bpf.MAP_TYPE_HASH_OF_MAPS,
                SteeringProgram.ADDRESS_LENGTH,
                Integer.BYTES,
                MAX_ADDRESSES,
                0);
        marks4 = openList(directory, "marks4");
        marks6 = openList(directory, "marks6");
        recover();
    }

    /** A list of marks; what is in it is put in anew. */
    private static int openList(Path directory, String name) {
        int list = open(directory, name, Bpf.MAP_TYPE_ARRAY_OF_MAPS, Integer.BYTES, Integer.BYTES, MAX_ADDRESSES, 0);
        try (Arena local = Arena.ofConfined()) {
            MemorySegment slot = local.allocate(JAVA_INT);
            for (int i = 0; i < MAX_ADDRESSES; i++) {
                slot.set(JAVA_INT, 0, i);
                // ENOENT of an empty one.
                Bpf.deleteElement(list, slot);
            }
        }
        return list;
    }

    private static int open(Path directory, String name, int type, int key, int value, int entries, int flags) {
        Path pin = directory.resolve(VERSION + "-" + name);
        int pinned = Bpf.openPin(pin);
        if (pinned != -Errno.ENOENT) {
            return require("open the BPF map " + pin, pinned);
        }
        boolean ofMaps = type == Bpf.MAP_TYPE_HASH_OF_MAPS || type == Bpf.MAP_TYPE_ARRAY_OF_MAPS;
        int pattern = ofMaps ? createMarks() : 0;
        int made;
        try {
            made = require("make a BPF map", Bpf.createMap("tsw_" + name, type, key, value, entries, flags, pattern));
        } finally {
            if (pattern > 0) {
                Syscalls.close(pattern);
            }
        }
        int result = Bpf.pin(pin, made);
        if (result < 0) {
            Syscalls.close(made);
            require("pin the BPF map " + pin, result);
        }
        return made;
    }

    private static int createMarks() {
        return require(
                "make a BPF map",
                Bpf.createMap(
                        "tsw_marks",
                        Bpf.MAP_TYPE_ARRAY,
                        Integer.BYTES,
                        PortMarks.PORTS,
                        PortMarks.PROTOCOLS,
                        Bpf.BPF_F_MMAPABLE,
                        0));
    }

    private static MemorySegment mapped(int map, long length, Arena arena) {
        MemorySegment values = Bpf.mapValues(map, length, arena);
        if (values.equals(MemorySegment.NULL)) {
            throw new DeviceException("cannot map the values of a BPF map", Errno.ENOMEM);
        }
        return values;
    }

    /** Takes over the marks that an earlier process left. */
    private void recover() {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment previous = MemorySegment.NULL;
            MemorySegment key = local.allocate(SteeringProgram.ADDRESS_LENGTH, Long.BYTES);
            MemorySegment id = local.allocate(JAVA_INT);
            while (Bpf.nextKey(addresses, previous, key) >= 0) {
                require("read a BPF map", Bpf.lookUpElement(addresses, key, id));
                int map = require("open a BPF map", Bpf.openMap(id.get(JAVA_INT, 0)));
                adopt(new Address(half(key, 0), half(key, BIG_ENDIAN_HALF)), map);
                previous = local.allocate(SteeringProgram.ADDRESS_LENGTH, Long.BYTES)
                        .copyFrom(key);
            }
        }
    }

    private static long half(MemorySegment key, long offset) {
        return key.get(JAVA_LONG.withOrder(ByteOrder.BIG_ENDIAN), offset);
    }

    private static MemorySegment key(Address address, Arena arena) {
        MemorySegment key = arena.allocate(SteeringProgram.ADDRESS_LENGTH, Long.BYTES);
        key.set(JAVA_LONG.withOrder(ByteOrder.BIG_ENDIAN), 0, address.high);
        key.set(JAVA_LONG.withOrder(ByteOrder.BIG_ENDIAN), BIG_ENDIAN_HALF, address.low);
        return key;
    }

    /** Maps an address' marks; the mapping keeps them, the file is closed. */
    private PortMarks adopt(Address address, int map) {
        Arena own = Arena.ofShared();
        try {
            PortMarks ports = new PortMarks(mapped(map, PortMarks.LENGTH, own));
            marks.put(address, new Marks(ports, own, enlist(address, map)));
            return ports;
        } catch (DeviceException e) {
            own.close();
            throw e;
        } finally {
            Syscalls.close(map);
        }
    }

    /** Puts an address' marks into the list of its family; where they are. */
    private int enlist(Address address, int map) {
        BitSet slots = slots(address);
        int slot = slots.nextClearBit(0);
        try (Arena local = Arena.ofConfined()) {
            require(
                    "list marks in a BPF map",
                    Bpf.updateElement(
                            listOf(address), local.allocateFrom(JAVA_INT, slot), local.allocateFrom(JAVA_INT, map)));
        }
        slots.set(slot);
        return slot;
    }

    private int listOf(Address address) {
        return address.isMapped() ? marks4 : marks6;
    }

    private BitSet slots(Address address) {
        return address.isMapped() ? slots4 : slots6;
    }

    /** {@return the marks of an address, without any when it had none} */
    PortMarks marks(Address address) {
        Marks known = marks.get(address);
        if (known != null) {
            return known.ports;
        }
        int map = createMarks();
        try (Arena local = Arena.ofConfined()) {
            MemorySegment value = local.allocateFrom(JAVA_INT, map);
            int result = Bpf.updateElement(addresses, key(address, local), value);
            if (result < 0) {
                Syscalls.close(map);
                require("give marks to one more address than " + marks.size(), result);
            }
        }
        return adopt(address, map);
    }

    /** Takes an address and its marks away. */
    void remove(Address address) {
        Marks gone = marks.remove(address);
        if (gone != null) {
            try (Arena local = Arena.ofConfined()) {
                require("take an address out of a BPF map", Bpf.deleteElement(addresses, key(address, local)));
                require(
                        "take marks out of a list",
                        Bpf.deleteElement(listOf(address), local.allocateFrom(JAVA_INT, gone.slot)));
            }
            slots(address).clear(gone.slot);
            gone.arena.close();
        }
    }

    /** {@return the addresses that have marks} */
    List<Address> known() {
        return List.copyOf(marks.keySet());
    }

    int control() {
        return control;
    }

    int addresses() {
        return addresses;
    }

    int fragments() {
        return fragments;
    }

    int marks4() {
        return marks4;
    }

    int marks6() {
        return marks6;
    }

    /** Writes a long of the control value; programs see it at once. */
    void control(int offset, long value) {
        controlValue.set(JAVA_LONG, offset, value);
    }

    /** {@return a long of the control value} */
    long controlAt(int offset) {
        return controlValue.get(JAVA_LONG, offset);
    }

    private static int require(String what, int result) {
        if (result < 0) {
            throw new DeviceException("cannot " + what + ": " + Errno.describe(result), -result);
        }
        return result;
    }

    /** Whether names of another layout, or of none, are in the directory. */
    static boolean isOfAnotherVersion(Path directory) throws IOException {
        try (DirectoryStream<Path> pins = Files.newDirectoryStream(directory)) {
            for (Path pin : pins) {
                if (!pin.getFileName().toString().startsWith(VERSION + "-")) {
                    return true;
                }
            }
            return false;
        }
    }

    /** Lets go of everything here; what is pinned stays. */
    @Override
    public void close() {
        marks.values().forEach(each -> each.arena.close());
        marks.clear();
        arena.close();
        for (int file : new int[] {control, addresses, fragments, marks4, marks6}) {
            if (file >= 0) {
                Syscalls.close(file);
            }
        }
    }
}
