package io.tapswitch.core.control;

import io.tapswitch.core.model.PortProtocol;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.tapio.ClientPorts;
import io.tapswitch.tapio.PortReservation;
import io.tapswitch.tapio.RouteQuery;
import io.tapswitch.tapio.SocketDiag;
import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Theory of operation: how the ports of a publication are kept from the host's processes.
 *
 * <pre>
 *   up to 256 ports     a socket for each, on all addresses of both families one for both: nobody else can bind
 *   more, or no files   one look at the host's sockets now; the kernel gives none of them to the host's own clients
 *   left for sockets    any more ({@link ClientPorts}), and later binds are refused by the marks, where it has cgroup
 *                       v2 ({@link io.tapswitch.tapio.BindGuard})
 * </pre>
 *
 * <p>A socket is a file, and files are short: sockets get three quarters of what the process may open, so that
 * containers and requests always have the rest. What is beyond is looked at like a large range, and a warning says so:
 * nothing is refused because files are short.
 *
 * <p>Under the controller's lock, but for {@link #warnings}.
 */
final class PortHolding {
    private static final Logger LOG = LoggerFactory.getLogger(PortHolding.class);
    private static final List<IpAddress> ALL = List.of(IpAddress.parse("0.0.0.0"), IpAddress.parse("::"));
    private static final String LIMIT = "Max open files";
    private static final int LIMIT_UNKNOWN = 1024;
    private static final String NOT_HERE = "address_not_here";

    private final int limit;
    private final ClientPorts clients;
    private int files;
    /** Made for the first address that is named. */
    private @Nullable RouteQuery routes;
    /** Ports that would be held if there were files. */
    private final AtomicInteger watched = new AtomicInteger();

    /**
     * Holds nothing yet.
     *
     * @param limit how many files the process may open, of which three quarters are for sockets
     * @param clients keeps ports from the host's own clients
     */
    PortHolding(int limit, ClientPorts clients) {
        this.limit = limit;
        this.clients = clients;
    }

    /** {@return one with the limit of this process, which the JVM has raised as far as it may} */
    static PortHolding ofThisProcess(ClientPorts clients) {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/limits"))) {
                if (line.startsWith(LIMIT)) {
                    String soft = line.substring(LIMIT.length()).strip().split(" +", 2)[0];
                    return new PortHolding(
                            soft.matches("\\d{1,9}") ? Integer.parseInt(soft) : Integer.MAX_VALUE, clients);
                }
            }
        } catch (IOException e) {
            LOG.debug("the limit of open files is not known: {}", e.getMessage());
        }
        return new PortHolding(LIMIT_UNKNOWN, clients);
    }

    /**
     * Takes ports on an address.
     *
     * @param address null for all of both families
     * @return what holds them
     * @throws Refusal when somebody has one, naming it
     */
    OutsideKernel.Held hold(@Nullable IpAddress address, PortProtocol protocol, int first, int last) {
        List<IpAddress> addresses = address == null ? ALL : List.of(address);
        int ports = last - first + 1;
        if (address != null) {
            refuseBroadcast(address, protocol, first);
        }
        if (ports > PortReservation.MAX_PORTS) {
            refuseForeign(address, protocol, first);
            look(addresses, protocol, first, last);
            return kept(first, last);
        }
        List<PortReservation> made =
                files + ports > limit - limit / 4 ? null : bound(address, addresses, protocol, first, last);
        if (made == null) {
            look(addresses, protocol, first, last);
            return watched(first, last);
        }
        int taken = made.stream().mapToInt(PortReservation::size).sum();
        files += taken;
        return new OutsideKernel.Held() {
            @Override
            public void mergeDatagrams() {
                made.forEach(PortReservation::mergeDatagrams);
            }

            @Override
            public void close() {
                made.forEach(PortReservation::close);
                files -= taken;
            }
        };
    }

    /** Keeps ports from the host's own clients. */
    OutsideKernel.Held kept(int first, int last) {
        int left = clients.leftWithout(first, last);
        if (left < ClientPorts.LEAST) {
            throw Refusal.conflict(
                    "too_few_client_ports",
                    "ports " + PortSpec.words(first, last) + " would leave the host's own clients " + left
                            + " ports of net.ipv4.ip_local_port_range, and they need " + ClientPorts.LEAST
                            + " at the least: publish fewer, or give them another range (sysctl)");
        }
        return clients.keep(first, last)::close;
    }

    /** What an earlier process kept from clients, and nobody has kept since, is theirs again. */
    void forgetEarlier() {
        clients.settle();
    }

    private OutsideKernel.Held watched(int first, int last) {
        int ports = last - first + 1;
        EphemeralPorts local = EphemeralPorts.now();
        // Thousands may come by here, and each keeping is a walk over all ports: only what clients would be given.
        boolean isForClients = first <= local.last() && last >= local.first();
        OutsideKernel.Held kept = isForClients ? kept(first, last) : () -> {};
        if (watched.getAndAdd(ports) == 0) {
            LOG.warn("published ports are not held by sockets any more: {}", shortage());
        }
        return () -> {
            watched.addAndGet(-ports);
            kept.close();
        };
    }

    /** {@return what holds the ports, null when there are no files left} */
    private static @Nullable List<PortReservation> bound(
            @Nullable IpAddress address, List<IpAddress> addresses, PortProtocol protocol, int first, int last) {
        // A socket of SCTP may be of a kernel that has it for one family only.
        if (address == null
                && protocol != PortProtocol.SCTP
                && PortReservation.reserveBoth(protocol.number(), first, last)
                        instanceof PortReservation.Outcome.Reserved both
                && both.reservation().size() > 0) {
            return List.of(both.reservation());
        }
        // Each by itself: that says in which family somebody has it, and may succeed on a host without IPv6.
        List<PortReservation> made = new ArrayList<>();
        for (IpAddress each : addresses) {
            switch (PortReservation.reserve(protocol.number(), each, first, last)) {
                case PortReservation.Outcome.Reserved reserved -> made.add(reserved.reservation());
                case PortReservation.Outcome.Refused refused -> {
                    made.forEach(PortReservation::close);
                    if (refused.errno() == Errno.EMFILE || refused.errno() == Errno.ENFILE) {
                        return null;
                    }
                    throw refusal(each, protocol, refused.port(), refused.errno());
                }
            }
        }
        return made;
    }

    /** The kernel lets a socket bind to it, and nobody sends a connection there. */
    private void refuseBroadcast(IpAddress address, PortProtocol protocol, int port) {
        if (address instanceof Ipv4Address four && isBroadcast(four)) {
            throw Refusal.conflict(
                    NOT_HERE,
                    what(address, port, protocol) + ": cannot assign requested address: " + address
                            + " is the broadcast address of one of the host's networks");
        }
    }

    private boolean isBroadcast(Ipv4Address address) {
        RouteQuery query = routes;
        if (query == null) {
            query = RouteQuery.open();
            routes = query;
        }
        query.ask(0, Ipv4Address.mapped(address.bits()), 0, 0);
        return query.kind() == RouteQuery.Kind.BROADCAST;
    }

    /** Of a large range no port is bound that would tell. */
    private static void refuseForeign(@Nullable IpAddress address, PortProtocol protocol, int port) {
        if (address == null || PublishedPorts.isAny(address)) {
            return;
        }
        switch (PortReservation.reserve(protocol.number(), address, port, port)) {
            case PortReservation.Outcome.Reserved one -> one.reservation().close();
            case PortReservation.Outcome.Refused refused -> {
                if (refused.errno() == Errno.EADDRNOTAVAIL) {
                    throw refusal(address, protocol, port, refused.errno());
                }
            }
        }
    }

    /** One look says whether somebody has one of them now. */
    private static void look(List<IpAddress> addresses, PortProtocol protocol, int first, int last) {
        if (protocol == PortProtocol.SCTP) {
            return;
        }
        for (SocketDiag.Holder holder : SocketDiag.holders(protocol.number(), first, last)) {
            for (IpAddress address : addresses) {
                // An ended connection is nobody's server, and gone in a minute.
                if (holder.state() != SocketDiag.State.TIME_WAIT && holder.holds(address)) {
                    throw refusal(address, protocol, holder.port(), Errno.EADDRINUSE);
                }
            }
        }
    }

    private static Refusal refusal(IpAddress address, PortProtocol protocol, int port, int errno) {
        String what = what(address, port, protocol);
        return switch (errno) {
            case Errno.EADDRINUSE ->
                Refusal.conflict(
                        PortKeeper.BUSY,
                        what + ": address already in use: a process of the host has it ('ss -tanup' shows which); end"
                                + " that, or publish on another port");
            case Errno.EADDRNOTAVAIL ->
                Refusal.conflict(
                        NOT_HERE, what + ": cannot assign requested address: the host has no address " + address);
            default -> Refusal.failed(what + ": " + Errno.describe(errno));
        };
    }

    private static String what(IpAddress address, int port, PortProtocol protocol) {
        return "failed to bind port " + PortSpec.bracketed(address) + ":" + port + "/" + protocol.word();
    }

    private String shortage() {
        return "the daemon may open " + limit + " files, and three quarters of them are for ports; raise that"
                + " ('ulimit -n', LimitNOFILE=) and restart it, or publish ranges of more than "
                + PortReservation.MAX_PORTS + " ports, which need none";
    }

    /** {@return what a person should know; any thread} */
    List<String> warnings() {
        int ports = watched.get();
        return ports == 0
                ? List.of()
                : List.of(ports + " published ports are not held by sockets, so processes of the host may bind to them"
                        + " where the kernel does not refuse it: " + shortage());
    }
}
