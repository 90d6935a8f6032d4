package io.tapswitch.core.names;

import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import org.jspecify.annotations.Nullable;

/** The names that addresses are asked for by (RFC 1035 section 3.5, RFC 3596 section 2.5). */
final class ReverseName {
    private static final int NIBBLES = 16;

    private ReverseName() {}

    /** {@return the name under in-addr.arpa or ip6.arpa; null when the text is no address} */
    static @Nullable String of(String text) {
        IpAddress address;
        try {
            address = IpAddress.parse(text);
        } catch (IllegalArgumentException e) {
            return null;
        }
        StringBuilder name = new StringBuilder();
        switch (address) {
            case Ipv4Address four -> {
                for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
                    name.append(four.bits() >>> shift & 0xFF).append('.');
                }
                name.append("in-addr.arpa");
            }
            case Ipv6Address six -> {
                for (long half : new long[] {six.lo(), six.hi()}) {
                    for (int nibble = 0; nibble < NIBBLES; nibble++) {
                        name.append(Long.toHexString(half >>> (nibble * 4) & 0xF))
                                .append('.');
                    }
                }
                name.append("ip6.arpa");
            }
        }
        return name.toString();
    }
}
