package io.tapswitch.nat;

import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * Which published port a packet from outside is for (P1, P2, N7). Immutable: a change of the rules compiles another
 * table, and all workers read the same one.
 *
 * <h2>Theory of operation</h2>
 *
 * A rule is an interval of ports and costs one entry, whether it has one port or 60 000. Entries are sorted by group,
 * then by first port; a group is a protocol, a family and an address slot (or any), and in it intervals never overlap:
 *
 * <pre>
 *   group  = (protocol 0..2 * 2 + family) * 257 + slot, 256 being any
 *   groups   [ first entry of group 0 | of group 1 | ... | number of entries ]
 *   entries  parallel arrays: first port, last port, inside ..., rule id, allow-list
 * </pre>
 *
 * The entry that may hold a port is the last of its group that begins at or below it. A group of few entries is
 * searched by halves. One of more than {@link #SPARSE} has a bitmap of the 65 536 ports with a bit where an interval
 * begins, and for each word of it how many begin before: the entry is that number plus a count of bits, the same two
 * loads for 33 rules as for 60 000. A bitmap with its numbers is 10 KiB, which its more than 32 entries pay for, so
 * memory is bounded by the number of rules: at most {@link #MAX_BYTES_PER_RULE} each, and a fixed {@link
 * #FIXED_BYTES}.
 *
 * <p>An exact address comes before any, as in docker: a rule for 192.0.2.1:80 hides one for 0.0.0.0:80 there, and if
 * its allow-list refuses a peer, the other is not asked. That both exist is for the control plane to refuse (P2); two
 * rules of one group that share a port are a fault here ({@link #compile} throws).
 *
 * <p>The other way round, which TCP rule a port of an endpoint belongs to, is asked only for connections that are taken
 * up (N14): {@link #ofInside}, over the rules in the order of family, endpoint and inside port.
 *
 * <p>What a packet meets is {@link #find}, then {@link #allows}; none of these allocates.
 */
public final class DnatRules {
    /** No rule. */
    public static final int NONE = -1;
    /** More than one rule. */
    public static final int SEVERAL = -2;
    /** Bytes of a table without rules, an upper bound. */
    public static final int FIXED_BYTES = 13_000;
    /** Bytes that a rule adds, its allow-list aside, an upper bound. */
    public static final int MAX_BYTES_PER_RULE = 512;

    private static final int ANY_SLOT = DnatRule.SLOTS;
    private static final int SLOT_GROUPS = DnatRule.SLOTS + 1;
    private static final int PROTOCOLS = 3;
    private static final int GROUPS = PROTOCOLS * 2 * SLOT_GROUPS;
    private static final int SPARSE = 32;
    private static final int WORDS = 65_536 / Long.SIZE;
    private static final int PORT = 0xFFFF;

    private static final int PORT_SHIFT = 24;
    private static final int OWNER_SHIFT = PORT_SHIFT + Character.SIZE;
    private static final int FAMILY_SHIFT = Long.SIZE - 2;
    private static final long ENTRY = (1L << PORT_SHIFT) - 1;

    /** The table of no rules. */
    public static final DnatRules EMPTY = compile(List.of());

    private final int[] groups = new int[GROUPS + 1];
    /** Where a group's bitmap begins, or {@link #NONE}. */
    private final int[] bitmaps = new int[GROUPS];

    private final long[] begins;
    private final char[] ranks;

    private final char[] firstPorts;
    private final char[] lastPorts;
    private final char[] insidePorts;
    private final char[] networks;
    private final int[] endpoints;
    private final int[] ids;
    private final int[] lists;
    private final long[] insideHi;
    private final long[] insideLo;
    private final AllowLists allowLists;
    /** Family, endpoint, first inside port and entry of each TCP rule, sorted. */
    private final long[] insides;
    /** The last inside port of this rule and of those before it that have the same endpoint. */
    private final char[] reaches;

    private DnatRules(List<DnatRule> sorted) {
        int size = sorted.size();
        firstPorts = new char[size];
        lastPorts = new char[size];
        insidePorts = new char[size];
        networks = new char[size];
        endpoints = new int[size];
        ids = new int[size];
        lists = new int[size];
        insideHi = new long[size];
        insideLo = new long[size];
        var builder = new AllowLists.Builder();
        for (int entry = 0; entry < size; entry++) {
            DnatRule rule = sorted.get(entry);
            groups[group(rule) + 1]++;
            firstPorts[entry] = (char) rule.firstPort();
            lastPorts[entry] = (char) rule.lastPort();
            insidePorts[entry] = (char) rule.insideFirstPort();
            networks[entry] = (char) rule.network();
            endpoints[entry] = rule.endpoint();
            ids[entry] = rule.id();
            lists[entry] = builder.add(rule.inside().isIpv6(), rule.allow());
            insideHi[entry] = hi(rule.inside());
            insideLo[entry] = lo(rule.inside());
        }
        allowLists = builder.build();
        insides = insides(sorted);
        reaches = new char[insides.length];
        int dense = 0;
        for (int group = 0; group < GROUPS; group++) {
            boolean isDense = groups[group + 1] > SPARSE;
            bitmaps[group] = isDense ? dense * WORDS : NONE;
            dense += isDense ? 1 : 0;
            groups[group + 1] += groups[group];
        }
        begins = new long[dense * WORDS];
        ranks = new char[dense * WORDS];
        for (int group = 0; group < GROUPS; group++) {
            if (bitmaps[group] != NONE) {
                fillBitmap(group);
            }
        }
        for (int i = 0; i < insides.length; i++) {
            boolean first = i == 0 || insides[i - 1] >>> OWNER_SHIFT != insides[i] >>> OWNER_SHIFT;
            int last = lastInside((int) (insides[i] & ENTRY));
            reaches[i] = (char) (first ? last : Math.max(last, reaches[i - 1]));
        }
    }

    private static long[] insides(List<DnatRule> sorted) {
        long[] keys = new long[sorted.size()];
        int count = 0;
        for (int entry = 0; entry < keys.length; entry++) {
            DnatRule rule = sorted.get(entry);
            if (rule.protocol() == IpProtocol.TCP) {
                keys[count++] = inside(rule.inside().isIpv6(), rule.endpoint(), rule.insideFirstPort()) | entry;
            }
        }
        long[] result = Arrays.copyOf(keys, count);
        Arrays.sort(result);
        return result;
    }

    private static long inside(boolean ipv6, int endpoint, int port) {
        return (ipv6 ? 1L << FAMILY_SHIFT : 0) | (long) endpoint << OWNER_SHIFT | (long) port << PORT_SHIFT;
    }

    private int lastInside(int entry) {
        return insidePorts[entry] + lastPorts[entry] - firstPorts[entry];
    }

    private void fillBitmap(int group) {
        int base = bitmaps[group];
        for (int entry = groups[group]; entry < groups[group + 1]; entry++) {
            int port = firstPorts[entry];
            begins[base + (port >>> 6)] |= 1L << port;
        }
        int before = 0;
        for (int word = base; word < base + WORDS; word++) {
            ranks[word] = (char) before;
            before += Long.bitCount(begins[word]);
        }
    }

    /**
     * {@return the table of these rules}
     *
     * @throws IllegalArgumentException if two of them overlap, which the control plane has to refuse before
     */
    public static DnatRules compile(Collection<DnatRule> rules) {
        List<DnatRule> given = List.copyOf(rules);
        // Numbers are sorted several times as fast as objects, and each reload of a file comes by here.
        long[] keys = new long[given.size()];
        for (int i = 0; i < keys.length; i++) {
            DnatRule rule = given.get(i);
            keys[i] = ((long) group(rule) << Character.SIZE | rule.firstPort()) << Integer.SIZE | i;
        }
        Arrays.sort(keys);
        List<DnatRule> sorted = new ArrayList<>(keys.length);
        for (long key : keys) {
            sorted.add(given.get((int) key));
        }
        for (int i = 1; i < sorted.size(); i++) {
            if (sorted.get(i).overlaps(sorted.get(i - 1))) {
                throw new IllegalArgumentException("two rules are for the same port: " + sorted.get(i - 1) + " and "
                        + sorted.get(i) + "; one of them must be refused before the table is made");
            }
        }
        return new DnatRules(sorted);
    }

    /**
     * {@return the entry for a packet from outside, or {@link #NONE}}
     *
     * @param slot of the host's address that it came to
     * @param ipv6 its family
     * @param protocol its protocol; one without ports has no entry
     * @param port its destination port, 0..65535
     */
    public int find(int slot, boolean ipv6, int protocol, int port) {
        int base = groupBase(ipv6, protocol);
        if (base < 0 || slot < 0 || slot >= DnatRule.SLOTS) {
            return NONE;
        }
        int exact = findIn(base + slot, port);
        return exact != NONE ? exact : findIn(base + ANY_SLOT, port);
    }

    private int findIn(int group, int port) {
        int first = groups[group];
        int bitmap = bitmaps[group];
        int entry;
        if (bitmap != NONE) {
            int word = bitmap + (port >>> 6);
            long upToPort = -1L >>> (Long.SIZE - 1 - (port & (Long.SIZE - 1)));
            entry = first + ranks[word] + Long.bitCount(begins[word] & upToPort) - 1;
        } else {
            entry = lastAtMost(first, groups[group + 1], port);
        }
        return entry >= first && port <= lastPorts[entry] ? entry : NONE;
    }

    private int lastAtMost(int from, int to, int port) {
        int low = from;
        int high = to;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (firstPorts[middle] <= port) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low - 1;
    }

    /**
     * {@return the entry of the TCP rule that leads to a port of an endpoint, {@link #NONE}, or {@link #SEVERAL} when
     * one cannot say by which of them its peers came}
     *
     * @param ipv6 the endpoint's family
     * @param endpoint its port id
     * @param port its TCP port
     */
    public int ofInside(boolean ipv6, int endpoint, int port) {
        int at = Arrays.binarySearch(insides, inside(ipv6, endpoint, port) | ENTRY);
        int found = NONE;
        long owner = inside(ipv6, endpoint, 0) >>> OWNER_SHIFT;
        for (int i = at < 0 ? -at - 2 : at; i >= 0 && insides[i] >>> OWNER_SHIFT == owner; i--) {
            if (reaches[i] < port) {
                break;
            }
            int entry = (int) (insides[i] & ENTRY);
            if (lastInside(entry) >= port) {
                if (found != NONE) {
                    return SEVERAL;
                }
                found = entry;
            }
        }
        return found;
    }

    /** {@return the port outside that leads to a port inside, one of the entry's} */
    public int outsidePort(int entry, int insidePort) {
        return firstPorts[entry] + insidePort - insidePorts[entry];
    }

    /** {@return the slot of the entry's host address, or {@link DnatRule#ANY}} */
    public int slot(int entry) {
        int low = 0;
        int high = GROUPS;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (groups[middle] <= entry) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        int slot = (low - 1) % SLOT_GROUPS;
        return slot == ANY_SLOT ? DnatRule.ANY : slot;
    }

    /** {@return whether the entry's allow-list lets this peer in; IPv4 as v4-mapped} */
    public boolean allows(int entry, long peerHi, long peerLo) {
        return allowLists.allows(lists[entry], peerHi, peerLo);
    }

    /** {@return the port inside that a port outside, one of the entry's, leads to} */
    public int insidePort(int entry, int port) {
        return (insidePorts[entry] + port - firstPorts[entry]) & PORT;
    }

    /** {@return the first half of the entry's inside address} */
    public long insideHi(int entry) {
        return insideHi[entry];
    }

    /** {@return the second half of the entry's inside address} */
    public long insideLo(int entry) {
        return insideLo[entry];
    }

    /** {@return the entry's network} */
    public int network(int entry) {
        return networks[entry];
    }

    /** {@return the port id of the entry's endpoint} */
    public int endpoint(int entry) {
        return endpoints[entry];
    }

    /** {@return the id of the entry's rule} */
    public int ruleId(int entry) {
        return ids[entry];
    }

    /** {@return how many entries there are} */
    public int size() {
        return ids.length;
    }

    /** {@return bytes of all its arrays, their headers aside} */
    public long footprintBytes() {
        long fixed = (long) (groups.length + bitmaps.length) * Integer.BYTES;
        long dense = (long) begins.length * Long.BYTES + (long) ranks.length * Character.BYTES;
        long perEntry = 4L * Character.BYTES + 3L * Integer.BYTES + 2L * Long.BYTES;
        long back = (long) (Long.BYTES + Character.BYTES) * insides.length;
        return fixed + dense + perEntry * ids.length + back + allowLists.footprintBytes();
    }

    private static int group(DnatRule rule) {
        int slot = rule.outside() == DnatRule.ANY ? ANY_SLOT : rule.outside();
        return groupBase(rule.inside().isIpv6(), rule.protocol()) + slot;
    }

    private static int groupBase(boolean ipv6, int protocol) {
        int index = switch (protocol) {
            case IpProtocol.TCP -> 0;
            case IpProtocol.UDP -> 1;
            case IpProtocol.SCTP -> 2;
            default -> NONE;
        };
        return index == NONE ? NONE : (index * 2 + (ipv6 ? 1 : 0)) * SLOT_GROUPS;
    }

    private static long hi(IpAddress address) {
        return address instanceof Ipv6Address six ? six.hi() : 0;
    }

    private static long lo(IpAddress address) {
        return switch (address) {
            case Ipv4Address four -> Ipv4Address.mapped(four.bits());
            case Ipv6Address six -> six.lo();
        };
    }
}
