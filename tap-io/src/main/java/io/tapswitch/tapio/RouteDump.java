package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Rtnetlink;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Prefix;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.Ipv6Prefix;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Lists links, addresses and routes of the namespace of the thread that made it, by route netlink (rtnetlink(7)). One
 * thread.
 */
final class RouteDump implements AutoCloseable {
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int ATTEMPTS = 5;
    private static final int MAC_ADDRESS_LENGTH = 6;

    private final NetlinkDump dump =
            new NetlinkDump(Rtnetlink.NETLINK_ROUTE, "list the host's links, addresses and routes");
    private final ByteBuffer answer = dump.answer();
    private final NetlinkAttributes attributes = dump.attributes();

    HostState read() {
        Map<Integer, String> links = new HashMap<>();
        List<HostAddress> addresses = new ArrayList<>();
        List<HostRoute> routes = new ArrayList<>();
        for (int attempt = 1; ; attempt++) {
            links.clear();
            addresses.clear();
            routes.clear();
            // What has changed under way is listed anew; in the end a list that may miss something is better than none.
            boolean whole = dump(
                    Rtnetlink.RTM_GETLINK,
                    Rtnetlink.RTM_NEWLINK,
                    Rtnetlink.IFINFOMSG_LENGTH,
                    (body, end) -> link(body, end, links));
            whole &= dump(
                    Rtnetlink.RTM_GETADDR,
                    Rtnetlink.RTM_NEWADDR,
                    Rtnetlink.IFADDRMSG_LENGTH,
                    (body, end) -> address(body, end, links, addresses));
            whole &= dump(
                    Rtnetlink.RTM_GETROUTE,
                    Rtnetlink.RTM_NEWROUTE,
                    Rtnetlink.RTMSG_LENGTH,
                    (body, end) -> route(body, end, links, routes));
            if (whole || attempt == ATTEMPTS) {
                return new HostState(addresses, routes);
            }
        }
    }

    /** Lists the links with their addresses, by index. */
    List<HostLink> readLinks() {
        Map<Integer, HostLink> links = new TreeMap<>();
        Map<Integer, List<HostLink.Address>> addresses = new HashMap<>();
        for (int attempt = 1; ; attempt++) {
            links.clear();
            addresses.clear();
            boolean whole = dump(
                    Rtnetlink.RTM_GETADDR,
                    Rtnetlink.RTM_NEWADDR,
                    Rtnetlink.IFADDRMSG_LENGTH,
                    (body, end) -> linkAddress(body, end, addresses));
            whole &= dump(
                    Rtnetlink.RTM_GETLINK,
                    Rtnetlink.RTM_NEWLINK,
                    Rtnetlink.IFINFOMSG_LENGTH,
                    (body, end) -> hostLink(body, end, addresses, links));
            if (whole || attempt == ATTEMPTS) {
                return List.copyOf(links.values());
            }
        }
    }

    private void hostLink(
            int body, int end, Map<Integer, List<HostLink.Address>> addresses, Map<Integer, HostLink> links) {
        int index = answer.getInt(body + Rtnetlink.IFINFOMSG_INDEX);
        int flags = answer.getInt(body + Rtnetlink.IFINFOMSG_FLAGS);
        int from = body + Rtnetlink.IFINFOMSG_LENGTH;
        int up = Rtnetlink.IFF_UP | Rtnetlink.IFF_LOWER_UP;
        links.put(
                index,
                new HostLink(
                        index,
                        attributes.text(attributes.find(from, end, Rtnetlink.IFLA_IFNAME)),
                        attributes.linkKind(from, end),
                        attributes.text(attributes.find(from, end, Rtnetlink.IFLA_IFALIAS)),
                        attributes.number(attributes.find(from, end, Rtnetlink.IFLA_MTU), 0),
                        (flags & up) == up,
                        (flags & Rtnetlink.IFF_LOOPBACK) != 0,
                        attributes.wireOrder(attributes.find(from, end, Rtnetlink.IFLA_ADDRESS), MAC_ADDRESS_LENGTH),
                        addresses.getOrDefault(index, List.of())));
    }

    private void linkAddress(int body, int end, Map<Integer, List<HostLink.Address>> addresses) {
        int from = body + Rtnetlink.IFADDRMSG_LENGTH;
        IpAddress ip = ownAddress(body, end);
        if (ip != null) {
            int flags = attributes.number(attributes.find(from, end, Rtnetlink.IFA_FLAGS), answer.get(body + 2) & 0xff);
            boolean tentative =
                    (flags & (Rtnetlink.IFA_F_TENTATIVE | Rtnetlink.IFA_F_OPTIMISTIC)) == Rtnetlink.IFA_F_TENTATIVE;
            addresses
                    .computeIfAbsent(answer.getInt(body + Rtnetlink.IFADDRMSG_INDEX), none -> new ArrayList<>())
                    .add(new HostLink.Address(
                            ip,
                            answer.get(body + 1) & 0xff,
                            scope(answer.get(body + 3) & 0xff),
                            !tentative && (flags & Rtnetlink.IFA_F_DADFAILED) == 0,
                            (flags & Rtnetlink.IFA_F_DEPRECATED) != 0));
        }
    }

    private static HostLink.Scope scope(int scope) {
        if (scope < Rtnetlink.RT_SCOPE_SITE) {
            return HostLink.Scope.UNIVERSE;
        }
        return switch (scope) {
            case Rtnetlink.RT_SCOPE_LINK -> HostLink.Scope.LINK;
            case Rtnetlink.RT_SCOPE_HOST -> HostLink.Scope.HOST;
            default -> HostLink.Scope.SITE;
        };
    }

    private void link(int body, int end, Map<Integer, String> links) {
        int name = attributes.find(body + Rtnetlink.IFINFOMSG_LENGTH, end, Rtnetlink.IFLA_IFNAME);
        if (name != NetlinkAttributes.ABSENT) {
            links.put(answer.getInt(body + Rtnetlink.IFINFOMSG_INDEX), attributes.text(name));
        }
    }

    private void address(int body, int end, Map<Integer, String> links, List<HostAddress> addresses) {
        IpAddress ip = ownAddress(body, end);
        if (ip != null) {
            String link = links.getOrDefault(answer.getInt(body + Rtnetlink.IFADDRMSG_INDEX), "");
            addresses.add(new HostAddress(ip, answer.get(body + 1) & 0xff, link));
        }
    }

    private @Nullable IpAddress ownAddress(int body, int end) {
        int from = body + Rtnetlink.IFADDRMSG_LENGTH;
        int own = attributes.find(from, end, Rtnetlink.IFA_LOCAL);
        return ip(
                answer.get(body),
                own != NetlinkAttributes.ABSENT ? own : attributes.find(from, end, Rtnetlink.IFA_ADDRESS));
    }

    private void route(int body, int end, Map<Integer, String> links, List<HostRoute> routes) {
        int from = body + Rtnetlink.RTMSG_LENGTH;
        int type = answer.get(body + Rtnetlink.RTMSG_TYPE);
        boolean elsewhere =
                type == Rtnetlink.RTN_UNICAST || (type >= Rtnetlink.RTN_BLACKHOLE && type <= Rtnetlink.RTN_PROHIBIT);
        boolean cloned = (answer.getInt(body + Rtnetlink.RTMSG_FLAGS) & Rtnetlink.RTM_F_CLONED) != 0;
        int length = answer.get(body + 1) & 0xff;
        IpAddress network = ip(answer.get(body), attributes.find(from, end, Rtnetlink.RTA_DST));
        if (elsewhere && !cloned && length > 0 && network != null) {
            IpPrefix prefix = switch (network) {
                case Ipv4Address four -> new Ipv4Prefix(four, length);
                case Ipv6Address six -> new Ipv6Prefix(six, length);
            };
            routes.add(new HostRoute(
                    prefix,
                    links.getOrDefault(outgoing(from, end), ""),
                    ip(answer.get(body), attributes.find(from, end, Rtnetlink.RTA_PREFSRC)),
                    mtu(from, end)));
        }
    }

    private int mtu(int from, int end) {
        int metrics = attributes.find(from, end, Rtnetlink.RTA_METRICS);
        return metrics == NetlinkAttributes.ABSENT
                ? 0
                : attributes.number(
                        attributes.find(metrics, metrics + attributes.length(metrics), Rtnetlink.RTAX_MTU), 0);
    }

    /** Index of the link that a route leads to, 0 for none. */
    private int outgoing(int from, int end) {
        int index = attributes.find(from, end, Rtnetlink.RTA_OIF);
        if (index != NetlinkAttributes.ABSENT) {
            return attributes.number(index, 0);
        }
        int several = attributes.find(from, end, Rtnetlink.RTA_MULTIPATH);
        return several == NetlinkAttributes.ABSENT ? 0 : answer.getInt(several + Rtnetlink.RTNEXTHOP_INDEX);
    }

    private @Nullable IpAddress ip(int family, int at) {
        int length = attributes.length(at);
        if (family == AF_INET && length == Integer.BYTES) {
            return Ipv4Address.fromBits((int) attributes.wireOrderAt(at, Integer.BYTES));
        }
        if (family == AF_INET6 && length == 2 * Long.BYTES) {
            return Ipv6Address.fromBits(
                    attributes.wireOrderAt(at, Long.BYTES), attributes.wireOrderAt(at + Long.BYTES, Long.BYTES));
        }
        return null;
    }

    /** Asks for all of a kind, of all families and links; false when something changed meanwhile. */
    private boolean dump(int type, int answerType, int bodyLength, NetlinkDump.Message message) {
        // A body of zeros.
        dump.begin(type).position(Rtnetlink.NLMSGHDR_LENGTH + bodyLength);
        return dump.run(answerType, bodyLength, message);
    }

    @Override
    public void close() {
        dump.close();
    }
}
