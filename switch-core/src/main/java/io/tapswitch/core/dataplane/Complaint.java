package io.tapswitch.core.dataplane;

import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.Icmpv6Header;

/** What a router tells the sender of a packet that it does not pass on, as type and code of both families. */
enum Complaint {
    /** No TTL left (RFC 792, RFC 4443 section 3.3). */
    TIME_EXCEEDED(IcmpHeader.TIME_EXCEEDED, 0, Icmpv6Header.TIME_EXCEEDED, 0),
    /** The other fragments did not come. */
    NOT_REASSEMBLED(IcmpHeader.TIME_EXCEEDED, 1, Icmpv6Header.TIME_EXCEEDED, 1),
    /** It is not allowed. */
    PROHIBITED(
            IcmpHeader.DESTINATION_UNREACHABLE,
            IcmpHeader.ADMINISTRATIVELY_PROHIBITED,
            Icmpv6Header.DESTINATION_UNREACHABLE,
            Icmpv6Header.ADMINISTRATIVELY_PROHIBITED),
    /** There is no way. */
    NO_ROUTE(
            IcmpHeader.DESTINATION_UNREACHABLE,
            IcmpHeader.NET_UNREACHABLE,
            Icmpv6Header.DESTINATION_UNREACHABLE,
            Icmpv6Header.NO_ROUTE),
    /** The next hop does not answer. */
    NO_NEIGHBOUR(
            IcmpHeader.DESTINATION_UNREACHABLE,
            IcmpHeader.HOST_UNREACHABLE,
            Icmpv6Header.DESTINATION_UNREACHABLE,
            Icmpv6Header.ADDRESS_UNREACHABLE),
    /** It is larger than the way allows (RFC 1191, RFC 8201). */
    TOO_BIG(IcmpHeader.DESTINATION_UNREACHABLE, IcmpHeader.FRAGMENTATION_NEEDED, Icmpv6Header.PACKET_TOO_BIG, 0);

    final int type4;
    final int code4;
    final int type6;
    final int code6;

    Complaint(int type4, int code4, int type6, int code6) {
        this.type4 = type4;
        this.code4 = code4;
        this.type6 = type6;
        this.code6 = code6;
    }
}
