package io.tapswitch.dns;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.agrona.collections.IntArrayList;
import org.agrona.collections.LongArrayList;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/** Makes the rows of a {@link Zone} from its spec. The control plane's; it allocates as it likes. */
final class ZoneCompiler {
    /** What stands under a name. */
    private static final class Entry {
        private final Set<DnsAddress> addresses = new LinkedHashSet<>();
        /** Most names have none, and share the empty set. */
        private Set<StaticRecord> others = Set.of();

        private boolean own;
    }

    final ZoneSpec spec;
    final List<byte[]> names = new ArrayList<>();
    final IntArrayList starts4 = new IntArrayList();
    final IntArrayList ipv4 = new IntArrayList();
    final IntArrayList starts6 = new IntArrayList();
    final LongArrayList ipv6 = new LongArrayList();
    final IntArrayList startsOther = new IntArrayList();
    final IntArrayList otherTypes = new IntArrayList();
    final IntArrayList otherPlaces = new IntArrayList();
    final IntArrayList otherLengths = new IntArrayList();
    final ByteArrayOutputStream data = new ByteArrayOutputStream();
    final List<String> unusable = new ArrayList<>();

    /** By folded octets, each as a char. */
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    private final Map<String, byte[]> owned = new LinkedHashMap<>();
    private final Map<DnsAddress, byte[]> pointers = new HashMap<>();
    private final TreeMap<DnsAddress, Integer> places4 = new TreeMap<>();
    private final TreeMap<DnsAddress, Integer> places6 = new TreeMap<>();
    private final byte[] suffix;

    ZoneCompiler(ZoneSpec spec) {
        this.spec = spec;
        suffix = DnsName.parse(spec.suffix());
        if (spec.ownsSuffix() && suffix.length > 1) {
            own(suffix);
        }
        spec.owned().forEach(name -> own(DnsName.parse(name)));
        spec.hosts().forEach(this::add);
        spec.records().forEach(this::add);
        addBetween();
        spec.subnets().forEach(this::addAbove);
        layOut();
        pointers.forEach((address, name) -> {
            (address.isV4() ? places4 : places6).put(address, data.size());
            data.writeBytes(name);
        });
    }

    private void own(byte[] name) {
        owned.put(key(name), name);
        entry(name).own = true;
    }

    private void add(ZoneSpec.Host host) {
        byte[] first = null;
        for (String text : host.names()) {
            byte[] name = usable(text);
            if (name == null) {
                unusable.add(text);
                continue;
            }
            byte[] qualified = join(name, suffix);
            add(name, host.addresses());
            // A name that fits alone and not with the suffix is found alone.
            if (qualified.length <= DnsName.MAX_LENGTH && suffix.length > 1) {
                add(qualified, host.addresses());
            }
            boolean fits = spec.suffixInPointers() && qualified.length <= DnsName.MAX_LENGTH;
            first = first == null ? (fits ? qualified : name) : first;
        }
        if (first != null) {
            for (DnsAddress address : host.addresses()) {
                pointers.putIfAbsent(address, first);
            }
        }
    }

    private void add(byte[] name, List<DnsAddress> addresses) {
        Entry entry = entry(name);
        entry.own = true;
        entry.addresses.addAll(addresses);
    }

    private void add(StaticRecord record) {
        Entry entry = entry(DnsName.parse(record.name()));
        entry.own = true;
        UnsafeBuffer octets = new UnsafeBuffer(record.data());
        switch (record.type()) {
            case RecordType.A -> entry.addresses.add(DnsAddress.v4(Octets.int32(octets, 0)));
            case RecordType.AAAA ->
                entry.addresses.add(new DnsAddress(Octets.int64(octets, 0), Octets.int64(octets, 8)));
            default -> {
                entry.others = entry.others.isEmpty() ? new LinkedHashSet<>() : entry.others;
                entry.others.add(record);
            }
        }
    }

    /** The names between those that there are and the root exist too (RFC 8020). */
    private void addBetween() {
        for (String key : List.copyOf(entries.keySet())) {
            addAncestors(key);
        }
    }

    private void addAncestors(String key) {
        for (int at = key.charAt(0) + 1; at < key.length() - 1; at += key.charAt(at) + 1) {
            String ancestor = key.substring(at);
            if (!entries.containsKey(ancestor)) {
                entry(octets(ancestor)).own = isOwned(ancestor);
            }
        }
    }

    private boolean isOwned(String key) {
        for (int at = 0; at < key.length() - 1; at += key.charAt(at) + 1) {
            if (owned.containsKey(key.substring(at))) {
                return true;
            }
        }
        return false;
    }

    /** The reverse names above those of a subnet. */
    private void addAbove(ZoneSpec.Subnet subnet) {
        int bitsPerLabel = subnet.network().isV4() ? 8 : 4;
        // Of a subnet that ends between two labels the upper one is above; of one that ends at a label, its parent.
        int labels = Math.max(0, subnet.prefixLength() - 1) / bitsPerLabel;
        StringBuilder name = new StringBuilder(subnet.network().isV4() ? "in-addr.arpa" : "ip6.arpa");
        for (int label = 0; label < labels; label++) {
            int shift = 128 - (subnet.network().isV4() ? DnsAddress.V4_PREFIX : 0) - (label + 1) * bitsPerLabel;
            long part = shift >= Long.SIZE
                    ? subnet.network().hi() >>> (shift - Long.SIZE)
                    : subnet.network().lo() >>> shift;
            name.insert(0, subnet.network().isV4() ? (part & 0xFF) + "." : Long.toHexString(part & 0xF) + ".");
        }
        String key = key(DnsName.parse(name.toString()));
        if (subnet.prefixLength() > 0) {
            entry(octets(key));
        }
        addAncestors(key);
    }

    private void layOut() {
        for (Map.Entry<String, Entry> each : entries.entrySet()) {
            names.add(octets(each.getKey()));
            starts4.addInt(ipv4.size());
            starts6.addInt(ipv6.size() / 2);
            startsOther.addInt(otherTypes.size());
            for (DnsAddress address : each.getValue().addresses) {
                if (address.isV4()) {
                    ipv4.addInt((int) address.lo());
                } else {
                    ipv6.addLong(address.hi());
                    ipv6.addLong(address.lo());
                }
            }
            for (StaticRecord record : each.getValue().others) {
                byte[] octets = record.data();
                otherTypes.addInt(record.type());
                otherPlaces.addInt(data.size());
                otherLengths.addInt(octets.length);
                data.writeBytes(octets);
            }
        }
        starts4.addInt(ipv4.size());
        starts6.addInt(ipv6.size() / 2);
        startsOther.addInt(otherTypes.size());
    }

    /** {@return of each entry whether it is own} */
    boolean[] own() {
        boolean[] own = new boolean[entries.size()];
        int i = 0;
        for (Entry entry : entries.values()) {
            own[i++] = entry.own;
        }
        return own;
    }

    FoldedName[] ownedNames() {
        return owned.values().stream().map(ZoneCompiler::folded).toArray(FoldedName[]::new);
    }

    ReverseTable reverse(boolean isV4) {
        List<ZoneSpec.Subnet> subnets = spec.subnets().stream()
                .filter(subnet -> subnet.network().isV4() == isV4)
                .toList();
        return new ReverseTable(isV4 ? places4 : places6, subnets);
    }

    private Entry entry(byte[] name) {
        return entries.computeIfAbsent(key(name), key -> new Entry());
    }

    private static byte @Nullable [] usable(String text) {
        try {
            byte[] name = DnsName.parse(text);
            return name.length > 1 ? name : null;
        } catch (IllegalArgumentException _) {
            return null;
        }
    }

    private static byte[] join(byte[] name, byte[] end) {
        byte[] joined = new byte[name.length - 1 + end.length];
        System.arraycopy(name, 0, joined, 0, name.length - 1);
        System.arraycopy(end, 0, joined, name.length - 1, end.length);
        return joined;
    }

    private static FoldedName folded(byte[] name) {
        FoldedName folded = new FoldedName();
        folded.read(new UnsafeBuffer(name), 0, name.length);
        return folded;
    }

    private static String key(byte[] name) {
        byte[] folded = name.clone();
        for (int i = 0; i < folded.length; i++) {
            byte octet = folded[i];
            folded[i] = (byte) (octet >= 'A' && octet <= 'Z' ? octet + 'a' - 'A' : octet);
        }
        return new String(folded, StandardCharsets.ISO_8859_1);
    }

    private static byte[] octets(String key) {
        return key.getBytes(StandardCharsets.ISO_8859_1);
    }
}
