package io.tapswitch.core.dataplane;

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
    /** The ring towards the worker that owns the state is full. */
    HANDOFF_FULL("ring to the owning worker is full"),
    /** Egress link is down (-EIO). */
    TX_LINK_DOWN("egress link is down"),
    /** The kernel refused the frame as invalid (-EINVAL). */
    TX_INVALID("refused by the egress device as invalid"),
    /** Egress device is gone (-EBADFD) or its port was removed before the write. */
    TX_GONE("egress device is gone"),
    /** Any other failed write. */
    TX_ERROR("write to the egress device failed"),
    /** Read from a port that is in no network any more. */
    DETACHED("port is in no network"),
    /** An error in the switch itself, which its log describes. */
    INTERNAL_FAULT("an error in the switch itself, see its log");

    private static final DropReason[] VALUES = values();

    private final String sentence;

    DropReason(String sentence) {
        this.sentence = sentence;
    }

    /** {@return this reason as a negative verdict} */
    public int verdict() {
        return -1 - ordinal();
    }

    /** {@return the reason of a negative verdict} */
    public static DropReason of(int verdict) {
        return VALUES[-1 - verdict];
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
