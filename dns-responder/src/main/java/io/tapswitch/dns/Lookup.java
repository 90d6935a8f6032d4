package io.tapswitch.dns;

/**
 * Finds what a view knows of a question, and remembers what is to be written. Used again; one thread; no call
 * allocates.
 *
 * <p>The order, and the first that fits ends it:
 *
 * <ol>
 *   <li>a zone that has the name as its own: its records of that type, or that there are none;
 *   <li>for the name of an address: the first zone that has the address, else the first with a subnet that has it;
 *   <li>a zone that owns everything below a name that the asked one ends with: no such name;
 *   <li>others are asked, if the view lets them be;
 *   <li>nobody is: a name above one that some zone has exists and has nothing, any other does not exist.
 * </ol>
 */
final class Lookup {
    /** What the answer section is made of. */
    enum Source {
        /** Nothing. */
        NONE,
        /** The IPv4 addresses of an entry. */
        IPV4,
        /** The IPv6 addresses of an entry. */
        IPV6,
        /** The records of the asked type of an entry. */
        OTHERS,
        /** The name of an address. */
        POINTER,
        /** The start of a zone of ours. */
        START
    }

    private final ReverseName reverse = new ReverseName();

    private Source source = Source.NONE;
    private Zone zone = Zone.EMPTY;
    private int zoneIndex;
    private int entry;
    private int pointer;
    private int startLabel;

    /** Forgets what was found, so that no zone is kept that is in no view any more. */
    void clear() {
        source = Source.NONE;
        zone = Zone.EMPTY;
        zoneIndex = -1;
    }

    /** {@return what is known; the accessors have the rest} */
    DnsResult resolve(ClientView view, FoldedName name, int type) {
        clear();
        startLabel = name.labels();
        Zone[] zones = view.zones;
        boolean isAbove = name.labels() == 0;
        for (int i = 0; i < zones.length; i++) {
            int found = zones[i].find(name);
            if (found != NameTable.NONE) {
                if (zones[i].isOwn(found)) {
                    return ofEntry(zones[i], i, found, name, type);
                }
                isAbove = true;
            }
        }
        DnsResult known = reverse.read(name) ? ofAddress(zones, type, isAbove) : DnsResult.FORWARD;
        if (known == DnsResult.FORWARD) {
            known = ofOwned(zones, name);
        }
        if (known != DnsResult.FORWARD) {
            return known;
        }
        if (view.forwards && (name.labels() != 1 || view.forwardsSingleLabels)) {
            return DnsResult.FORWARD;
        }
        return isAbove ? DnsResult.NO_DATA : DnsResult.NO_NAME;
    }

    private void at(Zone found, int index) {
        zone = found;
        zoneIndex = index;
    }

    private DnsResult ofEntry(Zone found, int index, int foundEntry, FoldedName name, int type) {
        at(found, index);
        entry = foundEntry;
        if (type == RecordType.A && found.ipv4Count(foundEntry) > 0) {
            source = Source.IPV4;
        } else if (type == RecordType.AAAA && found.ipv6Count(foundEntry) > 0) {
            source = Source.IPV6;
        } else if (hasOther(found, foundEntry, type)) {
            source = Source.OTHERS;
        } else {
            int owned = found.ownedFrom(name);
            startLabel = owned < 0 ? name.labels() : owned;
            source = owned == 0 && type == RecordType.SOA ? Source.START : Source.NONE;
        }
        return source == Source.NONE ? DnsResult.NO_DATA : DnsResult.ANSWERED;
    }

    private static boolean hasOther(Zone zone, int entry, int type) {
        for (int i = zone.othersBegin(entry); i < zone.othersEnd(entry); i++) {
            if (zone.otherType(i) == type) {
                return true;
            }
        }
        return false;
    }

    private DnsResult ofAddress(Zone[] zones, int type, boolean isAbove) {
        int chosen = zoneOfAddress(zones);
        if (chosen < 0) {
            return DnsResult.FORWARD;
        }
        long hi = reverse.hi();
        long lo = reverse.lo();
        int bits = reverse.bits();
        ReverseTable table = zones[chosen].reverse(reverse.isV4());
        int name = isWholeAddress() ? table.find(hi, lo) : ReverseTable.NONE;
        int subnet = table.subnetOf(hi, lo, bits);
        at(zones[chosen], chosen);
        startLabel = subnet == ReverseTable.NONE ? startLabel : reverse.labelOf(subnet);
        if (name != ReverseTable.NONE && type == RecordType.PTR) {
            pointer = name;
            source = Source.POINTER;
            return DnsResult.ANSWERED;
        }
        if (startLabel == 0 && type == RecordType.SOA) {
            source = Source.START;
            return DnsResult.ANSWERED;
        }
        boolean exists = name != ReverseTable.NONE
                || isAbove
                || (!reverse.isBelow() && (startLabel == 0 || table.hasWithin(hi, lo, bits)));
        return exists ? DnsResult.NO_DATA : DnsResult.NO_NAME;
    }

    private boolean isWholeAddress() {
        return reverse.bits() == 128 && !reverse.isBelow();
    }

    /**
     * {@return the place of the first zone that has the address, or one that begins so; else of the first with a subnet
     * that has; -1 for none} Networks without a way out may have the same subnet, so the subnet alone does not
     * tell whose an address is.
     */
    private int zoneOfAddress(Zone[] zones) {
        long hi = reverse.hi();
        long lo = reverse.lo();
        int bits = reverse.bits();
        int bySubnet = -1;
        for (int i = 0; i < zones.length; i++) {
            ReverseTable table = zones[i].reverse(reverse.isV4());
            if (isWholeAddress() && table.find(hi, lo) != ReverseTable.NONE) {
                return i;
            }
            if (table.subnetOf(hi, lo, bits) != ReverseTable.NONE) {
                if (!isWholeAddress() && !reverse.isBelow() && table.hasWithin(hi, lo, bits)) {
                    return i;
                }
                bySubnet = bySubnet < 0 ? i : bySubnet;
            }
        }
        return bySubnet;
    }

    private DnsResult ofOwned(Zone[] zones, FoldedName name) {
        for (int i = 0; i < zones.length; i++) {
            int owned = zones[i].ownedFrom(name);
            if (owned >= 0) {
                at(zones[i], i);
                startLabel = owned;
                return DnsResult.NO_NAME;
            }
        }
        return DnsResult.FORWARD;
    }

    /** {@return what the answer section is made of} */
    Source source() {
        return source;
    }

    /** {@return the zone that answered} */
    Zone zone() {
        return zone;
    }

    /** {@return its place in the view, -1 when none answered} */
    int zoneIndex() {
        return zoneIndex;
    }

    /** {@return the entry of the zone} */
    int entry() {
        return entry;
    }

    /** {@return where the name of the address is in the zone's data} */
    int pointer() {
        return pointer;
    }

    /** {@return the label of the question at which the zone begins whose SOA a negative answer has} */
    int startLabel() {
        return startLabel;
    }
}
