package io.tapswitch.tapio;

import static io.tapswitch.tapio.IpFrames.low;
import static io.tapswitch.tapio.SteeringLab.HOST;
import static io.tapswitch.tapio.SteeringLab.HOST6_HIGH;
import static io.tapswitch.tapio.SteeringLab.PORT;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Programs of the host that want ports of the switch, in a cgroup of the test's own. */
@Tag("netns")
final class BindGuardIT {
    private static final String TAKEN = "EADDRINUSE";
    private static final String BOUND = "bound";
    private static final String HOST6 = "2001:db8::1";
    // Address, port, protocol, and for IPv6 whether for that only.
    private static final String BIND = """
            import errno, socket, sys
            address, port, protocol, only = sys.argv[1:]
            six = ":" in address
            s = socket.socket(socket.AF_INET6 if six else socket.AF_INET,
                              socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM)
            if six:
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(only))
            try:
                s.bind((address, int(port)))
                print("bound")
            except OSError as e:
                print(errno.errorcode[e.errno])
            """;

    @TempDir
    private Path runDirectory;

    private SteeringLab lab;
    private Steering steering;
    private @Nullable Path cgroup;

    @BeforeEach
    void begin() throws IOException {
        Path root = BindGuard.cgroupRoot();
        Assumptions.assumeTrue(root != null, "no cgroup v2 is mounted: `mount -t cgroup2 none DIRECTORY`");
        cgroup = Files.createDirectory(Objects.requireNonNull(root).resolve(TestNamespace.uniqueName()));
        Files.writeString(runDirectory.resolve("bind.py"), BIND);
        lab = new SteeringLab(runDirectory);
        try {
            steering = lab.steering();
            lab.doInHost(() -> steering.guardBinds(Objects.requireNonNull(cgroup)));
        } catch (DeviceException e) {
            lab.close();
            throw e;
        }
    }

    @AfterEach
    void end() throws IOException {
        if (cgroup != null) {
            if (steering != null) {
                steering.close();
                lab.close();
            }
            Files.delete(cgroup);
        }
    }

    @Test
    void P2_aMarkedPortCannotBeBoundAndOthersCan() {
        PortMarks marks = steering.marks(0, low(HOST));
        marks.mark(PortMarks.TCP, PORT, PORT + 300, 0);
        assertThat(bind(HOST, PORT, "tcp")).isEqualTo(TAKEN);
        assertThat(bind(HOST, PORT + 300, "tcp")).isEqualTo(TAKEN);
        assertThat(bind("0.0.0.0", PORT, "tcp")).isEqualTo(TAKEN);
        assertThat(bind("::ffff:" + HOST, PORT, "tcp")).isEqualTo(TAKEN);
        assertThat(bind("::", PORT, "tcp")).isEqualTo(TAKEN);
        assertThat(bindOnly6("::", PORT, "tcp")).as("it cannot be seen").isEqualTo(TAKEN);
        assertThat(bind(HOST, PORT, "udp")).isEqualTo(BOUND);
        assertThat(bind(HOST, PORT - 1, "tcp")).isEqualTo(BOUND);
        assertThat(bind("0.0.0.0", PORT + 301, "tcp")).isEqualTo(BOUND);
        assertThat(bind("127.0.0.1", PORT, "tcp")).isEqualTo(BOUND);
        assertThat(bind(HOST6, PORT, "tcp")).isEqualTo(BOUND);
        assertThat(bind(HOST, 0, "tcp")).as("the kernel chooses").isEqualTo(BOUND);
        marks.clear(PortMarks.TCP, PORT);
        assertThat(bind(HOST, PORT, "tcp")).isEqualTo(BOUND);
    }

    @Test
    void P2_ofIPv6AndOfTheLoopbackNetToo() {
        steering.marks(HOST6_HIGH, 1).mark(PortMarks.UDP, PORT, 0);
        assertThat(bind(HOST6, PORT, "udp")).isEqualTo(TAKEN);
        assertThat(bindOnly6("::", PORT, "udp")).isEqualTo(TAKEN);
        assertThat(bind("::", PORT, "udp")).isEqualTo(TAKEN);
        assertThat(bind("0.0.0.0", PORT, "udp")).isEqualTo(BOUND);
        assertThat(bind("::1", PORT, "udp")).isEqualTo(BOUND);
        steering.marks(0, Steering.LOOPBACK_NET_LOW).mark(PortMarks.UDP, PORT, 0);
        assertThat(bind("127.3.2.1", PORT, "udp")).isEqualTo(TAKEN);
        assertThat(bind(HOST, PORT, "udp")).isEqualTo(BOUND);
        steering.forget(HOST6_HIGH, 1);
        steering.forget(0, Steering.LOOPBACK_NET_LOW);
        assertThat(bind(HOST6, PORT, "udp")).isEqualTo(BOUND);
        assertThat(bindOnly6("::", PORT, "udp")).isEqualTo(BOUND);
    }

    @Test
    void onlyInTheDaemonsNetworkNamespaceAndOnlyWhileItLives() {
        steering.marks(0, low(HOST)).mark(PortMarks.TCP, PORT, 0);
        assertThat(bind("0.0.0.0", PORT, "tcp")).isEqualTo(TAKEN);
        assertThat(bind(lab.outside, "0.0.0.0", PORT, "tcp", 0)).isEqualTo(BOUND);
        steering.rest();
        assertThat(bind("0.0.0.0", PORT, "tcp")).isEqualTo(BOUND);
        steering.beat(System.nanoTime() - Duration.ofHours(2).toNanos());
        assertThat(bind("0.0.0.0", PORT, "tcp"))
                .as("a grace time of an hour is over")
                .isEqualTo(BOUND);
        steering.beat(System.nanoTime());
        assertThat(bind("0.0.0.0", PORT, "tcp")).isEqualTo(TAKEN);
    }

    @Test
    void outlivesTheDaemonAndIsTakenOverAndRemoved() {
        steering.marks(0, low(HOST)).mark(PortMarks.TCP, PORT, 0);
        steering.close();
        assertThat(bind(HOST, PORT, "tcp")).isEqualTo(TAKEN);
        steering = lab.steering();
        lab.doInHost(() -> steering.guardBinds(Objects.requireNonNull(cgroup)));
        assertThat(bind(HOST, PORT, "tcp")).isEqualTo(TAKEN);
        assertThat(bind("0.0.0.0", PORT, "tcp")).isEqualTo(TAKEN);
        steering.unguardBinds();
        assertThat(bind(HOST, PORT, "tcp")).isEqualTo(BOUND);
        lab.doInHost(() -> steering.guardBinds(Objects.requireNonNull(cgroup)));
        assertThat(bind(HOST, PORT, "tcp")).isEqualTo(TAKEN);
        steering.close();
        lab.doInHost(() -> Steering.removeAll(lab.bpf));
        assertThat(bind(HOST, PORT, "tcp")).isEqualTo(BOUND);
    }

    private String bind(String address, int port, String protocol) {
        return bind(lab.host, address, port, protocol, 0);
    }

    private String bindOnly6(String address, int port, String protocol) {
        return bind(lab.host, address, port, protocol, 1);
    }

    /** How a program fares that binds; its mark is not ours. */
    private String bind(TestNamespace where, String address, int port, String protocol, int only) {
        String program = "python3 " + runDirectory.resolve("bind.py");
        return TestNamespace.sh("echo $$ > " + cgroup + "/cgroup.procs; exec ip netns exec " + where.name + " "
                        + program + " " + address + " " + port + " " + protocol + " " + only)
                .strip();
    }

    @Test
    void P5_ourOwnReservationMayHaveWhatIsMarked() throws Exception {
        steering.marks(0, low(HOST)).mark(PortMarks.TCP, PORT, 0);
        Process process = ReservingProcess.start(lab, Objects.requireNonNull(cgroup));
        assertThat(new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8))
                .isEqualTo("reserved\n");
        assertThat(process.waitFor()).isZero();
    }
}
