package io.tapswitch.wire;

/** Protocol numbers of IPv4's protocol and IPv6's next header fields (IANA protocol-numbers). */
public final class IpProtocol {
    /** IPv6 hop-by-hop options (RFC 8200 §4.3). */
    public static final int HOP_BY_HOP = 0;
    /** ICMP. */
    public static final int ICMP = 1;
    /** IGMP. */
    public static final int IGMP = 2;
    /** TCP. */
    public static final int TCP = 6;
    /** UDP. */
    public static final int UDP = 17;
    /** DCCP (RFC 4340). */
    public static final int DCCP = 33;
    /** IPv6 routing header (RFC 8200 §4.4). */
    public static final int ROUTING = 43;
    /** IPv6 fragment header (RFC 8200 §4.5). */
    public static final int FRAGMENT = 44;
    /** GRE. */
    public static final int GRE = 47;
    /** Encapsulating security payload. */
    public static final int ESP = 50;
    /** Authentication header (RFC 4302). */
    public static final int AUTHENTICATION = 51;
    /** ICMPv6. */
    public static final int ICMPV6 = 58;
    /** IPv6: nothing follows (RFC 8200 §4.7). */
    public static final int NO_NEXT_HEADER = 59;
    /** IPv6 destination options (RFC 8200 §4.6). */
    public static final int DESTINATION_OPTIONS = 60;
    /** SCTP. */
    public static final int SCTP = 132;
    /** IPv6 mobility header (RFC 6275). */
    public static final int MOBILITY = 135;
    /** UDP-Lite (RFC 3828). */
    public static final int UDP_LITE = 136;
    /** Host identity protocol (RFC 7401). */
    public static final int HIP = 139;
    /** Shim6 (RFC 5533). */
    public static final int SHIM6 = 140;

    private IpProtocol() {}
}
