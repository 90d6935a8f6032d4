package io.tapswitch.lab;

import java.util.ArrayList;
import java.util.List;

/**
 * Hosts that share a wire and an etcd.
 *
 * <pre>
 *   host 1: 198.18.0.1, 2001:db8:18::1     host 2: 198.18.0.2     ...     etcd: 198.18.0.100
 *        wire0 ------------------------------- wire0 --- bridge ------------- eth0
 * </pre>
 *
 * <p>Each host is a namespace with a daemon of its own, as {@link World}; etcd has a namespace of its own too.
 */
public final class ClusterLab implements AutoCloseable {
    private static final String PREFIX = "198.18.0.";
    private static final String PREFIX_6 = "2001:db8:18::";
    private static final String STORE = PREFIX + "100";

    private final LabNamespace wire = new LabNamespace("wire");
    private final LabNamespace storeHost = new LabNamespace("store");
    private final List<World> hosts = new ArrayList<>();
    private final List<LabNamespace> places = new ArrayList<>();
    private final Etcd etcd;

    /** Makes hosts, of which none runs a daemon yet, and starts etcd. */
    public ClusterLab(int count) {
        for (int i = 0; i < count; i++) {
            hosts.add(new World());
        }
        wire.ip("link add br0 type bridge");
        wire.ip("link set br0 up");
        plug(storeHost, "eth0", 100);
        storeHost.ip("link set lo up");
        for (int i = 1; i <= count; i++) {
            plug(host(i).host(), "wire0", i);
        }
        etcd = new Etcd(storeHost, STORE, hosts.getFirst().directory().resolve("etcd"), "http").start();
    }

    private void plug(LabNamespace host, String device, int number) {
        String port = "p" + number;
        wire.ip("link add name " + port + " type veth peer name " + device + " netns " + host.name());
        wire.ip("link set " + port + " master br0 up");
        host.ip("addr add " + PREFIX + number + "/24 dev " + device);
        host.ip("addr add " + PREFIX_6 + number + "/64 dev " + device + " nodad");
        host.ip("link set " + device + " up");
    }

    /** Makes a further place on the wire, with {@code eth0} there; the lab closes it. {@return it} */
    public LabNamespace place(int number) {
        LabNamespace place = new LabNamespace("place");
        places.add(place);
        plug(place, "eth0", number);
        return place;
    }

    /** {@return the store} */
    public Etcd etcd() {
        return etcd;
    }

    /** {@return where the store is} */
    public LabNamespace storeHost() {
        return storeHost;
    }

    /** {@return what carries the underlay; its port to host i is {@code pI}} */
    public LabNamespace wire() {
        return wire;
    }

    /** {@return a host, the first is 1} */
    public World host(int number) {
        return hosts.get(number - 1);
    }

    /** {@return a host's address on the wire} */
    public static String address(int number) {
        return PREFIX + number;
    }

    /** {@return a host's IPv6 address on the wire} */
    public static String address6(int number) {
        return PREFIX_6 + number;
    }

    /** Starts a host's daemon as a part of the cluster. {@return the host} */
    public World join(int number, String... flags) {
        List<String> all = new ArrayList<>();
        if (!List.of(flags).contains("--cluster-store")) {
            all.addAll(List.of("--cluster-store", etcd.url()));
        }
        if (!List.of(flags).contains("--cluster-advertise")) {
            all.addAll(List.of("--cluster-advertise", "wire0"));
        }
        all.addAll(List.of(flags));
        if (!all.contains("--uplink")) {
            all.addAll(List.of("--uplink", "shared"));
        }
        World host = host(number);
        host.start(all.toArray(String[]::new));
        return host;
    }

    /** Starts all hosts' daemons, and waits until they take part. */
    public ClusterLab joined() {
        for (int i = 1; i <= hosts.size(); i++) {
            join(i);
        }
        for (World host : hosts) {
            awaitJoined(host);
        }
        return this;
    }

    /** Waits until a host's daemon says that it takes part. */
    public static void awaitJoined(World host) {
        Eventually.until("joined", () -> host.daemon().log().contains("joined the cluster"));
    }

    /** Waits until a host has a network. */
    public static void awaitNetwork(World host, String name) {
        Eventually.until(
                name,
                () -> host.cli("network", "ls", "-q", "--filter", "name=^" + name + "$")
                                .length()
                        > 1);
    }

    /** {@return what a container is told for a name: addresses, or nothing} */
    public static String lookup(LabContainer asker, String... words) {
        List<String> command = new ArrayList<>(List.of("dig", "+tries=1", "+time=2", "+short", "@169.254.53.53"));
        if (words.length == 1) {
            // A container may have a name that dig takes for a type.
            command.add("-q");
        }
        command.addAll(List.of(words));
        return asker.exec(command.toArray(String[]::new)).text();
    }

    /** Until a container knows another one by its name, wherever that is. */
    public static void awaitName(LabContainer asker, String name) {
        Eventually.until(name, () -> !lookup(asker, name).isEmpty());
    }

    /** Cuts a host off from the store, and not from the others. */
    public void cut(int number) {
        host(number).host().ip("route add blackhole " + STORE + "/32");
        storeHost.ip("route add blackhole " + address(number) + "/32");
    }

    /** Ends the cut. */
    public void heal(int number) {
        host(number).host().ip("route del blackhole " + STORE + "/32");
        storeHost.ip("route del blackhole " + address(number) + "/32");
    }

    @Override
    public void close() {
        hosts.forEach(World::close);
        etcd.close();
        storeHost.close();
        places.forEach(LabNamespace::close);
        wire.close();
    }
}
