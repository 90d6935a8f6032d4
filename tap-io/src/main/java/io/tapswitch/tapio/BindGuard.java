package io.tapswitch.tapio;

import static io.tapswitch.tapio.sys.BpfProgram.Condition.EQ;
import static io.tapswitch.tapio.sys.BpfProgram.Condition.LT;
import static io.tapswitch.tapio.sys.BpfProgram.Condition.NE;
import static io.tapswitch.tapio.sys.BpfProgram.Condition.SGT;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R0;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R1;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R10;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R2;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R6;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R7;
import static io.tapswitch.tapio.sys.BpfProgram.Register.R8;
import static io.tapswitch.tapio.sys.BpfProgram.Size.BYTE;
import static io.tapswitch.tapio.sys.BpfProgram.Size.LONG;
import static io.tapswitch.tapio.sys.BpfProgram.Size.WORD;

import io.tapswitch.tapio.sys.Bpf;
import io.tapswitch.tapio.sys.BpfProgram;
import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import io.tapswitch.wire.IpProtocol;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The program that refuses a bind to a port that is the switch's.
 *
 * <p><b>Theory of operation.</b> Up to 256 ports of a rule are held by bound sockets ({@link PortReservation}); larger
 * ranges and the ports of NAT are not, and a server that binds to one would wait in vain, because what comes for it is
 * steered. Where a cgroup v2 is mounted, a program at its bind(2) looks the port up in the marks that steer, and says
 * EADDRINUSE (EPERM before Linux 5.18).
 *
 * <pre>
 *   socket of the daemon's network namespace?  no: may
 *   TCP, UDP, SCTP, with a port?               no: may
 *   one of our own reservations (SO_MARK)?     may
 *   beat young enough?                         no: may
 *   bound to one address: is its port marked?  127/8 as at lo's entrance
 *   bound to all: to all addresses of the family, and :: to those of IPv4 too
 * </pre>
 *
 * <p>The addresses of a family are gone through by a list, an array of their marks, because a program cannot walk the
 * hash. A bind costs 0.2 µs more to one address and 0.5 to 1 µs more to all (measured, of 1.5 µs).
 *
 * <p>Limits: whether a socket is for IPv6 only it cannot see; one for :: counts for both families, as it is unless told
 * otherwise. It sees binds only. A port that the kernel chooses itself (port 0, connect) comes from
 * ip_local_port_range, where NAT has none; a published range that reaches in there is to be excepted in
 * ip_local_reserved_ports. Linux 5.14 for the namespace's cookie.
 *
 * <p>Sources: struct bpf_sock_addr of linux/bpf.h; bpf_prog_run_array_cg of kernel/bpf/cgroup.c for the result.
 */
public final class BindGuard {
    /** By this SO_MARK the switch's own sockets are known; to set one takes CAP_NET_ADMIN. */
    static final int OWN_MARK = 0x7473_7769;

    private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
    private static final int SOL_SOCKET = 1;
    private static final int SO_NETNS_COOKIE = 71;

    // struct bpf_sock_addr
    private static final int USER_IP4 = 4;
    private static final int USER_IP6 = 8;
    private static final int USER_PORT = 24;
    private static final int PROTOCOL = 36;
    private static final int SOCKET = 64;
    // struct bpf_sock
    private static final int SOCKET_MARK = 16;

    private static final int MAP_LOOKUP = 1;
    private static final int NETNS_COOKIE = 122;
    private static final int COARSE_NANOTIME = 160;
    private static final int SET_RETVAL = 187;

    private static final int KEY = -16;
    private static final int INDEX = -20;
    private static final int SLOT = -24;
    private static final int MAPPED_PREFIX = 0xffff_0000; // bytes 00 00 ff ff
    private static final int LOOPBACK_NET = 127;
    private static final String MAY = "may";

    private final BpfProgram p = new BpfProgram();
    private final SteeringMaps maps;
    private final boolean six;
    /** Whether the kernel lets it choose the errno. */
    private final boolean choosesErrno;

    private BindGuard(SteeringMaps maps, boolean six, boolean choosesErrno) {
        this.maps = maps;
        this.six = six;
        this.choosesErrno = choosesErrno;
    }

    /** {@return where the root of the system's cgroup v2 is mounted, null where it is not} */
    public static @Nullable Path cgroupRoot() {
        try {
            for (String line : Files.readAllLines(MOUNTS)) {
                // proc_pid_mountinfo(5): id, parent, device, root, mount point, options ... - type, source, options.
                String[] fields = line.split(" ", -1);
                if (line.contains(" - cgroup2 ") && fields[3].equals("/")) {
                    return Path.of(fields[4]);
                }
            }
            return null;
        } catch (IOException e) {
            throw new DeviceException("cannot read " + MOUNTS, e);
        }
    }

    /**
     * Loads the program of a family for the calling thread's network namespace; its file.
     *
     * @throws DeviceException when the kernel does not take it
     */
    static int load(SteeringMaps maps, boolean six) {
        long cookie = namespaceCookie();
        int attachType = six ? Bpf.CGROUP_INET6_BIND : Bpf.CGROUP_INET4_BIND;
        Bpf.Loaded loaded = new Bpf.Loaded(0, "");
        for (boolean choosesErrno : new boolean[] {true, false}) {
            loaded = Bpf.loadProgram(
                    "tsw_bind",
                    Bpf.PROG_TYPE_CGROUP_SOCK_ADDR,
                    attachType,
                    new BindGuard(maps, six, choosesErrno).assemble(cookie));
            if (loaded.result() >= 0) {
                return loaded.result();
            }
        }
        throw new DeviceException(
                "the kernel does not take the BPF program tsw_bind: " + Errno.describe(loaded.result()) + "\n"
                        + loaded.log(),
                -loaded.result());
    }

    private static long namespaceCookie() {
        int socket = RouteSocket.openDescriptor();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cookie = arena.allocate(ValueLayout.JAVA_LONG);
            int result = Syscalls.getsockopt(socket, SOL_SOCKET, SO_NETNS_COOKIE, cookie);
            if (result < 0) {
                throw new DeviceException(
                        "the kernel has no cookies of network namespaces (Linux 5.14): " + Errno.describe(result),
                        -result);
            }
            return cookie.get(ValueLayout.JAVA_LONG, 0);
        } finally {
            Syscalls.close(socket);
        }
    }

    private BpfProgram assemble(long cookie) {
        p.move(R6, R1).call(NETNS_COOKIE);
        p.moveLong(R1, cookie).jumpIf(R0, NE, R1, MAY);
        p.load(WORD, R0, R6, PROTOCOL);
        p.store(WORD, R10, INDEX, PortMarks.TCP).jumpIf(R0, EQ, IpProtocol.TCP, "port");
        p.store(WORD, R10, INDEX, PortMarks.UDP).jumpIf(R0, EQ, IpProtocol.UDP, "port");
        p.store(WORD, R10, INDEX, PortMarks.SCTP).jumpIf(R0, NE, IpProtocol.SCTP, MAY);
        p.label("port");
        p.load(WORD, R7, R6, USER_PORT).swapHalf(R7).jumpIf(R7, EQ, 0, MAY);
        p.load(LONG, R1, R6, SOCKET).jumpIf(R1, EQ, 0, MAY);
        p.load(WORD, R1, R1, SOCKET_MARK).jumpIf32(R1, EQ, OWN_MARK, MAY);
        p.call(COARSE_NANOTIME);
        p.loadMapValue(R1, maps.control(), 0).load(LONG, R2, R1, SteeringProgram.CONTROL_BEAT);
        p.jumpIf(R2, EQ, 0, MAY).subtract(R0, R2);
        p.load(LONG, R1, R1, SteeringProgram.CONTROL_GRACE).jumpIf(R0, SGT, R1, MAY);
        address();
        one();
        all();
        p.label("refuse");
        if (choosesErrno) {
            p.move(R1, -Errno.EADDRINUSE).call(SET_RETVAL);
        }
        p.move(R0, 0).exit();
        p.label(MAY).move(R0, 1).exit();
        return p;
    }

    /** Leaves the address as a key on the stack; goes elsewhere when it stands for all. */
    private void address() {
        if (six) {
            for (int i = 0; i < SteeringProgram.ADDRESS_LENGTH; i += Integer.BYTES) {
                p.load(WORD, R1, R6, USER_IP6 + i).store(WORD, R10, KEY + i, R1);
            }
            p.load(LONG, R1, R10, KEY).jumpIf(R1, NE, 0, "one");
            p.load(LONG, R1, R10, KEY + 8).jumpIf(R1, EQ, 0, "all6");
            p.load(WORD, R1, R10, KEY + 8).jumpIf32(R1, NE, MAPPED_PREFIX, "one");
            p.load(WORD, R1, R10, KEY + 12).jumpIf(R1, EQ, 0, "all4");
        } else {
            p.store(LONG, R10, KEY, 0).store(WORD, R10, KEY + 8, MAPPED_PREFIX);
            p.load(WORD, R1, R6, USER_IP4).store(WORD, R10, KEY + 12, R1).jumpIf(R1, EQ, 0, "all4");
        }
    }

    /** Looks at the marks of one address. */
    private void one() {
        p.label("one");
        lookUp(maps.addresses(), KEY);
        p.jumpIf(R0, NE, 0, "marks");
        p.load(LONG, R1, R10, KEY).jumpIf(R1, NE, 0, MAY);
        p.load(WORD, R1, R10, KEY + 8).jumpIf32(R1, NE, MAPPED_PREFIX, MAY);
        p.load(WORD, R1, R10, KEY + 12).and(R1, 0xff).jumpIf(R1, NE, LOOPBACK_NET, MAY);
        p.store(WORD, R10, KEY + 12, R1);
        lookUp(maps.addresses(), KEY);
        p.jumpIf(R0, EQ, 0, MAY);
        p.label("marks");
        refuseMarked(MAY);
        p.jump(MAY);
    }

    /** Looks at the marks of all addresses of IPv4, or of both families. */
    private void all() {
        if (six) {
            p.label("all6");
            refuseMarkedOf(maps.marks6(), "six");
        }
        p.label("all4");
        refuseMarkedOf(maps.marks4(), "four");
        p.jump(MAY);
    }

    private void refuseMarkedOf(int list, String label) {
        p.move(R8, 0);
        p.label(label);
        p.store(WORD, R10, SLOT, R8);
        lookUp(list, SLOT);
        p.jumpIf(R0, EQ, 0, label + "-next");
        refuseMarked(label + "-next");
        p.label(label + "-next");
        p.add(R8, 1).jumpIf(R8, LT, SteeringMaps.MAX_ADDRESSES, label);
    }

    /** Refuses when the port is marked in the marks that R0 is. */
    private void refuseMarked(String otherwise) {
        p.move(R1, R0).move(R2, R10).add(R2, INDEX).call(MAP_LOOKUP);
        p.jumpIf(R0, EQ, 0, otherwise);
        p.add(R0, R7).load(BYTE, R0, R0, 0).jumpIf(R0, NE, 0, "refuse");
    }

    private void lookUp(int map, int key) {
        p.loadMap(R1, map).move(R2, R10).add(R2, key).call(MAP_LOOKUP);
    }
}
