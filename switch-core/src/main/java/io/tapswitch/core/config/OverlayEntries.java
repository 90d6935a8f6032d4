package io.tapswitch.core.config;

import io.tapswitch.core.document.Fields;
import io.tapswitch.vxlan.VxlanHeader;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The key about tunnels to other hosts: {@code overlay}. */
final class OverlayEntries {
    /** VNIs below are kept for what others number by hand. */
    private static final long VNI_MIN = 1;

    private static final long VNI_MAX = (1 << 24) - 1;
    private static final int PORT_MAX = 0xffff;
    private static final Set<String> OVERLAY = Set.of("local", "port", "peers");
    private static final Set<String> PEER = Set.of("network", "vni", "remote");

    private OverlayEntries() {}

    /** {@return the tunnels that the file declares; none where it says nothing of them} */
    static OverlaySettings read(Fields root) {
        if (!root.has("overlay")) {
            return OverlaySettings.NONE;
        }
        Fields fields = root.anyKeysOrNothing("overlay").only(OVERLAY);
        IpAddress local = fields.optionalParse("local", OverlayEntries::host);
        int port = fields.has("port") ? (int) fields.number("port", 1, PORT_MAX) : VxlanHeader.PORT;
        List<OverlaySettings.Peer> peers = new ArrayList<>();
        Map<String, Integer> vnis = new HashMap<>();
        Map<Integer, String> networks = new HashMap<>();
        Set<OverlaySettings.Peer> known = new HashSet<>();
        if (fields.has("peers")) {
            for (Fields entry : fields.mappings("peers", PEER)) {
                OverlaySettings.Peer peer = new OverlaySettings.Peer(
                        entry.text("network"),
                        (int) entry.number("vni", VNI_MIN, VNI_MAX),
                        entry.parse("remote", OverlayEntries::host));
                check(entry, peer, local, peers, vnis, networks);
                if (!known.add(peer)) {
                    throw entry.refuse(
                            "remote", peer.remote() + " is a peer of network " + peer.network() + " already");
                }
                peers.add(peer);
            }
        }
        return new OverlaySettings(local, port, peers);
    }

    /** {@return the lines where peers name their networks, by path} */
    static Map<String, Integer> lines(Fields root) {
        Map<String, Integer> lines = new HashMap<>();
        Fields fields = root.anyKeysOrNothing("overlay");
        List<Fields> entries = fields.has("peers") ? fields.mappings("peers", PEER) : List.of();
        for (int i = 0; i < entries.size(); i++) {
            lines.put(OverlaySettings.path(i), entries.get(i).line("network"));
        }
        return lines;
    }

    private static void check(
            Fields entry,
            OverlaySettings.Peer peer,
            @Nullable IpAddress local,
            List<OverlaySettings.Peer> before,
            Map<String, Integer> vnis,
            Map<Integer, String> networks) {
        Integer vni = vnis.putIfAbsent(peer.network(), peer.vni());
        if (vni != null && vni != peer.vni()) {
            throw entry.refuse("vni", "must be " + vni + " as above, is " + peer.vni() + ": a network has one");
        }
        String network = networks.putIfAbsent(peer.vni(), peer.network());
        if (network != null && !network.equals(peer.network())) {
            throw entry.refuse("vni", peer.vni() + " is that of network " + network + ": each network needs its own");
        }
        IpAddress first = local == null && !before.isEmpty() ? before.getFirst().remote() : local;
        if (first != null && first.isIpv6() != peer.remote().isIpv6()) {
            throw entry.refuse("remote", "must be of one family with " + first + ", is " + peer.remote());
        }
        if (peer.remote().equals(local)) {
            throw entry.refuse("remote", peer.remote() + " is this host's own address, by overlay.local");
        }
    }

    /** An address that a host can have. */
    private static IpAddress host(String text) {
        IpAddress address = IpAddress.parse(text);
        boolean isHost = switch (address) {
            case Ipv4Address four -> four.bits() >>> 28 < 0xe && four.bits() >>> 24 != 0 && four.bits() >>> 24 != 127;
            case Ipv6Address six ->
                six.hi() >>> 56 != 0xff && six.hi() >>> 54 != 0x3fa && (six.hi() != 0 || six.lo() >>> 1 != 0);
        };
        if (!isHost) {
            throw new IllegalArgumentException("must be the address of a host on a network, is " + text);
        }
        return address;
    }
}
