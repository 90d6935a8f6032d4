package io.tapswitch.core.api;

import io.tapswitch.core.control.Looking;
import io.tapswitch.core.control.NamesLook;
import io.tapswitch.core.control.OutsideState;
import io.tapswitch.core.dataplane.DropReason;
import io.tapswitch.core.dataplane.FlowEntry;
import io.tapswitch.core.dataplane.OwnLink;
import io.tapswitch.core.model.Publication;
import io.tapswitch.core.names.NameLookup;
import io.tapswitch.core.names.NamesStatus;
import io.tapswitch.core.names.UpstreamStatus;
import io.tapswitch.nat.NatCounter;
import io.tapswitch.nat.TcpState;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.MacAddress;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes the API's answers about NAT of the control plane's records. */
final class LookViews {
    /** What stands for NAT where a container's name would. */
    private static final String NAT = "(nat)";

    /** What NAT refuses as a whole, and why; the same words as in drops of frames. */
    private static final Map<NatCounter, DropReason> REFUSALS = Map.of(
            NatCounter.REFUSED_PORTS, DropReason.NAT_PORTS_EXHAUSTED,
            NatCounter.REFUSED_TABLE, DropReason.NAT_TABLE_FULL,
            NatCounter.REFUSED_QUOTA, DropReason.NAT_QUOTA,
            NatCounter.REFUSED_BUSY, DropReason.NAT_PROTOCOL_BUSY);

    private LookViews() {}

    /** What a container is told when it asks for a name. */
    static LookAnswers.Lookup lookup(NameLookup.Found found) {
        return new LookAnswers.Lookup(
                found.name(),
                found.type(),
                found.code(),
                found.result(),
                found.why(),
                found.network() == null ? "" : found.network(),
                found.networks(),
                found.upstreams(),
                found.records().stream()
                        .map(row -> new LookAnswers.NameRecord(row.name(), row.type(), row.ttlSeconds(), row.data()))
                        .toList());
    }

    static LookAnswers.TopName topName(NamesLook.TopName name) {
        return new LookAnswers.TopName(name.name(), name.network(), name.least(), name.most());
    }

    static LookAnswers.Names names(NamesStatus status) {
        return new LookAnswers.Names(
                status.upstreams().stream().map(LookViews::upstream).toList(),
                status.forwarder(),
                new LookAnswers.TcpNames(
                        status.tcpConnections(), status.tcpIdle(), status.tcpEvicted(), status.tcpQueries()));
    }

    private static LookAnswers.Upstream upstream(UpstreamStatus upstream) {
        return new LookAnswers.Upstream(
                upstream.name(),
                upstream.state(),
                upstream.silentSeconds(),
                upstream.roundTripMs() < 0 ? null : Math.round(upstream.roundTripMs()),
                upstream.asked(),
                upstream.answered());
    }

    static LookAnswers.Flow flow(Looking.FlowView view) {
        FlowEntry flow = view.entry();
        return new LookAnswers.Flow(
                protocol(flow.protocol()),
                flow.inbound() ? "in" : "out",
                view.container(),
                view.network(),
                flow.inside().toString(),
                flow.insidePort(),
                flow.outside().toString(),
                flow.outsidePort(),
                flow.peer().toString(),
                flow.peerPort(),
                flow.protocol() == IpProtocol.TCP ? TcpState.of(flow.state()).word() : "",
                flow.packetsToPeer(),
                flow.bytesToPeer(),
                flow.packetsToInside(),
                flow.bytesToInside(),
                flow.idleMs(),
                flow.worker());
    }

    private static String protocol(int number) {
        return switch (number) {
            case IpProtocol.TCP -> "tcp";
            case IpProtocol.UDP -> "udp";
            case IpProtocol.SCTP -> "sctp";
            case IpProtocol.ICMP -> "icmp";
            case IpProtocol.ICMPV6 -> "icmp6";
            default -> Integer.toString(number);
        };
    }

    static LookAnswers.PortCounters port(Looking.PortView view) {
        Publication port = view.publication();
        IpAddress address = port.address();
        return new LookAnswers.PortCounters(
                view.container(),
                address == null ? "" : address.toString(),
                port.firstHostPort(),
                port.lastHostPort(),
                port.firstContainerPort(),
                port.protocol().word(),
                port.allow().stream().map(IpPrefix::toString).toList(),
                view.inForce(),
                view.waiting(),
                view.counts().connections(),
                view.counts().refused(),
                view.counts().packetsIn(),
                view.counts().bytesIn(),
                view.counts().packetsOut(),
                view.counts().bytesOut());
    }

    static LookAnswers.Publications publications(Looking.PortTotals totals) {
        return new LookAnswers.Publications(totals.inForce(), totals.waitingForContainer(), totals.waitingForHost());
    }

    static LookAnswers.@Nullable Outside outside(@Nullable OutsideState state) {
        return state == null
                ? null
                : new LookAnswers.Outside(
                        state.uplinks().stream().map(LookViews::uplink).toList(),
                        state.addresses().stream().map(IpAddress::toString).toList(),
                        state.firstPort(),
                        state.lastPort(),
                        state.excludedFirst(),
                        state.excludedLast(),
                        state.udpTimeout().toSeconds(),
                        state.grace().toSeconds(),
                        tunnels(state.tunnels()));
    }

    private static LookAnswers.@Nullable Tunnels tunnels(OutsideState.@Nullable Tunnels tunnels) {
        return tunnels == null
                ? null
                : new LookAnswers.Tunnels(
                        tunnels.device(),
                        tunnels.mtu(),
                        tunnels.local().toString(),
                        tunnels.udpPort(),
                        tunnels.whySocket() == null ? "tap" : "socket",
                        tunnels.whySocket(),
                        tunnels.peers().stream()
                                .map(peer -> new LookAnswers.Peer(
                                        peer.network(),
                                        peer.vni(),
                                        peer.remote().toString(),
                                        Math.min(tunnels.mtu(), peer.path().bytes(System.nanoTime()))))
                                .toList());
    }

    private static LookAnswers.Uplink uplink(OutsideState.Uplink uplink) {
        OwnLink link = uplink.link();
        return new LookAnswers.Uplink(
                uplink.device(),
                uplink.mtu(),
                uplink.steered(),
                uplink.first(),
                link == null
                        ? null
                        : new LookAnswers.Own(
                                MacAddress.fromBits(link.mac()).toString(),
                                link.gateways().stream()
                                        .map(gateway -> new LookAnswers.Gateway(
                                                gateway.toString(), mac(link.gatewayMac(gateway))))
                                        .toList()));
    }

    private static String mac(long bits) {
        return bits == 0 ? "" : MacAddress.fromBits(bits).toString();
    }

    /**
     * Adds what the published ports refused, and NAT as a whole. These are packets that begin a connection; as frames
     * they count at the port that they came from, too, where nobody sees which publication or limit it was.
     */
    static void addRefusals(List<Answers.DropLine> lines, Looking looking) {
        for (Looking.PortView view : looking.ports(null)) {
            if (view.counts().refused() > 0) {
                lines.add(new Answers.DropLine(
                        -1,
                        view.container(),
                        DropReason.NAT_NOT_ALLOWED.word(),
                        "published port " + view.publication().asked() + ": " + DropReason.NAT_NOT_ALLOWED.sentence(),
                        view.counts().refused()));
            }
        }
        Map<String, Long> nat = looking.nat();
        for (NatCounter counter : NatCounter.values()) {
            DropReason reason = REFUSALS.get(counter);
            long count = nat.getOrDefault(counter.word(), 0L);
            if (reason != null && count > 0) {
                lines.add(new Answers.DropLine(-1, NAT, reason.word(), reason.sentence(), count));
            }
        }
    }
}
