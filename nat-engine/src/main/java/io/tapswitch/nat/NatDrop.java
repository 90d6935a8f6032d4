package io.tapswitch.nat;

import java.util.Locale;

/**
 * Why a packet is not translated. Such a packet is dropped and counted under its reason: passed on as it is, it would
 * carry an inside source to the outside (N20), which kernel NAT does with most of what is listed here.
 *
 * <p>On the packet's way a reason is a negative number, {@link #code}; 0 and above is no drop.
 */
public enum NatDrop {
    /** Fewer bytes than an IP header has. */
    IP_TRUNCATED("IP header is cut off"),
    /** IP version is not that of the EtherType. */
    IP_VERSION("IP version contradicts the EtherType"),
    /** IPv4 header length below 20 or beyond the frame (N25). */
    IP_HEADER_LENGTH("bad IP header length"),
    /** Total length below the header's or beyond the frame (N25). */
    IP_TOTAL_LENGTH("bad IP total length"),
    /** IPv4 header checksum is wrong (RFC 1812 §5.2.2). */
    IP_CHECKSUM("wrong IP header checksum"),
    /** IPv4 options that cannot be walked to their end (N25). */
    IP_OPTIONS("malformed IP options"),
    /** Loose or strict source route (N25), or an IPv6 routing header that is not used up. */
    SOURCE_ROUTE("the sender wants to choose the route"),
    /** IPv6 extension headers: too many, cut off, in a forbidden order, or a jumbogram. */
    IP6_EXTENSION("IPv6 extension headers malformed, forbidden or too many"),
    /** Source or destination is multicast, broadcast, unspecified, or IPv4 written as IPv6. */
    IP_ADDRESS("source or destination is no address of a single host"),
    /** A partial checksum that is not the one of the packet's transport header. */
    OFFLOAD("offload header does not describe the packet's checksum"),
    /** Fewer bytes than the transport header has. */
    TRANSPORT_TRUNCATED("TCP, UDP, SCTP or ICMP header is cut off"),
    /** UDP length below 8 or beyond the packet (N20). */
    UDP_LENGTH("bad UDP length"),
    /** UDP checksum is wrong (N20). */
    UDP_CHECKSUM("wrong UDP checksum"),
    /** TCP data offset below 20 bytes or beyond the packet (N20). */
    TCP_DATA_OFFSET("bad TCP data offset"),
    /** TCP checksum is wrong (N20, N13). */
    TCP_CHECKSUM("wrong TCP checksum"),
    /** TCP without any flag (N20). */
    TCP_NO_FLAGS("TCP without flags"),
    /** TCP that begins and ends a connection at once (N20). */
    TCP_SYN_FIN("TCP with SYN and FIN"),
    /** TCP that begins and resets a connection at once. */
    TCP_SYN_RST("TCP with SYN and RST"),
    /** TCP with FIN, PSH and URG, as port scanners send it (N20). */
    TCP_XMAS("TCP with FIN, PSH and URG and no ACK"),
    /** Any other flags that no TCP sends: neither SYN, RST nor ACK, or RST with FIN. */
    TCP_FLAGS("impossible TCP flags"),
    /** A reset of no known connection (N20). */
    TCP_STRAY_RST("TCP reset of no known connection"),
    /** An end of no known connection (N20). */
    TCP_STRAY_FIN("TCP FIN of no known connection"),
    /** Any other segment that neither belongs to a known connection nor begins one; N14 may still take it up. */
    TCP_STRAY("TCP segment of no known connection"),
    /** Source or destination port is 0 (N26): no mapping may ever catch that. */
    PORT_ZERO("source or destination port is 0"),
    /** ICMP checksum is wrong (N19, N20). */
    ICMP_CHECKSUM("wrong ICMP checksum"),
    /** An ICMP message that does not cross routers, or that nobody should believe: redirect, source quench, .... */
    ICMP_TYPE("ICMP type that is not translated"),
    /** An ICMP error that quotes less than the ports of what it is about (N19). */
    ICMP_QUOTE_SHORT("ICMP error quotes too little"),
    /** An ICMP error about what cannot have been translated here: a later fragment, another error, another's packet. */
    ICMP_QUOTE("ICMP error about what its receiver did not send"),
    /** An ICMP reply to no known request. */
    ICMP_STRAY_REPLY("ICMP reply to no known request"),
    /** A protocol that covers the addresses by a checksum or a signature of its own (N32). */
    PROTOCOL("protocol that does not survive translation"),
    /** A fragment: it is to be reassembled before it is translated (N22). */
    FRAGMENT("fragment that was not reassembled"),
    /** From outside, and neither an answer nor for a published port (N4, N15). */
    NO_MAPPING("no flow and no published port is for it"),
    /** The published port's allow-list does not have the peer. */
    NOT_ALLOWED("the published port's allow-list refuses the peer"),
    /** A loopback address, and it did not come from the host itself (P6). */
    LOOPBACK_ONLY("loopback address in a packet from outside the host"),
    /** No outside port is left for a new mapping (N16). */
    PORTS_EXHAUSTED("no outside port is left"),
    /** No entry is left for a new flow (N16, N17). */
    TABLE_FULL("the flow table is full"),
    /** The endpoint has as many flows as it may have (N16). */
    QUOTA("the endpoint has used up its quota of flows"),
    /** Another inside endpoint speaks this protocol without ports with the peer (N32). */
    PROTOCOL_BUSY("another container speaks this protocol with the same peer"),
    /** The container sees a flow of the same peer, and no other port was found under which to show it the new one. */
    FLOW_CLASH("another flow of the peer looks the same to the container"),
    /** Time to live used up (N23). */
    TTL_EXPIRED("time to live is used up"),
    /** A TCP segment that its side could not send now (N13). */
    TCP_STATE("TCP segment does not fit the state of its connection"),
    /** TCP data or acknowledgement outside the windows (N13). */
    TCP_WINDOW("TCP segment lies outside the window"),
    /** A TCP reset outside the window (N12). */
    TCP_RESET_WINDOW("TCP reset lies outside the window"),
    /** The sender, or who it is for, is no endpoint of the present version at this address (N29). */
    UNKNOWN_ENDPOINT("no endpoint has this inside address"),
    /** An ICMP error about a packet of no known flow (N19). */
    ICMP_UNKNOWN_FLOW("ICMP error about no known flow"),
    /** The kernel has no route to the destination, or it leads to no uplink. */
    NO_ROUTE("no route leads to the destination by an uplink"),
    /** New destinations come faster than the kernel is asked about them. */
    ROUTE_RATE("too many new destinations at once"),
    /** The route leaves with an address that is not one of the host's known ones, or is of the other family. */
    NO_OUTSIDE_ADDRESS("no address of the host to leave with");

    private static final NatDrop[] VALUES = values();

    private final String sentence;

    NatDrop(String sentence) {
        this.sentence = sentence;
    }

    /** {@return this reason as a negative number} */
    public int code() {
        return -1 - ordinal();
    }

    /** {@return the reason of a negative number} */
    public static NatDrop of(int code) {
        return VALUES[-1 - code];
    }

    /** {@return the name for counters: lower case with underscores} */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
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
