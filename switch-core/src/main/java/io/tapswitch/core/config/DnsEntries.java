package io.tapswitch.core.config;

import io.tapswitch.core.document.Fields;
import io.tapswitch.dns.DnsAddress;
import io.tapswitch.dns.StaticRecord;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The keys about names: {@code dns}, and {@code dns} of a network. */
public final class DnsEntries {
    private static final Set<String> DNS = Set.of(
            "upstream", "ttl", "negative-ttl", "address", "records", "suffix-in-ptr", "generated-names", "search");
    private static final Set<String> OF_NETWORK = Set.of("upstream");
    private static final Pattern SECONDS = Pattern.compile("(0|[1-9]\\d{0,3})s");
    private static final Pattern WITH_PORT =
            Pattern.compile("(?:([0-9.]+)|\\[([0-9a-fA-F.]*:[0-9a-fA-F:.]*)\\]):([1-9]\\d{0,4})");
    private static final Pattern DOMAIN = Pattern.compile("[a-zA-Z0-9_-]{1,63}(\\.[a-zA-Z0-9_-]{1,63})*\\.?");
    private static final int DOMAIN_MAX = 253;
    private static final int TTL_MAX = 3_600;
    private static final int PORT = 53;
    /** Most search domains, as glibc reads them. */
    private static final int SEARCH_MAX = 32;

    private DnsEntries() {}

    /** {@return how names are answered; what the file does not say is as it is without a file} */
    static DnsSettings read(Fields root) {
        Fields fields = root.anyKeysOrNothing("dns").only(DNS);
        DnsSettings ifAbsent = DnsSettings.DEFAULT;
        Integer ttl = fields.optionalParse("ttl", DnsEntries::seconds);
        Integer negative = fields.optionalParse("negative-ttl", DnsEntries::seconds);
        Ipv4Address address = fields.optionalParse("address", DnsEntries::address);
        Ipv4Address resolver = address == null ? ifAbsent.address() : address;
        List<String> search = fields.oneOrMore("search", DnsEntries::domain);
        if (search.size() > SEARCH_MAX) {
            throw fields.refuse("search", "must be at most " + SEARCH_MAX + " domains, are " + search.size());
        }
        return new DnsSettings(
                resolver,
                ttl == null ? ifAbsent.ttlSeconds() : ttl,
                negative == null ? ifAbsent.negativeTtlSeconds() : negative,
                upstream(fields, resolver),
                ofNetworks(root, resolver),
                records(fields),
                fields.flag("suffix-in-ptr", ifAbsent.suffixInPointers()),
                fields.flag("generated-names", ifAbsent.generatedNames()),
                search);
    }

    private static @Nullable List<InetSocketAddress> upstream(Fields fields, Ipv4Address resolver) {
        if (!fields.has("upstream")) {
            return null;
        }
        List<InetSocketAddress> servers = fields.oneOrMore("upstream", DnsEntries::askable);
        if (servers.isEmpty()) {
            throw fields.refuse(
                    "upstream",
                    "names nobody: leave it out, and those that the host asks are asked; only members of internal"
                            + " networks ask nobody outside");
        }
        for (InetSocketAddress server : servers) {
            if (server.getAddress().getHostAddress().equals(resolver.toString())) {
                throw fields.refuse(
                        "upstream",
                        resolver + " is the resolver itself, where containers ask: name servers that it is to ask");
            }
        }
        return servers;
    }

    private static Map<String, List<InetSocketAddress>> ofNetworks(Fields root, Ipv4Address resolver) {
        Fields networks = root.anyKeysOrNothing("networks");
        Map<String, List<InetSocketAddress>> servers = new LinkedHashMap<>();
        for (String name : networks.keys()) {
            Fields dns = networks.anyKeysOrNothing(name).anyKeysOrNothing("dns").only(OF_NETWORK);
            List<InetSocketAddress> upstream = upstream(dns, resolver);
            if (upstream != null) {
                servers.put(name, upstream);
            }
        }
        return servers;
    }

    private static List<StaticRecord> records(Fields dns) {
        Fields fields = dns.anyKeysOrNothing("records");
        List<StaticRecord> records = new ArrayList<>();
        for (String name : fields.keys()) {
            try {
                domain(name);
            } catch (IllegalArgumentException e) {
                throw fields.refuse(name, String.valueOf(e.getMessage()));
            }
            for (IpAddress address : fields.oneOrMore(name, IpAddress::parse)) {
                records.add(StaticRecord.address(name, dnsAddress(address)));
            }
        }
        return records;
    }

    /** {@return the addresses of records, by name} */
    static Map<String, List<String>> words(List<StaticRecord> records) {
        Map<String, List<String>> words = new LinkedHashMap<>();
        for (StaticRecord record : records) {
            words.computeIfAbsent(record.name(), name -> new ArrayList<>())
                    .add(IpAddress.parse(host(record.data())).toString());
        }
        return words;
    }

    private static String host(byte[] octets) {
        try {
            return InetAddress.getByAddress(octets).getHostAddress();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** {@return an address, as names have it} */
    public static DnsAddress dnsAddress(IpAddress address) {
        return switch (address) {
            case Ipv4Address four -> DnsAddress.v4(four.bits());
            case Ipv6Address six -> new DnsAddress(six.hi(), six.lo());
        };
    }

    /**
     * {@return a server to ask: an address, or one with a port}
     *
     * @throws IllegalArgumentException that says what is wrong
     */
    public static InetSocketAddress server(String text) {
        return WITH_PORT.matcher(text).matches() ? withPort(text) : socketAddress(IpAddress.parse(text), PORT);
    }

    /**
     * {@return as {@link #server}, one that can be asked}
     *
     * @throws IllegalArgumentException that says what is wrong
     */
    public static InetSocketAddress askable(String text) {
        InetSocketAddress server = server(text);
        InetAddress address = server.getAddress();
        byte[] octets = address.getAddress();
        boolean isBroadcast =
                octets.length == Integer.BYTES && ByteBuffer.wrap(octets).getInt() == -1;
        if (isBroadcast || address.isMulticastAddress() || (octets[0] == 0 && !isSomewhere(octets))) {
            throw new IllegalArgumentException(text + " is the address of no single host, and cannot be asked");
        }
        return server;
    }

    /** {@return whether an address that begins with 0 is one of IPv6 that is not unspecified} */
    private static boolean isSomewhere(byte[] octets) {
        boolean isAny = true;
        for (byte octet : octets) {
            isAny &= octet == 0;
        }
        return octets.length > Integer.BYTES && !isAny;
    }

    /**
     * {@return an address with a port}
     *
     * @throws IllegalArgumentException that says what is wrong
     */
    public static InetSocketAddress withPort(String text) {
        Matcher parts = WITH_PORT.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException(
                    "must be an address and a port from 1 to 65535, such as 127.0.0.1:9642 or [::1]:9642");
        }
        int port = Integer.parseInt(parts.group(3));
        if (port > 0xffff) {
            throw new IllegalArgumentException("port " + port + " is not between 1 and 65535");
        }
        return socketAddress(IpAddress.parse(parts.group(parts.group(1) == null ? 2 : 1)), port);
    }

    /** {@return what {@link #server} takes, of each} */
    static List<String> texts(List<InetSocketAddress> servers) {
        return servers.stream().map(DnsEntries::text).toList();
    }

    /** {@return what {@link #server} takes: without the usual port} */
    public static String text(InetSocketAddress server) {
        IpAddress address = IpAddress.parse(server.getAddress().getHostAddress());
        if (server.getPort() == PORT) {
            return address.toString();
        }
        return (address.isIpv6() ? "[" + address + "]" : address.toString()) + ":" + server.getPort();
    }

    private static InetSocketAddress socketAddress(IpAddress address, int port) {
        byte[] octets = switch (address) {
            case Ipv4Address four -> ByteBuffer.allocate(4).putInt(four.bits()).array();
            case Ipv6Address six ->
                ByteBuffer.allocate(16).putLong(six.hi()).putLong(six.lo()).array();
        };
        try {
            return new InetSocketAddress(InetAddress.getByAddress(octets), port);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static Ipv4Address address(String text) {
        Ipv4Address address = Ipv4Address.parse(text);
        int first = address.bits() >>> 24;
        if (first == 0 || first == 127 || first >= 224) {
            throw new IllegalArgumentException("must be the address of a single host, is " + address);
        }
        return address;
    }

    private static String domain(String text) {
        if (text.length() > DOMAIN_MAX || !DOMAIN.matcher(text).matches()) {
            throw new IllegalArgumentException("'" + text + "' is no domain, such as example.com");
        }
        return text;
    }

    private static Integer seconds(String text) {
        Matcher parts = SECONDS.matcher(text);
        if (parts.matches() && Integer.parseInt(parts.group(1)) <= TTL_MAX) {
            return Integer.valueOf(parts.group(1));
        }
        throw new IllegalArgumentException("must be from 0s to " + TTL_MAX + "s, such as 5s, is '" + text + "'");
    }
}
