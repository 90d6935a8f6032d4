package io.tapswitch.core;

import io.tapswitch.core.config.DnsEntries;
import io.tapswitch.core.control.ClusterOptions;
import io.tapswitch.core.control.TunnelWay;
import io.tapswitch.core.control.UplinkChoice;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.tapio.IoMode;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The daemon's flags. Those of later versions are known by name, and refused by it. */
@Command(
        name = "tapswitch daemon",
        sortOptions = false,
        description = "Runs the switch in the foreground, for example: tapswitch daemon --state-dir /var/lib/tapswitch")
final class DaemonOptions {
    static final String DEFAULT_SOCKET = "/run/tapswitch/tapswitch.sock";

    private static final String RUN_DIRECTORIES = "/run/tapswitch";
    private static final int RUN_DIRECTORY_BYTES = 6;

    /** Where a daemon that is told nothing listens; the CLI looks there too. */
    private static final String SOCKET_VARIABLE = "TAPSWITCH_SOCKET";

    private static final int WORKERS_MAX = 16;
    private static final int GRACE_SECONDS = 5;
    private static final int GRACE_SECONDS_MAX = 3_600;
    private static final int NAT_FLOWS = 1 << 18;
    private static final int NAT_FLOWS_MIN = 1 << 10;
    private static final int NAT_FLOWS_MAX = 1 << 22;
    private static final int BUSY_POLL_US = 100;
    private static final int BUSY_POLL_US_MAX = 1_000;
    private static final long MEMORY_DEFAULT = 1L << 30;
    private static final long MEMORY_MIN = 16L << 20;

    @Option(
            names = "--socket",
            paramLabel = "PATH",
            description = "unix socket to serve on (default: $" + SOCKET_VARIABLE + ", else " + DEFAULT_SOCKET + ")")
    @Nullable
    Path socket;

    @Option(
            names = {"-G", "--group"},
            paramLabel = "NAME|GID",
            description = "group whose members may use the socket, and with it everything (default: the daemon's own)")
    @Nullable
    String group;

    @Option(
            names = "--state-dir",
            paramLabel = "DIR",
            defaultValue = "/var/lib/tapswitch",
            description = "where networks are kept (default: ${DEFAULT-VALUE})")
    Path stateDirectory = Path.of("/var/lib/tapswitch");

    @Option(
            names = "--run-dir",
            paramLabel = "DIR",
            description = "where what outlives the daemon, but not the machine, is found again (default: "
                    + RUN_DIRECTORIES + "/<of the state directory>)")
    @Nullable
    Path runDirectory;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "configuration file, read again on SIGHUP and when it changes")
    @Nullable
    Path config;

    @Option(
            names = "--ports",
            paramLabel = "FILE",
            description = "file with nothing but the list 'publish' of a configuration file, read again as that is")
    @Nullable
    Path ports;

    @Option(
            names = "--detach-on-exit",
            description = "takes every interface away at the end, instead of leaving them for the next daemon")
    boolean detachOnExit;

    @Option(
            names = "--uplink",
            paramLabel = "MODE[:WHERE]",
            description =
                    "way to the outside: shared (on the host's addresses, of all interfaces) or shared:INTERFACE (of"
                            + " that one), dedicated:INTERFACE,ADDRESS/LENGTH[,GATEWAY] (on an address of its own; also"
                            + " of both families, such as dedicated:eth0,192.0.2.10/24,2001:db8::10/64,192.0.2.1,"
                            + "2001:db8::1), or none (default: shared)")
    @Nullable
    String uplink;

    @Option(
            names = "--grace",
            paramLabel = "SECONDS",
            defaultValue = "" + GRACE_SECONDS,
            description = "how long published ports and connections of a daemon that was killed wait for the next one,"
                    + " before the host has its ports back (default: ${DEFAULT-VALUE})")
    int graceSeconds = GRACE_SECONDS;

    @Option(
            names = "--nat-flows",
            paramLabel = "N",
            description = "connections to and from the outside that a worker can follow, rounded up to a power of two"
                    + " (default: " + NAT_FLOWS + "); each takes 128 bytes of the run directory's file system")
    int natFlows = NAT_FLOWS;

    @Option(
            names = "--workers",
            paramLabel = "N",
            defaultValue = "1",
            description = "worker threads, 1 to " + WORKERS_MAX + " (default: ${DEFAULT-VALUE})")
    int workers = 1;

    @Option(
            names = "--io",
            paramLabel = "PATH",
            description = "way of I/O: multishot, single or poll (default: the best that the kernel has)")
    @Nullable
    String io;

    @Option(
            names = "--tunnel",
            paramLabel = "WAY",
            defaultValue = "auto",
            description = "by what packets of overlay networks go to other hosts: tap, socket, or auto, which is tap"
                    + " where the kernel can (Linux 6.17), else socket (default: ${DEFAULT-VALUE})")
    String tunnel = "auto";

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            description = "most memory for frames, such as 512m or 2g (default: 1g); used only as needed")
    @Nullable
    String memory;

    @Option(
            names = "--busy-poll",
            paramLabel = "US",
            defaultValue = "" + BUSY_POLL_US,
            description = "longest time, in microseconds, for which a worker looks for frames before it sleeps, where"
                    + " answers come that soon; 0 saves CPU for latency (default: ${DEFAULT-VALUE})")
    int busyPollUs = BUSY_POLL_US;

    @Option(
            names = "--metrics",
            paramLabel = "IP:PORT",
            description =
                    "serves metrics for Prometheus at http://IP:PORT/metrics, to whoever reaches that address, such"
                            + " as 127.0.0.1:9642 or [::1]:9642 (default: none)")
    @Nullable
    String metrics;

    @Option(
            names = "--cluster-store",
            paramLabel = "etcd://HOST:PORT[,HOST:PORT...]",
            description =
                    "etcd (3.4 or newer) that hosts share, whose overlay networks, addresses and names are the same"
                            + " on all of them (default: none)")
    @Nullable
    String clusterStore;

    @Option(
            names = "--cluster-store-opt",
            paramLabel = "KEY=FILE",
            description =
                    "for the store: kv.cacertfile, kv.certfile and kv.keyfile (PEM) make it TLS; kv.userfile has a"
                            + " line USER:PASSWORD")
    List<String> clusterStoreOptions = new ArrayList<>();

    @Option(
            names = "--cluster-advertise",
            paramLabel = "INTERFACE|IP[:PORT]",
            description = "where other hosts' tunnels reach this one; the address of an interface is followed when it"
                    + " changes; PORT is of docker's form, and does nothing (default: the address by which the store"
                    + " is reached)")
    @Nullable
    String clusterAdvertise;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "shows this")
    boolean help;

    /** {@return the flags; refusals say which one and why} */
    static DaemonOptions parse(String... arguments) {
        DaemonOptions options = new DaemonOptions();
        try {
            new CommandLine(options).parseArgs(arguments);
        } catch (CommandLine.ParameterException e) {
            throw Refusal.badInput(e.getMessage() + "\nSee 'tapswitch daemon --help'.");
        }
        options.check();
        return options;
    }

    private void check() {
        uplinkChoice();
        if (graceSeconds < 1 || graceSeconds > GRACE_SECONDS_MAX) {
            throw Refusal.badInput(
                    "invalid --grace " + graceSeconds + ": must be 1 to " + GRACE_SECONDS_MAX + " seconds");
        }
        if (natFlows < NAT_FLOWS_MIN || natFlows > NAT_FLOWS_MAX) {
            throw Refusal.badInput(
                    "invalid --nat-flows " + natFlows + ": must be " + NAT_FLOWS_MIN + " to " + NAT_FLOWS_MAX);
        }
        if (workers < 1 || workers > WORKERS_MAX) {
            throw Refusal.badInput("invalid --workers " + workers + ": must be 1 to " + WORKERS_MAX);
        }
        if (socket == null) {
            String set = System.getenv(SOCKET_VARIABLE);
            socket = Path.of(set == null || set.isEmpty() ? DEFAULT_SOCKET : set);
        }
        if (busyPollUs < 0 || busyPollUs > BUSY_POLL_US_MAX) {
            throw Refusal.badInput(
                    "invalid --busy-poll " + busyPollUs + ": must be 0 to " + BUSY_POLL_US_MAX + " microseconds");
        }
        ioMode();
        tunnelWay();
        memoryBytes();
        metricsAddress();
        cluster();
    }

    /** {@return what is said of a cluster, null for none} */
    @Nullable
    ClusterOptions cluster() {
        return ClusterFlags.read(clusterStore, clusterStoreOptions, clusterAdvertise);
    }

    /** {@return the way to the outside that is wanted} */
    UplinkChoice uplinkChoice() {
        return UplinkChoice.parse(uplink == null ? "shared" : uplink, uplink != null, Duration.ofSeconds(graceSeconds));
    }

    /** {@return by what tunnels shall come and go} */
    TunnelWay tunnelWay() {
        return TunnelWay.parse(tunnel);
    }

    long busyPollNs() {
        return TimeUnit.MICROSECONDS.toNanos(busyPollUs);
    }

    Path socketPath() {
        return socket == null ? Path.of(DEFAULT_SOCKET) : socket;
    }

    /** {@return where the keeper is found again: unless told, a directory of the state directory's own} */
    Path runDirectory() {
        return runDirectory != null ? runDirectory : defaultRunDirectory(stateDirectory);
    }

    /** {@return /run/tapswitch and the first 12 hexadecimal digits of the hash of the state directory's path} */
    static Path defaultRunDirectory(Path stateDirectory) {
        try {
            String path = stateDirectory.toAbsolutePath().normalize().toString();
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(path.getBytes(StandardCharsets.UTF_8));
            return Path.of(RUN_DIRECTORIES, HexFormat.of().formatHex(hash, 0, RUN_DIRECTORY_BYTES));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("each JDK has SHA-256", e);
        }
    }

    /** {@return the forced way of I/O, null for the best} */
    @Nullable
    IoMode ioMode() {
        if (io == null) {
            return null;
        }
        for (IoMode mode : IoMode.values()) {
            if (mode.word().equals(io)) {
                return mode;
            }
        }
        throw Refusal.badInput("invalid --io " + io + ": must be multishot, single or poll");
    }

    /** {@return where to serve metrics, null for nowhere} */
    @Nullable
    InetSocketAddress metricsAddress() {
        if (metrics == null) {
            return null;
        }
        try {
            return DnsEntries.withPort(metrics);
        } catch (IllegalArgumentException e) {
            throw Refusal.badInput("invalid --metrics " + metrics + ": " + e.getMessage());
        }
    }

    /** {@return the size of the frame memory} */
    long memoryBytes() {
        if (memory == null) {
            return MEMORY_DEFAULT;
        }
        String text = memory.toLowerCase(Locale.ROOT);
        int shift = switch (text.isEmpty() ? ' ' : text.charAt(text.length() - 1)) {
            case 'k' -> 10;
            case 'm' -> 20;
            case 'g' -> 30;
            default -> 0;
        };
        try {
            long count = Long.parseLong(shift == 0 ? text : text.substring(0, text.length() - 1));
            long bytes = Math.multiplyExact(count, 1L << shift);
            if (bytes >= MEMORY_MIN) {
                return bytes;
            }
        } catch (ArithmeticException | NumberFormatException e) {
            // Falls to the refusal below, which says what is allowed.
        }
        throw Refusal.badInput("invalid --memory " + memory + ": must be a size such as 512m or 2g, at least 16m");
    }
}
