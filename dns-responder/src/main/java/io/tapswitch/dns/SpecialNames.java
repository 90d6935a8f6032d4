package io.tapswitch.dns;

import java.util.List;

/**
 * Names that no server of the outside may be asked for, whoever asks: a zone that comes last in a view, so that a
 * network's own names come first.
 *
 * <ul>
 *   <li>{@code localhost} and all below it are this host, as everywhere (RFC 6761 §6.3); only itself has addresses.
 *   <li>{@code invalid} and {@code test} do not exist (RFC 6761 §6.2, §6.4), nor does {@code onion} here (RFC 7686).
 *   <li>Reverse names of addresses that mean another host on every network: loopback, this network, link-local,
 *       broadcast (RFC 6303 §4.2 to §4.5). Those of private networks are not among them: the upstreams of a company
 *       know theirs.
 * </ul>
 */
public final class SpecialNames {
    private static final DnsAddress LOOPBACK4 = DnsAddress.v4(0x7F00_0001);
    private static final DnsAddress LOOPBACK6 = new DnsAddress(0, 1);

    private SpecialNames() {}

    /** {@return the spec of the zone} */
    public static ZoneSpec spec() {
        return ZoneSpec.network("")
                .suffixInPointers(false)
                .owns("localhost")
                .owns("invalid")
                .owns("test")
                .owns("onion")
                .host(List.of("localhost"), LOOPBACK4, LOOPBACK6)
                .subnet(DnsAddress.v4(0), 8)
                .subnet(DnsAddress.v4(0x7F00_0000), 8)
                .subnet(DnsAddress.v4(0xA9FE_0000), 16)
                .subnet(DnsAddress.v4(0xFFFF_FFFF), 32)
                .subnet(new DnsAddress(0, 0), 128)
                .subnet(LOOPBACK6, 128)
                .subnet(new DnsAddress(0xFE80L << 48, 0), 10)
                .build();
    }
}
