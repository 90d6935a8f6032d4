package io.tapswitch.core.dataplane;

import io.tapswitch.core.dataplane.OutsideSettings.UplinkSettings;
import io.tapswitch.nat.DnatRule;
import io.tapswitch.nat.NatEngine;
import io.tapswitch.nat.NatVersion;
import io.tapswitch.nat.NatVersion.OutsideAddress;
import io.tapswitch.tapio.PortMarks;
import io.tapswitch.wire.IpProtocol;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a packet is compared with on its way out or in: the host's addresses with their slots, whose each port of them
 * is, and the uplinks. A host has a handful of uplinks, so a loop finds them. Immutable but for the marks, so every
 * worker reads the same one.
 */
final class OutsideTable {
    /** Neither a slot, nor a port, nor an owner. */
    static final int NONE = -1;

    /** Protocols whose ports are marked; a slot is of one family, so one kind of ICMP stands for both. */
    private static final int[] MARKED = {IpProtocol.TCP, IpProtocol.UDP, IpProtocol.SCTP, IpProtocol.ICMP};

    private static final int PORTS = 1 << 16;

    final NatVersion nat;
    /** The TAP of the loopback device, {@link #NONE} when there is none. */
    final int loopback;
    /** What the switch is on a LAN in its own right, null when it shares the host's addresses. */
    final @Nullable OwnLink link;
    /** The port of that, {@link #NONE} without. */
    final int linkPort;
    /** The smallest MTU of the networks that have a way out. */
    final int smallestMtu;

    private final NeighbourTable addresses;
    private final @Nullable PortMarks[] marks = new PortMarks[DnatRule.SLOTS];
    /** Of each slot the port of the uplink that has the address, {@link #NONE} when none has. */
    private final int[] homes = new int[DnatRule.SLOTS];

    private final int[] devices;
    private final int[] ports;
    private final int[] mtus;

    OutsideTable(OutsideSettings settings, int smallestMtu) {
        nat = settings.nat();
        this.smallestMtu = smallestMtu;
        List<NeighbourTable.Neighbour> slots = new ArrayList<>();
        for (OutsideAddress address : nat.addresses()) {
            slots.add(new NeighbourTable.Neighbour(address.address(), 0, address.slot(), NONE));
        }
        addresses = new NeighbourTable(slots);
        settings.marks().forEach((slot, marked) -> marks[slot] = marked);
        int uplinks = settings.uplinks().size();
        devices = new int[uplinks];
        ports = new int[uplinks];
        mtus = new int[uplinks];
        int ofHost = NONE;
        int ofLink = NONE;
        OwnLink own = null;
        for (int i = 0; i < uplinks; i++) {
            UplinkSettings uplink = settings.uplinks().get(i);
            devices[i] = uplink.device();
            ports[i] = uplink.port();
            mtus[i] = uplink.mtu();
            ofHost = uplink.loopback() ? uplink.port() : ofHost;
            if (uplink.link() != null) {
                own = uplink.link();
                ofLink = uplink.port();
            }
        }
        loopback = ofHost;
        link = own;
        linkPort = ofLink;
        Arrays.fill(homes, NONE);
        settings.homes().forEach((slot, device) -> {
            int uplink = uplink(device);
            homes[slot] = uplink == NONE ? NONE : ports[uplink];
        });
    }

    /** {@return the slot of an IPv4 address, {@link #NONE} when it is not the host's} */
    int slot(int address) {
        return slotAt(addresses.find(address));
    }

    /** {@return the slot of an IPv6 address} */
    int slot(long hi, long lo) {
        return slotAt(addresses.find(hi, lo));
    }

    /** {@return the slot of an IPv6 or v4-mapped address} */
    int slotOfEither(long hi, long lo) {
        return NeighbourTable.isMapped(hi, lo) ? slot((int) lo) : slot(hi, lo);
    }

    private int slotAt(int index) {
        return index == NeighbourTable.NONE ? NONE : addresses.port(index);
    }

    /** {@return the worker that owns a port of an address, {@link #NONE} when it is the host's} */
    int owner(int slot, int protocol, int port) {
        PortMarks marked = marks[slot];
        int kind = PortMarks.kind(protocol);
        return marked == null || kind == PortMarks.NONE ? NONE : marked.owner(kind, port);
    }

    /** Makes a port a worker's. */
    void own(int slot, int protocol, int port, int worker) {
        PortMarks marked = marks[slot];
        int kind = PortMarks.kind(protocol);
        if (marked != null && kind != PortMarks.NONE) {
            marked.mark(kind, port, worker);
        }
    }

    /** Makes a port the host's again, where it is this worker's. */
    void free(int slot, int protocol, int port, int worker) {
        PortMarks marked = marks[slot];
        int kind = PortMarks.kind(protocol);
        if (marked != null && kind != PortMarks.NONE && marked.owner(kind, port) == worker) {
            marked.clear(kind, port);
        }
    }

    /** {@return whether the marks of a slot are others than in an earlier table, or of a daemon before this one} */
    boolean hasOtherMarks(int slot, @Nullable OutsideTable before) {
        return marks[slot] != null && (before == null || before.marks[slot] != marks[slot]);
    }

    /** {@return whether uplinks and addresses are those of another table, so that routes mean the same} */
    boolean hasWaysOf(OutsideTable other) {
        return link == other.link
                && Arrays.equals(devices, other.devices)
                && Arrays.equals(ports, other.ports)
                && Arrays.equals(mtus, other.mtus)
                && nat.addresses().equals(other.nat.addresses());
    }

    /**
     * Gives ports back that a daemon before this one marked for this worker, and that are neither its engine's nor
     * published; worker 0 also those of workers that there are not any more. A tunnel's port has no worker and stays.
     */
    void forgetStale(int slot, int worker, int workers, NatEngine engine) {
        PortMarks marked = marks[slot];
        if (marked == null) {
            return;
        }
        for (int protocol : MARKED) {
            int kind = PortMarks.kind(protocol);
            for (int port = 1; port < PORTS; port++) {
                int owner = marked.owner(kind, port);
                boolean isMine = owner == worker || (worker == 0 && owner >= workers);
                if (isMine && !engine.isOwned(slot, protocol, port)) {
                    marked.clear(kind, port);
                }
            }
        }
    }

    /** {@return index of the uplink of a device, {@link #NONE} when it has none} */
    int uplink(int device) {
        for (int i = 0; i < devices.length; i++) {
            if (devices[i] == device) {
                return i;
            }
        }
        return NONE;
    }

    /** {@return whether an address belongs to another uplink than one, by its port} */
    boolean isElsewhere(int slot, int port) {
        return homes[slot] != NONE && homes[slot] != port;
    }

    /** {@return port of an uplink, by its index} */
    int port(int uplink) {
        return ports[uplink];
    }

    /** {@return MTU of the uplink with this port} */
    int mtuOfPort(int port) {
        for (int i = 0; i < ports.length; i++) {
            if (ports[i] == port) {
                return mtus[i];
            }
        }
        return 0;
    }

    /** {@return MTU of an uplink's device, by its index} */
    int mtu(int uplink) {
        return mtus[uplink];
    }
}
