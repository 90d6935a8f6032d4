package io.tapswitch.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Open vSwitch with its userspace datapath in a namespace, whose one device becomes a port of its: two bridges, one
 * with the underlay's address and one that is an overlay, with a VXLAN port to a peer.
 *
 * <pre>
 *   br-int 10.66.0.100 -- vx0 (VXLAN) ~~~ br-phy (the underlay's address) -- eth0
 * </pre>
 */
public final class OpenVSwitch implements AutoCloseable {
    private static final Path SCHEMA = Path.of("/usr/share/openvswitch/vswitch.ovsschema");

    private final LabNamespace namespace;
    private final Path directory;
    private final List<Background> running = new ArrayList<>();

    /**
     * Starts it.
     *
     * @param namespace that has {@code eth0}, whose addresses go
     * @param underlay its address with length
     */
    public OpenVSwitch(LabNamespace namespace, String underlay) {
        this.namespace = namespace;
        try {
            directory = Files.createTempDirectory(Leftovers.directory(), "ovs");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ovs("ovsdb-tool", "create", directory.resolve("conf.db").toString(), SCHEMA.toString());
        Path socket = directory.resolve("db.sock");
        start("ovsdb-server", directory.resolve("conf.db").toString(), "--remote=punix:" + socket, "-vconsole:off");
        Eventually.until("ovsdb-server", () -> Files.exists(socket));
        configure("--no-wait", "init");
        start(
                "ovs-vswitchd",
                "unix:" + socket,
                "--no-chdir",
                "-vconsole:off",
                "-vsyslog:off",
                "--pidfile=" + directory.resolve("vswitchd.pid"));
        bridge("br-phy");
        configure("add-port", "br-phy", "eth0");
        namespace.ip("addr flush dev eth0");
        namespace.ip("addr add " + underlay + " dev br-phy");
        namespace.ip("link set br-phy up");
        bridge("br-int");
    }

    private void bridge(String name) {
        configure("add-br", name, "--", "set", "bridge", name, "datapath_type=netdev");
    }

    /** Makes the tunnel to a peer, and gives its bridge addresses of the overlay. */
    public OpenVSwitch vxlan(String remote, int vni, String... addresses) {
        configure(
                "add-port",
                "br-int",
                "vx0",
                "--",
                "set",
                "interface",
                "vx0",
                "type=vxlan",
                "options:remote_ip=" + remote,
                "options:key=" + vni);
        namespace.ip("link set br-int mtu 1450 up");
        for (String address : addresses) {
            namespace.ip("addr add " + address + " dev br-int" + (address.contains(":") ? " nodad" : ""));
        }
        return this;
    }

    private void start(String... command) {
        running.add(namespace.start(wrapped(command).toArray(String[]::new)));
    }

    private void configure(String... words) {
        List<String> command =
                new ArrayList<>(List.of("ovs-vsctl", "-t", "10", "--db=unix:" + directory.resolve("db.sock")));
        command.addAll(List.of(words));
        ovs(command.toArray(String[]::new));
    }

    private void ovs(String... command) {
        namespace.exec(Duration.ofSeconds(20), "", wrapped(command)).ok();
    }

    private List<String> wrapped(String... command) {
        List<String> all = new ArrayList<>(List.of("env"));
        for (String variable : new String[] {"OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR"}) {
            all.add(variable + "=" + directory);
        }
        all.addAll(List.of(command));
        return all;
    }

    @Override
    public void close() {
        running.reversed().forEach(Background::close);
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
