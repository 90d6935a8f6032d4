package io.tapswitch.dns;

import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The names of one network, as the responder asks for them. Immutable: a change of the network compiles another one,
 * the zones of other networks stay, and workers take the new one with the rest of their tables.
 *
 * <h2>Theory of operation</h2>
 *
 * What a container sees is a row of zones ({@link ClientView}), so that a name that many see is stored once, and
 * somebody who joins a network changes one zone and no other. A name is an entry of {@link NameTable}; {@code web} and
 * {@code web.net1} are two entries, so that a question is one search a zone, and a name is found in whatever form it is
 * asked for, or not at all. An entry has ranges of three rows, all in the order of the spec:
 *
 * <pre>
 *   entry e     ipv4[starts4[e] .. starts4[e + 1] - 1]        ints
 *               ipv6[2 * starts6[e] .. ]                      pairs of longs
 *               others[startsOther[e] .. ]                    type, place and length of their data
 *   data        octets of other records and of the names of addresses
 * </pre>
 *
 * <p>An entry is <b>own</b> when the name is the zone's: a host's, a record's, the suffix, or one between them and the
 * suffix. It is answered here whatever the type (D8). An entry that is not own is only <b>above</b> an own one
 * ({@code example.org} where there is a record for {@code db.example.org}): it exists (RFC 8020), but others know more
 * of it, and are asked where anybody is.
 *
 * <p>Names of addresses are not entries: {@link ReverseName} makes an address of the question, and {@link ReverseTable}
 * has its name. Everything below the subnets of a zone is the zone's, with a name or without one (D7).
 */
public final class Zone {
    /** A zone of nothing. */
    public static final Zone EMPTY =
            compile(ZoneSpec.network("").ownsSuffix(false).build());

    private final NameTable names;
    private final boolean[] own;
    private final int[] starts4;
    private final int[] ipv4;
    private final int[] starts6;
    private final long[] ipv6;
    private final int[] startsOther;
    private final char[] otherTypes;
    private final int[] otherPlaces;
    private final char[] otherLengths;
    private final UnsafeBuffer data;
    private final FoldedName[] owned;
    private final ReverseTable reverse4;
    private final ReverseTable reverse6;
    private final String suffix;
    private final List<String> unusable;

    Zone(ZoneCompiler c) {
        names = new NameTable(c.names);
        own = c.own();
        starts4 = c.starts4.toIntArray();
        ipv4 = c.ipv4.toIntArray();
        starts6 = c.starts6.toIntArray();
        ipv6 = c.ipv6.toLongArray();
        startsOther = c.startsOther.toIntArray();
        otherTypes = new char[c.otherTypes.size()];
        otherPlaces = c.otherPlaces.toIntArray();
        otherLengths = new char[c.otherTypes.size()];
        for (int i = 0; i < otherTypes.length; i++) {
            otherTypes[i] = (char) c.otherTypes.getInt(i);
            otherLengths[i] = (char) c.otherLengths.getInt(i);
        }
        data = new UnsafeBuffer(c.data.toByteArray());
        owned = c.ownedNames();
        reverse4 = c.reverse(true);
        reverse6 = c.reverse(false);
        suffix = c.spec.suffix();
        unusable = List.copyOf(c.unusable);
    }

    /**
     * {@return the zone of a spec}
     *
     * @throws IllegalArgumentException if the suffix, an owned name or that of a record is none, which whoever takes it
     *     from people has to refuse before; names of hosts that DNS cannot carry are left out ({@link #unusable})
     */
    public static Zone compile(ZoneSpec spec) {
        return new Zone(new ZoneCompiler(spec));
    }

    /** {@return the network's name} */
    public String suffix() {
        return suffix;
    }

    /** {@return names of hosts that DNS cannot carry, so nobody finds them: mostly a label of more than 63 octets} */
    public List<String> unusable() {
        return unusable;
    }

    /** {@return how many names there are, in all their forms} */
    public int size() {
        return names.size();
    }

    /** {@return octets that it takes, nearly} */
    public long footprintBytes() {
        return names.footprintBytes()
                + reverse4.footprintBytes()
                + reverse6.footprintBytes()
                + 4L * (starts4.length + starts6.length + startsOther.length + ipv4.length)
                + 8L * (ipv6.length + otherTypes.length)
                + own.length
                + data.capacity();
    }

    /** {@return the entry of a name, or {@link NameTable#NONE}} */
    int find(FoldedName name) {
        return names.find(name);
    }

    boolean isOwn(int entry) {
        return own[entry];
    }

    /** {@return the label at which the name begins below which the asked one is ours, or -1} */
    int ownedFrom(FoldedName name) {
        int first = -1;
        for (FoldedName each : owned) {
            int label = name.endsWith(each);
            // The longest: the zone that is cut out of another.
            first = label >= 0 && (first < 0 || label < first) ? label : first;
        }
        return first;
    }

    ReverseTable reverse(boolean isV4) {
        return isV4 ? reverse4 : reverse6;
    }

    int ipv4Begin(int entry) {
        return starts4[entry];
    }

    int ipv4Count(int entry) {
        return starts4[entry + 1] - starts4[entry];
    }

    int ipv4(int index) {
        return ipv4[index];
    }

    int ipv6Begin(int entry) {
        return starts6[entry];
    }

    int ipv6Count(int entry) {
        return starts6[entry + 1] - starts6[entry];
    }

    long ipv6Hi(int index) {
        return ipv6[2 * index];
    }

    long ipv6Lo(int index) {
        return ipv6[2 * index + 1];
    }

    int othersBegin(int entry) {
        return startsOther[entry];
    }

    int othersEnd(int entry) {
        return startsOther[entry + 1];
    }

    int otherType(int index) {
        return otherTypes[index];
    }

    int otherPlace(int index) {
        return otherPlaces[index];
    }

    int otherLength(int index) {
        return otherLengths[index];
    }

    DirectBuffer data() {
        return data;
    }
}
