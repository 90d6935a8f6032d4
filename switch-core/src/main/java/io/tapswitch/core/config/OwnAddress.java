package io.tapswitch.core.config;

import io.tapswitch.core.config.Configuration.Uplink.Address;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Prefix;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.Ipv6Prefix;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the mode {@code dedicated} needs: a device of ours on the LAN of one of the host's, with addresses of its own.
 *
 * @param parent name of the host's device
 * @param addresses one of each family at most, and one at least
 * @param gateways behind which everybody else is, one of each family at most
 */
public record OwnAddress(String parent, List<Address> addresses, List<IpAddress> gateways) {
    /** IFNAMSIZ of linux/if.h, less the 0 at the end; a comma ends it on the command line. */
    private static final Pattern DEVICE = Pattern.compile("[^\\s/:,]{1,15}");

    private static final Pattern WITH_LENGTH = Pattern.compile("([^/]+)/(\\d{1,3})");
    /** Begin of the names of the switch's own interfaces. */
    private static final String OURS = "tapswitch";

    private static final int LOOPBACK = 127;
    private static final int MULTICAST = 224;
    private static final int MULTICAST6 = 0xff;
    private static final int ALMOST_ALL_BITS4 = 31;

    /**
     * Refuses what has no meaning, whatever the host is.
     *
     * @throws IllegalArgumentException that says what and why
     */
    public OwnAddress {
        addresses = List.copyOf(addresses);
        gateways = List.copyOf(gateways);
        if (parent.equals("lo") || parent.startsWith(OURS)) {
            throw new IllegalArgumentException("parent " + parent + " is "
                    + (parent.equals("lo") ? "the loopback interface" : "one of the switch's own interfaces")
                    + ": it must be an interface of the host that is on the LAN, such as eth0");
        }
        if (addresses.isEmpty()) {
            throw new IllegalArgumentException("dedicated needs an address and its prefix length");
        }
        for (boolean ipv6 : new boolean[] {false, true}) {
            String family = ipv6 ? "IPv6" : "IPv4";
            Address own =
                    only(addresses.stream().filter(address -> address.ip().isIpv6() == ipv6), family + " address");
            IpAddress gateway =
                    only(gateways.stream().filter(address -> address.isIpv6() == ipv6), family + " gateway");
            if (own != null) {
                check(own);
            }
            if (gateway != null) {
                check(gateway, own);
            }
        }
    }

    private static <T> @Nullable T only(Stream<T> some, String what) {
        List<T> all = some.toList();
        if (all.size() > 1) {
            throw new IllegalArgumentException("one " + what + " is possible, not " + all.size());
        }
        return all.isEmpty() ? null : all.getFirst();
    }

    private static void check(Address own) {
        String why = switch (own.ip()) {
            case Ipv4Address four -> {
                int first = four.bits() >>> 24;
                int host = own.length() >= ALMOST_ALL_BITS4 ? 1 : four.bits() << own.length() >>> own.length();
                int all = own.length() >= ALMOST_ALL_BITS4 ? 0 : -1 >>> own.length();
                yield first == 0 || first == LOOPBACK || first >= MULTICAST
                        ? "no address of a host on a LAN"
                        : host == 0 ? "the subnet's own" : host == all ? "the subnet's broadcast address" : "";
            }
            case Ipv6Address six -> {
                int first = (int) (six.hi() >>> 56);
                boolean linkLocal = six.hi() >>> 54 == 0x3fa;
                yield first == MULTICAST6 || linkLocal || six.hi() == 0 ? "no global or unique local address" : "";
            }
        };
        if (!why.isEmpty()) {
            throw new IllegalArgumentException("address " + own + " is " + why);
        }
    }

    private static void check(IpAddress gateway, @Nullable Address own) {
        if (own == null) {
            throw new IllegalArgumentException("gateway " + gateway + " needs an address of its family");
        }
        boolean near = switch (own.ip()) {
            case Ipv4Address four ->
                Ipv4Prefix.containing(four, own.length()).equals(containing((Ipv4Address) gateway, own.length()));
            case Ipv6Address six -> {
                Ipv6Address router = (Ipv6Address) gateway;
                boolean linkLocal = router.hi() >>> 54 == 0x3fa;
                IpPrefix there = Ipv6Prefix.containing(router, own.length());
                yield linkLocal || Ipv6Prefix.containing(six, own.length()).equals(there);
            }
        };
        if (!near || gateway.equals(own.ip())) {
            throw new IllegalArgumentException("gateway " + gateway + " is "
                    + (near ? "the address itself" : "not in the subnet of " + own)
                    + ": it must be a neighbour on the LAN");
        }
    }

    private static IpPrefix containing(Ipv4Address address, int length) {
        return Ipv4Prefix.containing(address, length);
    }

    /**
     * {@return what PARENT,ADDRESS/LENGTH[,ADDRESS/LENGTH][,GATEWAY][,GATEWAY] says}
     *
     * @throws IllegalArgumentException that says what is wrong
     */
    public static OwnAddress parse(String text) {
        String[] parts = text.split(",", -1);
        List<Address> addresses = new ArrayList<>();
        List<IpAddress> gateways = new ArrayList<>();
        for (int i = 1; i < parts.length; i++) {
            if (parts[i].indexOf('/') >= 0) {
                addresses.add(address(parts[i]));
            } else {
                gateways.add(IpAddress.parse(parts[i]));
            }
        }
        return new OwnAddress(device(parts[0]), addresses, gateways);
    }

    /** {@return a name that an interface can have} */
    static String device(String name) {
        if (!DEVICE.matcher(name).matches()) {
            throw new IllegalArgumentException("must be the name of an interface, is '" + name + "'");
        }
        return name;
    }

    static Address address(String text) {
        Matcher parts = WITH_LENGTH.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException("must be an address and its prefix length, such as 192.0.2.2/24");
        }
        IpAddress ip = IpAddress.parse(parts.group(1));
        int length = Integer.parseInt(parts.group(2));
        if (length > ip.width()) {
            throw new IllegalArgumentException("prefix length " + length + " is not between 0 and " + ip.width());
        }
        return new Address(ip, length);
    }

    /** {@return what {@link #parse} takes} */
    @Override
    public String toString() {
        return Stream.of(Stream.of(parent), addresses.stream(), gateways.stream())
                .flatMap(words -> words)
                .map(Object::toString)
                .collect(Collectors.joining(","));
    }
}
