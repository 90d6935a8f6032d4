package io.tapswitch.lab;

import java.util.ArrayList;
import java.util.List;

/**
 * Theory of operation. What is around a host that has a way out:
 *
 * <pre>
 *   far 203.0.113.9 ---- outside 192.0.2.9, 192.0.2.10 ---- uplink0 192.0.2.1   host
 *   2001:db8:f::9         2001:db8::9, 2001:db8::10                2001:db8::1
 *                        second 198.51.100.9, 2001:db8:2::9 ---- uplink1 198.51.100.1, 2001:db8:2::1
 * </pre>
 *
 * <p>The outside is the host's default router, so the far place sees how packets look two hops away, and real routers'
 * errors come back. The devices of the far link have no offloads: the outside's kernel must finish there what it got as
 * half a checksum, and the far place verifies it. Without that nobody would notice a wrong one (requirement O4).
 */
public final class Outside implements AutoCloseable {
    /** First address of the neighbour that is also the default router. */
    public static final String ONE = LabHost.OUTSIDE_ADDRESS;
    /** Its second address. */
    public static final String TWO = "192.0.2.10";
    /** Its first IPv6 address. */
    public static final String ONE_6 = "2001:db8::9";
    /** Its second IPv6 address. */
    public static final String TWO_6 = "2001:db8::10";
    /** The host's IPv4 address, which containers leave with. */
    public static final String HOST = LabHost.ADDRESS;
    /** The host's IPv6 address. */
    public static final String HOST_6 = "2001:db8::1";
    /** A place behind the router. */
    public static final String FAR = "203.0.113.9";
    /** Its IPv6 address. */
    public static final String FAR_6 = "2001:db8:f::9";
    /** The neighbour on the host's second wire. */
    public static final String SECOND = "198.51.100.9";
    /** Its IPv6 address. */
    public static final String SECOND_6 = "2001:db8:2::9";
    /** The host's address on its second wire. */
    public static final String SECOND_HOST = "198.51.100.1";
    /** Its IPv6 address there. */
    public static final String SECOND_HOST_6 = "2001:db8:2::1";

    private final LabHost host;
    private final LabNamespace far = new LabNamespace("far");
    private final LabNamespace second = new LabNamespace("second");

    /** Makes all of it around a host, before a daemon runs there. */
    public Outside(LabHost host) {
        this.host = host;
        LabNamespace router = host.outside();
        host.ip("addr add " + HOST_6 + "/64 dev uplink0 nodad");
        router.ip("addr add " + TWO + "/24 dev eth0");
        router.ip("addr add " + ONE_6 + "/64 dev eth0 nodad");
        // Not the source of what the neighbour begins itself.
        router.ip("addr add " + TWO_6 + "/64 dev eth0 nodad preferred_lft 0");
        makeFar(router);
        makeSecond();
        host.ip("route add default via " + ONE);
        host.ip("-6 route add default via " + ONE_6);
    }

    private void makeFar(LabNamespace router) {
        router.ip("link add name far0 type veth peer name eth0 netns " + far.name());
        for (LabNamespace side : new LabNamespace[] {router, far}) {
            String device = side == router ? "far0" : "eth0";
            String last = side == router ? "1" : "9";
            side.exec("ethtool", "-K", device, "tx", "off", "tso", "off", "gso", "off")
                    .ok();
            side.ip("addr add 203.0.113." + last + "/24 dev " + device);
            side.ip("addr add 2001:db8:f::" + last + "/64 dev " + device + " nodad");
            side.ip("link set " + device + " up");
        }
        far.ip("route add default via 203.0.113.1");
        far.ip("-6 route add default via 2001:db8:f::1");
        router.exec("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
                .ok();
    }

    private void makeSecond() {
        host.ip("link add name uplink1 type veth peer name eth0 netns " + second.name());
        host.ip("addr add " + SECOND_HOST + "/24 dev uplink1");
        host.ip("addr add " + SECOND_HOST_6 + "/64 dev uplink1 nodad");
        host.ip("link set uplink1 up");
        second.ip("addr add " + SECOND + "/24 dev eth0");
        second.ip("addr add " + SECOND_6 + "/64 dev eth0 nodad");
        second.ip("link set eth0 up");
    }

    /** {@return the host's neighbour and router} */
    public LabNamespace router() {
        return host.outside();
    }

    /**
     * Starts a name server at the router that is not ours, a dnsmasq that knows nothing but what it is told.
     *
     * @param address of the router's at which it listens
     * @param more options: what it knows, and what it logs
     */
    public Background dnsmasq(String address, String... more) {
        List<String> command = new ArrayList<>(List.of(
                "dnsmasq",
                "--keep-in-foreground",
                "--conf-file=/dev/null",
                "--no-resolv",
                "--no-hosts",
                "--user=root",
                "--pid-file",
                "--bind-interfaces",
                "--except-interface=lo",
                "--listen-address=" + address));
        command.addAll(List.of(more));
        return router().start(command.toArray(String[]::new));
    }

    /** {@return the place behind the router} */
    public LabNamespace far() {
        return far;
    }

    /** {@return the neighbour on the host's second wire} */
    public LabNamespace second() {
        return second;
    }

    /** Fails the test when somebody filters or translates on the host in the kernel, or bridges. */
    public void assertNothingInTheKernel() {
        for (String[] command : new String[][] {
            {"nft", "list", "ruleset"},
            {"iptables-save"},
            {"ip6tables-save"},
            {"ip", "-o", "link", "show", "type", "bridge"}
        }) {
            String printed = host.exec(command).ok().out();
            if (!printed.isBlank()) {
                throw new AssertionError(String.join(" ", command) + " on the host: " + printed);
            }
        }
    }

    @Override
    public void close() {
        far.close();
        second.close();
    }
}
