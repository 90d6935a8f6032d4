package io.tapswitch.core.config;

import io.tapswitch.core.config.Configuration.Nat;
import io.tapswitch.core.config.Configuration.Uplink;
import io.tapswitch.core.document.Fields;
import io.tapswitch.wire.IpAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The keys about the way to the outside: {@code uplink} and {@code nat}. */
final class OutsideEntries {
    private static final Map<Uplink.Mode, Set<String>> UPLINK = Map.of(
            Uplink.Mode.SHARED,
            Set.of("mode", "interface"),
            Uplink.Mode.DEDICATED,
            Set.of("mode", "parent", "address", "gateway"),
            Uplink.Mode.NONE,
            Set.of("mode"));
    private static final Set<String> NAT = Set.of("udp-timeout", "port-range");

    private static final Pattern SECONDS = Pattern.compile("([1-9]\\d{0,6})([smh])");
    private static final Pattern PORTS = Pattern.compile("([1-9]\\d{3,4})-([1-9]\\d{3,4})");

    /** RFC 4787 REQ-5: a mapping lives for two minutes at least. */
    private static final Duration UDP_TIMEOUT_MIN = Duration.ofMinutes(2);

    private static final Duration UDP_TIMEOUT_MAX = Duration.ofHours(24);
    private static final int PORT_MIN = 1_024;
    private static final int PORT_MAX = 65_535;

    private OutsideEntries() {}

    /** {@return the way to the outside, null when the file says nothing of it} */
    static @Nullable Uplink uplink(Fields root) {
        if (!root.has("uplink")) {
            return null;
        }
        Fields fields = root.anyKeysOrNothing("uplink");
        Uplink.Mode mode = fields.parse("mode", Uplink.Mode::of);
        fields.only(UPLINK.getOrDefault(mode, Set.of()));
        String device = fields.optionalParse("interface", OwnAddress::device);
        return new Uplink(mode, device, mode == Uplink.Mode.DEDICATED ? own(root, fields) : null);
    }

    private static OwnAddress own(Fields root, Fields fields) {
        String parent = fields.optionalParse("parent", OwnAddress::device);
        List<Uplink.Address> addresses = fields.oneOrMore("address", OwnAddress::address);
        List<IpAddress> gateways = fields.oneOrMore("gateway", IpAddress::parse);
        if (parent == null || addresses.isEmpty()) {
            throw root.refuse("uplink", "dedicated needs the keys parent and address");
        }
        try {
            return new OwnAddress(parent, addresses, gateways);
        } catch (IllegalArgumentException e) {
            throw root.refuse("uplink", String.valueOf(e.getMessage()));
        }
    }

    /** {@return how addresses are translated; what the file does not say is as it is without a file} */
    static Nat nat(Fields root) {
        Fields fields = root.anyKeysOrNothing("nat").only(NAT);
        Duration timeout = fields.optionalParse("udp-timeout", OutsideEntries::duration);
        Nat.Ports ports = fields.optionalParse("port-range", OutsideEntries::ports);
        return new Nat(timeout == null ? Nat.DEFAULT.udpTimeout() : timeout, ports == null ? Nat.Ports.AUTO : ports);
    }

    private static Duration duration(String text) {
        Matcher parts = SECONDS.matcher(text);
        if (parts.matches()) {
            long count = Long.parseLong(parts.group(1));
            Duration duration = switch (parts.group(2)) {
                case "s" -> Duration.ofSeconds(count);
                case "m" -> Duration.ofMinutes(count);
                default -> Duration.ofHours(count);
            };
            if (duration.compareTo(UDP_TIMEOUT_MIN) >= 0 && duration.compareTo(UDP_TIMEOUT_MAX) <= 0) {
                return duration;
            }
        }
        throw new IllegalArgumentException("must be from 120s to 24h, such as 300s, is '" + text + "'");
    }

    private static Nat.Ports ports(String text) {
        Matcher parts = PORTS.matcher(text);
        if (text.equals("auto")) {
            return Nat.Ports.AUTO;
        }
        if (parts.matches()) {
            int first = Integer.parseInt(parts.group(1));
            int last = Integer.parseInt(parts.group(2));
            if (first >= PORT_MIN && first < last && last <= PORT_MAX) {
                return new Nat.Ports(first, last);
            }
        }
        throw new IllegalArgumentException(
                "must be auto, or a range within " + PORT_MIN + "-" + PORT_MAX + ", is '" + text + "'");
    }
}
