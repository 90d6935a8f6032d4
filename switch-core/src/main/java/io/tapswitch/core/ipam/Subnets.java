package io.tapswitch.core.ipam;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv6Prefix;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Theory of operation: which subnets a new network gets.
 *
 * <p>Chosen subnets are read and held against the rules: a length that leaves room for a container, no address that
 * means something else everywhere (loopback, multicast), no overlap within the network, and no overlap with what others
 * have. Then gateways, ranges and auxiliary addresses are matched to the subnet that contains them; one that is in none
 * is refused. A family without a subnet gets one of {@link DefaultPools}: IPv4 always, IPv6 when {@code --ipv6} is
 * given. All words are those of docker's client and daemon where these refuse the same.
 *
 * <p>Overlap: the host has one route for an address, so networks that reach the host never overlap each other or what
 * the host reaches by itself. An internal network has nothing of the host, so it may lie over others and others over
 * it. Default pools are chosen around all others, internal ones too: a container may be in both.
 */
public final class Subnets {
    /** The longest IPv4 prefix with a network, a broadcast, a gateway and a container's address in it. */
    static final int IPV4_LENGTH_MAX = 30;

    /** The largest private block. */
    static final int IPV4_LENGTH_MIN = 8;

    /** The longest IPv6 prefix with the routers' anycast address, a gateway and containers' addresses in it. */
    static final int IPV6_LENGTH_MAX = 126;

    /** What a registry gives a provider; nobody's network is larger. */
    static final int IPV6_LENGTH_MIN = 32;

    /** More than people need; bounds the comparison of each with each. */
    private static final int SUBNETS_MAX = 64;

    /** RFC 6890 for IPv4; RFC 4291 section 2.4 for IPv6, ::/8 being loopback and embedded IPv4 addresses. */
    private static final List<IpPrefix> FORBIDDEN = Stream.of(
                    "0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/8", "fe80::/10", "ff00::/8")
            .map(IpPrefix::parse)
            .toList();

    /** The codes of refusals, which say what of the request is wrong. */
    public static final String INVALID_SUBNET = "invalid_subnet";

    /** See {@link #INVALID_SUBNET}. */
    public static final String INVALID_GATEWAY = "invalid_gateway";

    /** See {@link #INVALID_SUBNET}. */
    public static final String INVALID_RANGE = "invalid_ip_range";

    /** See {@link #INVALID_SUBNET}. */
    public static final String INVALID_AUX_ADDRESS = "invalid_aux_address";

    /** The subnet collides with what somebody else has. */
    public static final String OVERLAP = "subnet_overlap";

    private Subnets() {}

    /**
     * Chooses.
     *
     * @param request what a person wrote
     * @param taken what others have: networks, and what the host reaches by itself
     * @param localPool where IPv6 subnets come from that nobody chose, see {@link DefaultPools#localPool}
     * @return the subnets in the order given, IPv4 first
     */
    public static List<Subnet> choose(SubnetRequest request, Collection<Taken> taken, Ipv6Prefix localPool) {
        List<SubnetDraft> drafts = configured(request, taken);
        if (drafts.isEmpty()
                && !(request.ipRanges().isEmpty() && request.gateways().isEmpty())) {
            String code = request.gateways().isEmpty() ? INVALID_RANGE : INVALID_GATEWAY;
            throw Refusal.badInput(code, "every ip-range or gateway must have a corresponding subnet");
        }
        for (String range : request.ipRanges()) {
            IpPrefix wanted = read(INVALID_RANGE, range, "ip-range", IpPrefix::parse);
            matching(drafts, draft -> draft.encloses(wanted), INVALID_RANGE, "range " + range)
                    .range(wanted);
        }
        for (String gateway : request.gateways()) {
            IpAddress wanted = read(INVALID_GATEWAY, gateway, "gateway", IpAddress::parse);
            matching(drafts, draft -> draft.prefix().includes(wanted), INVALID_GATEWAY, "gateway " + gateway)
                    .gateway(wanted);
        }
        request.auxAddresses().forEach((name, text) -> {
            IpAddress wanted = read(INVALID_AUX_ADDRESS, text, "auxiliary address " + name, IpAddress::parse);
            matching(drafts, draft -> draft.prefix().includes(wanted), INVALID_AUX_ADDRESS, "aux-address " + text)
                    .reserve(name, wanted);
        });
        if (drafts.stream().allMatch(draft -> draft.prefix().isIpv6())) {
            drafts.add(new SubnetDraft(
                    request.overlay() ? DefaultPools.pickOverlay(taken) : DefaultPools.pickIpv4(taken), false));
        }
        if (request.ipv6() && drafts.stream().noneMatch(draft -> draft.prefix().isIpv6())) {
            drafts.add(new SubnetDraft(DefaultPools.pickIpv6(localPool, taken), false));
        }
        return Stream.of(false, true)
                .flatMap(ipv6 -> drafts.stream().filter(draft -> draft.prefix().isIpv6() == ipv6))
                .map(SubnetDraft::finish)
                .toList();
    }

    private static List<SubnetDraft> configured(SubnetRequest request, Collection<Taken> taken) {
        if (request.subnets().size() > SUBNETS_MAX) {
            throw Refusal.badInput(
                    INVALID_SUBNET, "too many subnets: " + request.subnets().size() + ", the most is " + SUBNETS_MAX);
        }
        List<SubnetDraft> drafts = new ArrayList<>();
        for (String text : request.subnets()) {
            IpPrefix subnet = read(INVALID_SUBNET, text, "subnet", IpPrefix::parse);
            checkRange(subnet);
            if (subnet.isIpv6() && !request.ipv6()) {
                throw Refusal.badInput(
                        INVALID_SUBNET,
                        "invalid subnet " + subnet + ": IPv6 is not enabled on this network; enable it with --ipv6");
            }
            for (SubnetDraft other : drafts) {
                if (other.prefix().intersects(subnet)) {
                    throw Refusal.badInput(
                            INVALID_SUBNET,
                            "multiple overlapping subnet configuration is not supported: " + subnet + " overlaps "
                                    + other.prefix());
                }
            }
            if (!request.internal()) {
                refuseOverlap(subnet, taken);
            }
            drafts.add(new SubnetDraft(subnet, true));
        }
        return drafts;
    }

    private static void checkRange(IpPrefix subnet) {
        int min = subnet.isIpv6() ? IPV6_LENGTH_MIN : IPV4_LENGTH_MIN;
        int max = subnet.isIpv6() ? IPV6_LENGTH_MAX : IPV4_LENGTH_MAX;
        if (subnet.length() < min || subnet.length() > max) {
            throw Refusal.badInput(
                    INVALID_SUBNET, "invalid subnet " + subnet + ": the prefix length must be " + min + " to " + max);
        }
        for (IpPrefix forbidden : FORBIDDEN) {
            if (forbidden.intersects(subnet)) {
                throw Refusal.badInput(
                        INVALID_SUBNET,
                        "invalid subnet " + subnet + ": containers cannot have addresses of " + forbidden);
            }
        }
    }

    private static void refuseOverlap(IpPrefix subnet, Collection<Taken> taken) {
        for (Taken block : taken) {
            if (!block.internal() && block.prefix().intersects(subnet)) {
                throw Refusal.conflict(
                        OVERLAP,
                        "invalid pool request: Pool overlaps with other one on this address space: " + subnet
                                + " overlaps " + block.prefix() + " of " + block.by());
            }
        }
    }

    private static SubnetDraft matching(
            List<SubnetDraft> drafts, Predicate<SubnetDraft> isMatch, String code, String what) {
        return drafts.stream()
                .filter(isMatch)
                .findFirst()
                .orElseThrow(() -> Refusal.badInput(code, "no matching subnet for " + what));
    }

    private static <T> T read(String code, String text, String what, Function<String, T> parse) {
        try {
            return parse.apply(text);
        } catch (IllegalArgumentException e) {
            throw Refusal.badInput(code, "invalid " + what + ": " + e.getMessage());
        }
    }
}
