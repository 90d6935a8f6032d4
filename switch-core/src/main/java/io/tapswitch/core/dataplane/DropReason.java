package io.tapswitch.core.dataplane;

import io.tapswitch.nat.FragmentDrop;
import io.tapswitch.nat.NatDrop;
import io.tapswitch.vxlan.VxlanDrop;

/**
 * Why a frame was dropped. Every drop has exactly one reason and is counted under it at the port that it came from, or,
 * for the reasons that begin with TX, at the port that it was for.
 *
 * <p>On the frame's way a reason is a negative verdict, {@link #verdict()}; 0 and above is an egress port.
 */
public enum DropReason {
    /** Shorter than an Ethernet header. */
    RUNT("shorter than an Ethernet header"),
    /** Filled the whole read buffer, so that its end may be missing (O8). */
    TRUNCATED_READ("larger than a read buffer, its end is missing"),
    /** A virtio_net_hdr that contradicts the frame (O7). */
    BAD_VNET_HEADER("offload header contradicts the frame"),
    /** Larger than the network's MTU allows, and not a super-frame that the kernel will segment. */
    OVERSIZE("larger than the network's MTU"),
    /** Source MAC is a group address or zero (B5). */
    BAD_SOURCE_MAC("source MAC is a group address or zero"),
    /** Source MAC is pinned to another port, or is the gateway's. */
    SPOOF_MAC("source MAC belongs to another port or to the gateway"),
    /** Source guard: the IP source is not an address of the port (N21). */
    SPOOF_IP("source address is not one of the port's"),
    /** Source guard: ARP sender is not the port's (B12). */
    SPOOF_ARP("ARP sender is not the port's"),
    /** Source guard: the header is too short or malformed to be checked. */
    GUARD_UNREADABLE("source guard cannot read the header"),
    /** Source guard: a neighbour discovery message speaks of another's address, or in the gateway's name (B12). */
    SPOOF_ND("neighbour discovery in another's name"),
    /** A router advertisement; no member is a router (RFC 6105). */
    ROGUE_RA("router advertisement of a container"),
    /** An ICMP redirect; no member is a router. */
    ROGUE_REDIRECT("ICMP redirect of a container"),
    /** Neighbour discovery where no filter sees it (RFC 6980, RFC 7113). */
    ND_HIDDEN("neighbour discovery behind extension headers or in fragments"),
    /** 802.1Q or QinQ tag on a network that does not carry tags (B11). */
    VLAN_TAGGED("tagged frame on a network that carries no tags"),
    /** Reserved group address that a bridge must not forward (B4). */
    RESERVED_GROUP("reserved group address"),
    /** Destination is behind the port that the frame came from (B3). */
    REFLECTION("destination is behind the ingress port"),
    /** Flooded frame with nobody else in the network. */
    NO_OTHER_PORT("nobody else in the network"),
    /** From member to member, where the network does not allow it. */
    ICC_DISABLED("members of this network may not talk to each other"),
    /** Over the port's limit for broadcast, multicast and unknown unicast (B9). */
    STORM("over the port's broadcast and flooding limit"),
    /** IP header is cut off. */
    TRUNCATED_IP("IP header is cut off"),
    /** IP version is not that of the EtherType. */
    IP_VERSION("IP version contradicts the EtherType"),
    /** IPv4 header length is below 20 or beyond the packet. */
    IP_HEADER_LENGTH("bad IP header length"),
    /** Total length is below the header's or beyond the frame. */
    IP_TOTAL_LENGTH("bad IP total length"),
    /** IPv4 header checksum is wrong. */
    IP_CHECKSUM("wrong IP header checksum"),
    /** Source routing or malformed IPv4 options (N25). */
    IP_OPTIONS("source routing or malformed IP options"),
    /** Source address that no packet may have, or equal to the destination. */
    IP_SOURCE("impossible IP source address"),
    /** IPv6 extension headers: too many, cut off, routing header 0, or fragment header twice. */
    IP6_EXTENSION("IPv6 extension headers malformed, forbidden or too many"),
    /** Malformed ICMP for the gateway. */
    BAD_ICMP("malformed ICMP message for the gateway"),
    /** Malformed ARP for the gateway. */
    BAD_ARP("malformed ARP message"),
    /** For the gateway's address, but nothing answers there. */
    GATEWAY_NO_SERVICE("the gateway offers no such service"),
    /** For port 53, but a response, or less than a header: to answer it could make a loop. */
    DNS_NOT_A_QUERY("for the resolver, but not a query"),
    /** Several datagrams for port 53 in one frame, or one to be cut. */
    DNS_SUPER_FRAME("queries for the resolver that the sender joined to a super-frame"),
    /** Gateway answers are limited in rate. */
    GATEWAY_RATE("over the gateway's answer limit"),
    /** To be routed, with no TTL left. */
    TTL_EXPIRED("no TTL left for routing"),
    /** To be routed, but there is no route. */
    NO_ROUTE("no route beyond this network"),
    /** To be routed, to an address of another network (B10). */
    ISOLATED("address of another network"),
    /** From the host's side, with a source that is not the host's (P7). */
    HOST_SOURCE("from the host's side, but not from the host itself"),
    /** From the host, for an address that no container has. */
    HOST_UNKNOWN("from the host, for an address that no container has"),
    /** Broadcast or multicast of the host, which stays there. */
    HOST_GROUP("broadcast or multicast of the host"),
    /** From the listener for names, and no segment of its. */
    DNS_TCP_STRAY("from the listener for names by TCP, but no answer"),
    /** From the listener for names, for a container that is gone, or an address that its network has lost. */
    DNS_TCP_CLIENT_GONE("answer by TCP to a container that is gone"),
    /** The ring towards the worker that owns the state is full. */
    HANDOFF_FULL("ring to the owning worker is full"),
    /** Egress link is down (-EIO). */
    TX_LINK_DOWN("egress link is down"),
    /** The kernel refused the frame as invalid (-EINVAL). */
    TX_INVALID("refused by the egress device as invalid"),
    /** Egress device is gone (-EBADFD) or its port was removed before the write. */
    TX_GONE("egress device is gone"),
    /** Larger than the path to another host takes (-EMSGSIZE, of the tunnels' socket). */
    TX_TOO_LONG("larger than the path to the other host takes"),
    /** Any other failed write. */
    TX_ERROR("write to the egress device failed"),
    /** Read from a port that is in no network any more. */
    DETACHED("port is in no network"),
    /** An error in the switch itself, which its log describes. */
    INTERNAL_FAULT("an error in the switch itself, see its log"),
    /** The last look at a packet for an uplink: its source is none of the host's addresses (N20). */
    NAT_PRIVATE_SOURCE("source address must not leave the host"),
    /** Larger than the MTU of the way out, or of the container's network on the way in (O11). */
    NAT_TOO_BIG("larger than the MTU of its way"),
    /** To be split, or an upstream's answer to a query, but no frame memory is left for it. */
    NAT_NO_MEMORY("no frame memory left for the pieces of a packet, or for an answer"),
    /** The next hop's MAC address is not known, and it does not answer. */
    LINK_UNRESOLVED("the next hop on the LAN does not answer"),
    /** Broadcast, or of a protocol that is none of ours. */
    LINK_NOT_OURS("of the LAN, but not for the switch's address there"),
    /** {@link NatDrop#IP_TRUNCATED}. */
    NAT_IP_TRUNCATED(NatDrop.IP_TRUNCATED),
    /** {@link NatDrop#IP_VERSION}. */
    NAT_IP_VERSION(NatDrop.IP_VERSION),
    /** {@link NatDrop#IP_HEADER_LENGTH}. */
    NAT_IP_HEADER_LENGTH(NatDrop.IP_HEADER_LENGTH),
    /** {@link NatDrop#IP_TOTAL_LENGTH}. */
    NAT_IP_TOTAL_LENGTH(NatDrop.IP_TOTAL_LENGTH),
    /** {@link NatDrop#IP_CHECKSUM}. */
    NAT_IP_CHECKSUM(NatDrop.IP_CHECKSUM),
    /** {@link NatDrop#IP_OPTIONS}. */
    NAT_IP_OPTIONS(NatDrop.IP_OPTIONS),
    /** {@link NatDrop#SOURCE_ROUTE}. */
    NAT_SOURCE_ROUTE(NatDrop.SOURCE_ROUTE),
    /** {@link NatDrop#IP6_EXTENSION}. */
    NAT_IP6_EXTENSION(NatDrop.IP6_EXTENSION),
    /** {@link NatDrop#IP_ADDRESS}. */
    NAT_IP_ADDRESS(NatDrop.IP_ADDRESS),
    /** {@link NatDrop#OFFLOAD}. */
    NAT_OFFLOAD(NatDrop.OFFLOAD),
    /** {@link NatDrop#TRANSPORT_TRUNCATED}. */
    NAT_TRANSPORT_TRUNCATED(NatDrop.TRANSPORT_TRUNCATED),
    /** {@link NatDrop#UDP_LENGTH}. */
    NAT_UDP_LENGTH(NatDrop.UDP_LENGTH),
    /** {@link NatDrop#UDP_CHECKSUM}. */
    NAT_UDP_CHECKSUM(NatDrop.UDP_CHECKSUM),
    /** {@link NatDrop#TCP_DATA_OFFSET}. */
    NAT_TCP_DATA_OFFSET(NatDrop.TCP_DATA_OFFSET),
    /** {@link NatDrop#TCP_CHECKSUM}. */
    NAT_TCP_CHECKSUM(NatDrop.TCP_CHECKSUM),
    /** {@link NatDrop#TCP_NO_FLAGS}. */
    NAT_TCP_NO_FLAGS(NatDrop.TCP_NO_FLAGS),
    /** {@link NatDrop#TCP_SYN_FIN}. */
    NAT_TCP_SYN_FIN(NatDrop.TCP_SYN_FIN),
    /** {@link NatDrop#TCP_SYN_RST}. */
    NAT_TCP_SYN_RST(NatDrop.TCP_SYN_RST),
    /** {@link NatDrop#TCP_XMAS}. */
    NAT_TCP_XMAS(NatDrop.TCP_XMAS),
    /** {@link NatDrop#TCP_FLAGS}. */
    NAT_TCP_FLAGS(NatDrop.TCP_FLAGS),
    /** {@link NatDrop#TCP_STRAY_RST}. */
    NAT_TCP_STRAY_RST(NatDrop.TCP_STRAY_RST),
    /** {@link NatDrop#TCP_STRAY_FIN}. */
    NAT_TCP_STRAY_FIN(NatDrop.TCP_STRAY_FIN),
    /** {@link NatDrop#TCP_STRAY}. */
    NAT_TCP_STRAY(NatDrop.TCP_STRAY),
    /** {@link NatDrop#PORT_ZERO}. */
    NAT_PORT_ZERO(NatDrop.PORT_ZERO),
    /** {@link NatDrop#ICMP_CHECKSUM}. */
    NAT_ICMP_CHECKSUM(NatDrop.ICMP_CHECKSUM),
    /** {@link NatDrop#ICMP_TYPE}. */
    NAT_ICMP_TYPE(NatDrop.ICMP_TYPE),
    /** {@link NatDrop#ICMP_QUOTE_SHORT}. */
    NAT_ICMP_QUOTE_SHORT(NatDrop.ICMP_QUOTE_SHORT),
    /** {@link NatDrop#ICMP_QUOTE}. */
    NAT_ICMP_QUOTE(NatDrop.ICMP_QUOTE),
    /** {@link NatDrop#ICMP_STRAY_REPLY}. */
    NAT_ICMP_STRAY_REPLY(NatDrop.ICMP_STRAY_REPLY),
    /** {@link NatDrop#PROTOCOL}. */
    NAT_PROTOCOL(NatDrop.PROTOCOL),
    /** {@link NatDrop#FRAGMENT}. */
    NAT_FRAGMENT(NatDrop.FRAGMENT),
    /** {@link NatDrop#NO_MAPPING}. */
    NAT_NO_MAPPING(NatDrop.NO_MAPPING),
    /** {@link NatDrop#NOT_ALLOWED}. */
    NAT_NOT_ALLOWED(NatDrop.NOT_ALLOWED),
    /** {@link NatDrop#LOOPBACK_ONLY}. */
    NAT_LOOPBACK_ONLY(NatDrop.LOOPBACK_ONLY),
    /** {@link NatDrop#PORTS_EXHAUSTED}. */
    NAT_PORTS_EXHAUSTED(NatDrop.PORTS_EXHAUSTED),
    /** {@link NatDrop#TABLE_FULL}. */
    NAT_TABLE_FULL(NatDrop.TABLE_FULL),
    /** {@link NatDrop#QUOTA}. */
    NAT_QUOTA(NatDrop.QUOTA),
    /** {@link NatDrop#PROTOCOL_BUSY}. */
    NAT_PROTOCOL_BUSY(NatDrop.PROTOCOL_BUSY),
    /** {@link NatDrop#FLOW_CLASH}. */
    NAT_FLOW_CLASH(NatDrop.FLOW_CLASH),
    /** {@link NatDrop#TTL_EXPIRED}. */
    NAT_TTL_EXPIRED(NatDrop.TTL_EXPIRED),
    /** {@link NatDrop#TCP_STATE}. */
    NAT_TCP_STATE(NatDrop.TCP_STATE),
    /** {@link NatDrop#TCP_WINDOW}. */
    NAT_TCP_WINDOW(NatDrop.TCP_WINDOW),
    /** {@link NatDrop#TCP_RESET_WINDOW}. */
    NAT_TCP_RESET_WINDOW(NatDrop.TCP_RESET_WINDOW),
    /** {@link NatDrop#UNKNOWN_ENDPOINT}. */
    NAT_UNKNOWN_ENDPOINT(NatDrop.UNKNOWN_ENDPOINT),
    /** {@link NatDrop#ICMP_UNKNOWN_FLOW}. */
    NAT_ICMP_UNKNOWN_FLOW(NatDrop.ICMP_UNKNOWN_FLOW),
    /** {@link NatDrop#NO_ROUTE}. */
    NAT_NO_ROUTE(NatDrop.NO_ROUTE),
    /** {@link NatDrop#ROUTE_RATE}. */
    NAT_ROUTE_RATE(NatDrop.ROUTE_RATE),
    /** {@link NatDrop#NO_OUTSIDE_ADDRESS}. */
    NAT_NO_OUTSIDE_ADDRESS(NatDrop.NO_OUTSIDE_ADDRESS),
    /** From a tunnel, of a network identifier that no network here has. */
    TUNNEL_UNKNOWN_VNI("from a tunnel, of a network that is not here"),
    /** From a tunnel, of a host that is none of the network's (V7). */
    TUNNEL_UNKNOWN_PEER("from a tunnel, of a host that is not in the network"),
    /** From a tunnel, for another tunnel or beyond this host (V8). */
    TUNNEL_SPLIT_HORIZON("from a tunnel, and not for this host's containers"),
    /** To be copied to several hosts, but no frame memory is left. */
    TUNNEL_NO_MEMORY("no frame memory left for a copy to another host"),
    /** For another host, and larger than the way there allows (O11). */
    TUNNEL_TOO_BIG("larger than the way to the other host allows"),
    /** An ICMP error about a tunnel's packet, or one that looks so, of which nothing follows (O12). */
    TUNNEL_ICMP("ICMP error about a tunnel that says nothing of what fits, or cannot be believed"),
    /** {@link VxlanDrop#OUTER_TRUNCATED}. */
    TUNNEL_OUTER_TRUNCATED(VxlanDrop.OUTER_TRUNCATED),
    /** {@link VxlanDrop#OUTER_PROTOCOL}. */
    TUNNEL_OUTER_PROTOCOL(VxlanDrop.OUTER_PROTOCOL),
    /** {@link VxlanDrop#OUTER_LENGTH}. */
    TUNNEL_OUTER_LENGTH(VxlanDrop.OUTER_LENGTH),
    /** {@link VxlanDrop#OUTER_CHECKSUM}. */
    TUNNEL_OUTER_CHECKSUM(VxlanDrop.OUTER_CHECKSUM),
    /** {@link VxlanDrop#OUTER_FRAGMENT}. */
    TUNNEL_OUTER_FRAGMENT(VxlanDrop.OUTER_FRAGMENT),
    /** {@link VxlanDrop#UDP_LENGTH}. */
    TUNNEL_UDP_LENGTH(VxlanDrop.UDP_LENGTH),
    /** {@link VxlanDrop#UDP_CHECKSUM}. */
    TUNNEL_UDP_CHECKSUM(VxlanDrop.UDP_CHECKSUM),
    /** {@link VxlanDrop#UDP_CHECKSUM_ABSENT}. */
    TUNNEL_UDP_CHECKSUM_ABSENT(VxlanDrop.UDP_CHECKSUM_ABSENT),
    /** {@link VxlanDrop#OFFLOAD}. */
    TUNNEL_OFFLOAD(VxlanDrop.OFFLOAD),
    /** {@link VxlanDrop#VXLAN_TRUNCATED}. */
    TUNNEL_VXLAN_TRUNCATED(VxlanDrop.VXLAN_TRUNCATED),
    /** {@link VxlanDrop#VXLAN_NO_VNI}. */
    TUNNEL_VXLAN_NO_VNI(VxlanDrop.VXLAN_NO_VNI),
    /** {@link VxlanDrop#VXLAN_GPE}. */
    TUNNEL_VXLAN_GPE(VxlanDrop.VXLAN_GPE),
    /** {@link VxlanDrop#VXLAN_GBP}. */
    TUNNEL_VXLAN_GBP(VxlanDrop.VXLAN_GBP),
    /** {@link VxlanDrop#INNER_TRUNCATED}. */
    TUNNEL_INNER_TRUNCATED(VxlanDrop.INNER_TRUNCATED),
    /** {@link VxlanDrop#INNER_SOURCE}. */
    TUNNEL_INNER_SOURCE(VxlanDrop.INNER_SOURCE),
    /** {@link VxlanDrop#INNER_TAG}. */
    TUNNEL_INNER_TAG(VxlanDrop.INNER_TAG),
    /** {@link VxlanDrop#INNER_ECN}. */
    TUNNEL_INNER_ECN(VxlanDrop.INNER_ECN),
    /** {@link VxlanDrop#TOO_LONG}. */
    TUNNEL_TOO_LONG(VxlanDrop.TOO_LONG),
    /** {@link VxlanDrop#TOO_MANY}. */
    TUNNEL_TOO_MANY(VxlanDrop.TOO_MANY),
    /** {@link VxlanDrop#NO_ROOM}. */
    TUNNEL_NO_ROOM(VxlanDrop.NO_ROOM),
    /** {@link VxlanDrop#UNMARKED}. */
    TUNNEL_UNMARKED(VxlanDrop.UNMARKED),
    /** {@link VxlanDrop#CLEAR}. */
    TUNNEL_CLEAR(VxlanDrop.CLEAR),
    /** {@link VxlanDrop#SEALED}. */
    TUNNEL_SEALED(VxlanDrop.SEALED),
    /** {@link VxlanDrop#SEAL_TRUNCATED}. */
    TUNNEL_SEAL_TRUNCATED(VxlanDrop.SEAL_TRUNCATED),
    /** {@link VxlanDrop#SEAL_KEY}. */
    TUNNEL_SEAL_KEY(VxlanDrop.SEAL_KEY),
    /** {@link VxlanDrop#SEAL_REPLAY}. */
    TUNNEL_SEAL_REPLAY(VxlanDrop.SEAL_REPLAY),
    /** {@link VxlanDrop#SEAL_FORGED}. */
    TUNNEL_SEAL_FORGED(VxlanDrop.SEAL_FORGED),
    /** {@link VxlanDrop#SEAL_NO_KEY}. */
    TUNNEL_SEAL_NO_KEY(VxlanDrop.SEAL_NO_KEY),
    /** {@link FragmentDrop#DUPLICATE}. */
    FRAGMENT_DUPLICATE(FragmentDrop.DUPLICATE),
    /** {@link FragmentDrop#OVERLAP}. */
    FRAGMENT_OVERLAP(FragmentDrop.OVERLAP),
    /** {@link FragmentDrop#GIVEN_UP}. */
    FRAGMENT_GIVEN_UP(FragmentDrop.GIVEN_UP),
    /** {@link FragmentDrop#MALFORMED}. */
    FRAGMENT_MALFORMED(FragmentDrop.MALFORMED),
    /** {@link FragmentDrop#TINY}. */
    FRAGMENT_TINY(FragmentDrop.TINY),
    /** {@link FragmentDrop#TOO_LONG}. */
    FRAGMENT_TOO_LONG(FragmentDrop.TOO_LONG),
    /** {@link FragmentDrop#TOO_MANY}. */
    FRAGMENT_TOO_MANY(FragmentDrop.TOO_MANY),
    /** {@link FragmentDrop#ECN_MIXED}. */
    FRAGMENT_ECN_MIXED(FragmentDrop.ECN_MIXED),
    /** {@link FragmentDrop#EVICTED}. */
    FRAGMENT_EVICTED(FragmentDrop.EVICTED),
    /** {@link FragmentDrop#TIMED_OUT}. */
    FRAGMENT_TIMED_OUT(FragmentDrop.TIMED_OUT),
    /** {@link FragmentDrop#OWNER_GONE}. */
    FRAGMENT_OWNER_GONE(FragmentDrop.OWNER_GONE);

    private static final DropReason[] VALUES = values();
    private static final DropReason[] OF_NAT = new DropReason[NatDrop.count()];
    private static final DropReason[] OF_TUNNELS = new DropReason[VxlanDrop.count()];
    private static final DropReason[] OF_FRAGMENTS = new DropReason[FragmentDrop.values().length];

    static {
        for (NatDrop drop : NatDrop.values()) {
            OF_NAT[drop.ordinal()] = valueOf("NAT_" + drop.name());
        }
        for (VxlanDrop drop : VxlanDrop.values()) {
            OF_TUNNELS[drop.ordinal()] = valueOf("TUNNEL_" + drop.name());
        }
        for (FragmentDrop drop : FragmentDrop.values()) {
            OF_FRAGMENTS[drop.ordinal()] = valueOf("FRAGMENT_" + drop.name());
        }
    }

    private final String sentence;

    DropReason(String sentence) {
        this.sentence = sentence;
    }

    DropReason(NatDrop drop) {
        this(drop.sentence());
    }

    DropReason(VxlanDrop drop) {
        this(drop.sentence());
    }

    DropReason(FragmentDrop drop) {
        this(drop.sentence());
    }

    /** {@return this reason as a negative verdict} */
    public int verdict() {
        return -1 - ordinal();
    }

    /** {@return the reason of a negative verdict} */
    public static DropReason of(int verdict) {
        return VALUES[-1 - verdict];
    }

    /** {@return the reason for which NAT refused a packet, of its code below 0} */
    static DropReason ofNat(int code) {
        return OF_NAT[-1 - code];
    }

    /** {@return the reason for which a frame did not enter or leave a tunnel, of its code below 0} */
    static DropReason ofTunnel(int code) {
        return OF_TUNNELS[-1 - code];
    }

    /** {@return the reason for which a fragment was dropped} */
    static DropReason of(FragmentDrop drop) {
        return OF_FRAGMENTS[drop.ordinal()];
    }

    /** {@return the name that drops, stats and metrics show: lower case with underscores} */
    public String word() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }

    /** {@return what happened, for people} */
    public String sentence() {
        return sentence;
    }

    /** {@return how many reasons there are} */
    public static int count() {
        return VALUES.length;
    }
}
