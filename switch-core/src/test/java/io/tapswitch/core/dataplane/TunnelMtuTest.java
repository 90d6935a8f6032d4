package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY;
import static io.tapswitch.core.dataplane.TestSwitch.GATEWAY_MAC;
import static io.tapswitch.core.dataplane.TestSwitch.address;
import static io.tapswitch.core.dataplane.TestSwitch.mac;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.DatapathCounters.Term;
import io.tapswitch.core.dataplane.Frames.Frame;
import io.tapswitch.core.dataplane.OverlaySettings.RemoteEndpoint;
import io.tapswitch.core.dataplane.OverlaySettings.TunnelNetwork;
import io.tapswitch.core.dataplane.OverlaySettings.TunnelPeer;
import io.tapswitch.core.dataplane.TestSwitch.Written;
import io.tapswitch.vxlan.TunnelHeader;
import io.tapswitch.wire.EtherType;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.IcmpHeader;
import io.tapswitch.wire.Icmpv6Header;
import io.tapswitch.wire.InternetChecksum;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.Ipv6Header;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What does not fit the way to another host, and what routers say of that way: O11, O12, row 99. */
class TunnelMtuTest {
    static final int TUNNEL = 100;
    private static final int PEER = 200;
    private static final int VNI = 4096;
    private static final IpAddress HERE = Ipv4Address.parse("192.0.2.1");
    private static final IpAddress THERE = Ipv4Address.parse("192.0.2.2");
    private static final IpAddress ELSEWHERE = Ipv4Address.parse("192.0.2.3");
    private static final IpAddress HERE_6 = Ipv6Address.parse("2001:db8::1");
    private static final IpAddress THERE_6 = Ipv6Address.parse("2001:db8::2");
    private static final Ipv6Address SIX = Ipv6Address.parse("fd00::2");
    /** Bytes of the outer headers, and where the IP header is in the frame behind the tunnel header. */
    private static final int OUTER = 50;

    private static final int IP = EthernetHeader.LENGTH;
    private static final int L3 = TunnelHeader.LENGTH + EthernetHeader.LENGTH;

    /** Port 0 is read by worker 0, port 1 by worker 1; endpoints 2 and 3 are on other hosts. */
    private final TestSwitch here = TestSwitch.withPorts(2, TestSwitch.NETWORK, 2);

    static OverlaySettings overlay(int mtu, IpAddress local, IpAddress... remotes) {
        List<TunnelPeer> peers = Arrays.stream(remotes)
                .map(remote -> new TunnelPeer(PEER + Arrays.asList(remotes).indexOf(remote), 0, remote))
                .toList();
        List<RemoteEndpoint> endpoints = peers.stream()
                .map(peer -> new RemoteEndpoint(
                        peer.port(),
                        0,
                        mac(2 + peer.port() - PEER),
                        Ipv4Address.fromBits(address(2 + peer.port() - PEER)),
                        null))
                .toList();
        return new OverlaySettings(
                TUNNEL,
                List.of(TUNNEL, TUNNEL + 1000),
                local,
                mtu,
                Map.of(),
                List.of(new TunnelNetwork(0, VNI, false)),
                peers,
                endpoints);
    }

    private void connect(int mtu) {
        here.overlay(overlay(mtu, HERE, THERE, ELSEWHERE));
    }

    @AfterEach
    void framesAreConserved() {
        here.assertConserved();
    }

    /** A datagram whose IP packet has so many bytes. */
    static Frame datagram(int to, int packetLength, boolean dontFragment) {
        Frame frame = Frames.udp(mac(to), mac(0), address(0), address(to), packetLength - 28);
        UnsafeBuffer b = frame.ethernet();
        Ipv4Header.fragment(b, IP, dontFragment, false, 0);
        Ipv4Header.identification(b, IP, 77);
        for (int i = 42; i < b.capacity(); i++) {
            b.putByte(i, (byte) i);
        }
        return frame.ipChecksum();
    }

    static Frame datagram6(int packetLength) {
        Frame frame = Frames.ethernet(mac(2), mac(0), EtherType.IPV6, packetLength);
        UnsafeBuffer b = frame.ethernet();
        b.putByte(IP, (byte) 0x60);
        Ipv6Header.payloadLength(b, IP, packetLength - Ipv6Header.LENGTH);
        Ipv6Header.nextHeader(b, IP, IpProtocol.UDP);
        Ipv6Header.hopLimit(b, IP, 64);
        Ipv6Header.source(b, IP, SIX.hi(), SIX.lo());
        Ipv6Header.destination(b, IP, SIX.hi(), SIX.lo() + 1);
        return frame;
    }

    /** TCP of 30 000 bytes, in segments whose IP packets have so many bytes. */
    static Frame superFrame(int segment, boolean dontFragment) {
        Frame tcp = Frames.ipv4(mac(2), mac(0), address(0), address(2), IpProtocol.TCP, 20 + 30_000);
        UnsafeBuffer b = tcp.ethernet();
        b.putByte(IP + 20 + 12, (byte) 0x50);
        Ipv4Header.fragment(b, IP, dontFragment, false, 0);
        tcp.ipChecksum();
        return tcp.offload(1, 1, segment - 40, 54, 34, 16);
    }

    private List<byte[]> outer() {
        return here.written.stream()
                .filter(written -> written.port() == TUNNEL)
                .map(Written::bytes)
                .toList();
    }

    /** {@return what was written to a container, from its Ethernet header on} */
    private UnsafeBuffer back() {
        assertThat(here.written).hasSize(1);
        byte[] bytes = here.written.getFirst().bytes();
        return new UnsafeBuffer(bytes, 10, bytes.length - 10);
    }

    /** {@return the MTU that the container at port 0 was told} */
    private int told() {
        UnsafeBuffer error = back();
        assertThat(here.written.getFirst().port()).isZero();
        assertThat(EthernetHeader.destination(error, 0)).isEqualTo(mac(0));
        assertThat(EthernetHeader.source(error, 0)).isEqualTo(GATEWAY_MAC);
        assertThat(Ipv4Header.sourceAddress(error, IP)).isEqualTo(GATEWAY);
        assertThat(Ipv4Header.destinationAddress(error, IP)).isEqualTo(address(0));
        int icmp = IP + 20;
        assertThat(IcmpHeader.type(error, icmp)).isEqualTo(IcmpHeader.DESTINATION_UNREACHABLE);
        assertThat(IcmpHeader.code(error, icmp)).isEqualTo(IcmpHeader.FRAGMENTATION_NEEDED);
        assertThat(IcmpHeader.checksumValid(error, icmp, Ipv4Header.totalLength(error, IP) - 20))
                .isTrue();
        assertThat(Ipv4Header.destinationAddress(error, icmp + 8)).isEqualTo(address(2));
        return IcmpHeader.nextHopMtu(error, icmp);
    }

    /** What a router says of an outer packet: that only so many bytes pass. */
    static Frame tooBig(byte[] sent, int mtu, int quoted, Consumer<UnsafeBuffer> forgery) {
        Frame frame = new Frame(0);
        frame.bytes = new byte[L3 + 20 + 8 + quoted];
        UnsafeBuffer b = new UnsafeBuffer(frame.bytes);
        EthernetHeader.etherType(b, TunnelHeader.LENGTH, EtherType.IPV4);
        b.putByte(L3, (byte) 0x45);
        Ipv4Header.totalLength(b, L3, 28 + quoted);
        Ipv4Header.ttl(b, L3, 60);
        Ipv4Header.protocol(b, L3, IpProtocol.ICMP);
        Ipv4Header.sourceAddress(b, L3, 0xc633_6401);
        Ipv4Header.destinationAddress(b, L3, ((Ipv4Address) HERE).bits());
        int icmp = L3 + 20;
        IcmpHeader.type(b, icmp, IcmpHeader.DESTINATION_UNREACHABLE);
        IcmpHeader.code(b, icmp, IcmpHeader.FRAGMENTATION_NEEDED);
        IcmpHeader.nextHopMtu(b, icmp, mtu);
        b.putBytes(icmp + 8, sent, L3, quoted);
        forgery.accept(b);
        IcmpHeader.updateChecksum(b, icmp, 8 + quoted);
        Ipv4Header.updateChecksum(b, L3);
        return frame;
    }

    private void arrives(int worker, Frame frame) {
        here.written.clear();
        here.arrive(TUNNEL, worker, frame);
        here.settle();
        assertThat(here.written).isEmpty();
    }

    private byte[] sentToTwo() {
        here.send(0, datagram(2, 1450, true));
        return outer().getFirst();
    }

    @Test
    void O12_whatARouterSaysHoldsForAllWorkersAndIsForgottenAfterTenMinutes() {
        connect(1500);
        arrives(1, tooBig(sentToTwo(), 1300, 548, b -> {}));
        assertThat(here.term(Term.PATH_MTU_LOWERED)).isEqualTo(1);
        here.send(0, datagram(2, 1250, true));
        assertThat(outer()).as("fits").hasSize(1);
        here.send(0, datagram(2, 1251, true));
        assertThat(told()).isEqualTo(1250);
        assertThat(here.drops(0, DropReason.TUNNEL_TOO_BIG)).isEqualTo(1);
        here.send(0, datagram(3, 1450, true));
        assertThat(outer()).as("another host").hasSize(1);
        here.passMs(599_000);
        here.send(0, datagram(2, 1251, true));
        assertThat(told()).isEqualTo(1250);
        here.passMs(2_000);
        here.send(0, datagram(2, 1450, true));
        assertThat(outer()).as("the way may be wide again").hasSize(1);
    }

    @Test
    void O12_itOutlivesVersions_becauseTheControlPlaneKeepsIt() {
        PathMtu path = new PathMtu();
        OverlaySettings first = overlay(1500, HERE, THERE);
        OverlaySettings kept = new OverlaySettings(
                TUNNEL, first.fds(), HERE, 1500, Map.of(THERE, path), first.networks(), first.peers(), List.of());
        here.overlay(kept);
        here.send(0, datagram(2, 1450, true));
        arrives(0, tooBig(outer().getFirst(), 1300, 548, b -> {}));
        here.overlay(null);
        here.overlay(new OverlaySettings(
                TUNNEL,
                first.fds(),
                HERE,
                1500,
                Map.of(THERE, path),
                first.networks(),
                first.peers(),
                first.endpoints()));
        here.send(0, datagram(2, 1450, true));
        assertThat(told()).isEqualTo(1250);
        assertThat(path.bytes(here.clock.nanoTime())).isEqualTo(1300);
    }

    @ParameterizedTest
    @CsvSource({"1300,28,1250", "1300,36,1250", "100,548,526", "0,548,1442", "1499,548,1449"})
    void O12_aShortQuoteIsEnough_andNothingBelowTheFloorIsBelieved(int said, int quoted, int fits) {
        connect(1500);
        arrives(0, tooBig(sentToTwo(), said, quoted, b -> {}));
        here.send(0, datagram(2, 1450, true));
        assertThat(told()).isEqualTo(fits);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "not to this end",
                "not from this end",
                "to no peer",
                "another port",
                "a port tunnels do not send from",
                "no UDP",
                "a fragment",
                "without DF",
                "it would have passed",
                "another length",
                "another network",
                "cut off",
                "another code",
                "another type"
            })
    void O12_whatDoesNotQuoteATunnelsPacketChangesNothing_row47(String forgery) {
        connect(1500);
        int quote = L3 + 28;
        int udp = quote + 20;
        Frame forged = tooBig(sentToTwo(), 1300, forgery.equals("cut off") ? 27 : 548, b -> {
            switch (forgery) {
                case "not to this end" -> Ipv4Header.destinationAddress(b, L3, ((Ipv4Address) THERE).bits());
                case "not from this end" -> Ipv4Header.sourceAddress(b, quote, ((Ipv4Address) ELSEWHERE).bits());
                case "to no peer" -> Ipv4Header.destinationAddress(b, quote, 0xc000_0263);
                case "another port" -> b.putShort(udp + 2, (short) 0x3535);
                case "a port tunnels do not send from" -> b.putShort(udp, (short) 0x0010);
                case "no UDP" -> Ipv4Header.protocol(b, quote, IpProtocol.TCP);
                case "a fragment" -> Ipv4Header.fragment(b, quote, true, true, 0);
                case "without DF" -> Ipv4Header.fragment(b, quote, false, false, 0);
                case "it would have passed" -> Ipv4Header.totalLength(b, quote, 1300);
                case "another length" -> Ipv4Header.totalLength(b, quote, 1400);
                case "another network" -> b.putByte(udp + 8 + 5, (byte) 1);
                case "another code" -> IcmpHeader.code(b, L3 + 20, IcmpHeader.PORT_UNREACHABLE);
                case "another type" -> IcmpHeader.type(b, L3 + 20, IcmpHeader.TIME_EXCEEDED);
                default -> assertThat(forgery).isEqualTo("cut off");
            }
        });
        arrives(0, forged);
        assertThat(here.drops(TUNNEL, DropReason.TUNNEL_ICMP)).isEqualTo(1);
        here.send(0, datagram(2, 1450, true));
        assertThat(outer()).hasSize(1);
    }

    @Test
    void O12_aWrongChecksumIsNotBelieved_norIsLaterWordOfMore() {
        connect(1500);
        byte[] sent = sentToTwo();
        Frame damaged = tooBig(sent, 1300, 548, b -> {});
        damaged.bytes[L3 + 20 + 7] ^= 1;
        arrives(0, damaged);
        assertThat(here.drops(TUNNEL, DropReason.TUNNEL_ICMP)).isEqualTo(1);
        arrives(0, tooBig(sent, 1300, 548, b -> {}));
        arrives(1, tooBig(sent, 1400, 548, b -> {}));
        arrives(1, tooBig(sent, 1300, 548, b -> {}));
        assertThat(here.term(Term.PATH_MTU_LOWERED)).isEqualTo(1);
        here.send(0, datagram(2, 1400, true));
        assertThat(told()).isEqualTo(1250);
    }

    @ParameterizedTest
    @CsvSource({"1400,true", "1280,true", "1279,false", "68,false"})
    void O12_overIpv6ItIsPacketTooBig_andLessThan1280IsNoAnswer(int said, boolean believed) {
        here.overlay(overlay(1500, HERE_6, THERE_6));
        here.send(0, datagram(2, 1430, true));
        byte[] sent = outer().getFirst();
        int quoted = 1280 - 48;
        Frame frame = new Frame(0);
        frame.bytes = new byte[L3 + 48 + quoted];
        UnsafeBuffer b = new UnsafeBuffer(frame.bytes);
        EthernetHeader.etherType(b, TunnelHeader.LENGTH, EtherType.IPV6);
        b.putByte(L3, (byte) 0x60);
        Ipv6Header.payloadLength(b, L3, 8 + quoted);
        Ipv6Header.nextHeader(b, L3, IpProtocol.ICMPV6);
        Ipv6Address router = Ipv6Address.parse("2001:db8::ffff");
        Ipv6Address local = (Ipv6Address) HERE_6;
        Ipv6Header.source(b, L3, router.hi(), router.lo());
        Ipv6Header.destination(b, L3, local.hi(), local.lo());
        int icmp = L3 + 40;
        Icmpv6Header.type(b, icmp, Icmpv6Header.PACKET_TOO_BIG);
        Icmpv6Header.mtu(b, icmp, said);
        b.putBytes(icmp + 8, sent, L3, quoted);
        long sum = InternetChecksum.pseudoHeader(
                        router.hi(), router.lo(), local.hi(), local.lo(), IpProtocol.ICMPV6, 8 + quoted)
                + InternetChecksum.sum(b, icmp, 8 + quoted);
        Icmpv6Header.checksum(b, icmp, InternetChecksum.finish(sum));
        arrives(0, frame);
        assertThat(here.term(Term.PATH_MTU_LOWERED)).isEqualTo(believed ? 1 : 0);
        here.send(0, datagram(2, 1430, true));
        if (believed) {
            assertThat(told()).isEqualTo(said - 70);
        } else {
            assertThat(outer()).hasSize(1);
        }
    }

    @Test
    void O11_theDevicesOwnMtuIsALimitWithoutAnybodySayingSo() {
        connect(1400);
        here.send(0, datagram(2, 1351, true));
        assertThat(told()).isEqualTo(1350);
        here.send(0, datagram(2, 1350, true));
        assertThat(outer()).hasSize(1);
        assertThat(Ipv4Header.totalLength(new UnsafeBuffer(outer().getFirst()), L3))
                .isEqualTo(1400);
    }

    @Test
    void O11_ipv6HearsPacketTooBig() {
        connect(1400);
        here.send(0, datagram6(1351));
        UnsafeBuffer error = back();
        int icmp = IP + 40;
        assertThat(Icmpv6Header.type(error, icmp)).isEqualTo(Icmpv6Header.PACKET_TOO_BIG);
        assertThat(Icmpv6Header.mtu(error, icmp)).isEqualTo(1350);
        assertThat(Ipv6Header.destinationLo(error, IP)).isEqualTo(SIX.lo());
        here.send(0, datagram6(1350));
        assertThat(outer()).hasSize(1);
    }

    @Test
    void O11_ofASuperFrameTheSegmentsCount() {
        connect(1400);
        here.send(0, superFrame(1351, true));
        assertThat(told()).isEqualTo(1350);
        assertThat(Ipv4Header.totalLength(back(), IP + 28))
                .as("the quote is of the first segment")
                .isEqualTo(1351);
        here.send(0, superFrame(1350, true));
        assertThat(outer()).as("whole").hasSize(1);
    }

    @Test
    void O11_whatMayBeSplitGoesInFragments_alsoAFragmentAndASuperFrame() {
        connect(1400);
        Frame original = datagram(2, 1450, false);
        here.send(0, original);
        assertThat(inside()).isEqualTo(payload(original.ethernet()));
        assertThat(outer()).hasSize(2).allSatisfy(TunnelMtuTest::fits1400);
        Frame fragment = datagram(2, 1450, false);
        Ipv4Header.fragment(fragment.ethernet(), IP, false, true, 4_000);
        fragment.ipChecksum();
        here.send(0, fragment);
        assertThat(outer())
                .hasSize(2)
                .allSatisfy(outer -> assertThat(
                                Ipv4Header.moreFragments(new UnsafeBuffer(outer), TunnelHeader.LENGTH + OUTER + IP))
                        .isTrue());
        assertThat(outer().stream()
                        .map(outer ->
                                Ipv4Header.fragmentOffset(new UnsafeBuffer(outer), TunnelHeader.LENGTH + OUTER + IP)))
                .containsExactly(4_000, 4_000 + 1_328);
        here.send(0, superFrame(1450, false));
        assertThat(outer()).hasSize(2 * (30_000 / 1410) + 1).allSatisfy(TunnelMtuTest::fits1400);
    }

    private static void fits1400(byte[] outer) {
        assertThat(Ipv4Header.totalLength(new UnsafeBuffer(outer), L3)).isLessThanOrEqualTo(1400);
    }

    private static byte[] payload(UnsafeBuffer frame) {
        byte[] payload = new byte[Ipv4Header.totalLength(frame, IP) - 20];
        frame.getBytes(IP + 20, payload);
        return payload;
    }

    /** {@return the payload of the fragments that were sent, put together} */
    private byte[] inside() {
        byte[] all = new byte[0];
        for (byte[] outer : outer()) {
            int at = TunnelHeader.LENGTH + OUTER;
            byte[] part = payload(new UnsafeBuffer(outer, at, outer.length - at));
            assertThat(Ipv4Header.fragmentOffset(new UnsafeBuffer(outer), at + IP))
                    .isEqualTo(all.length);
            all = Arrays.copyOf(all, all.length + part.length);
            System.arraycopy(part, 0, all, all.length - part.length, part.length);
        }
        return all;
    }

    @Test
    void O11_aBroadcastThatIsTooLargeIsCountedForEachPeer_andNobodyIsTold() {
        connect(1400);
        Frame broadcast = Frames.udp(Frames.BROADCAST, mac(0), address(0), 0x0a00_00ff, 1_422);
        Ipv4Header.fragment(broadcast.ethernet(), IP, true, false, 0);
        broadcast.ipChecksum();
        assertThat(here.send(0, broadcast)).containsExactly(1);
        assertThat(here.drops(0, DropReason.TUNNEL_TOO_BIG)).isEqualTo(2);
        assertThat(here.send(0, Frames.ethernet(mac(2), mac(0), 0x88b5, 1_400))).isEmpty();
        assertThat(here.drops(0, DropReason.TUNNEL_TOO_BIG)).isEqualTo(3);
        assertThat(here.send(0, Frames.ethernet(mac(2), mac(0), 0x88b5, 1_350))).containsExactly(TUNNEL);
    }

    @Test
    void O11_errorsAreLimitedInRate_dropsAreCountedAllTheSame() {
        connect(1400);
        int told = 0;
        for (int i = 0; i < 300; i++) {
            here.send(0, datagram(2, 1450, true));
            told += here.written.size();
        }
        assertThat(told).isBetween(100, 110);
        assertThat(here.drops(0, DropReason.TUNNEL_TOO_BIG)).isEqualTo(300);
    }
}
