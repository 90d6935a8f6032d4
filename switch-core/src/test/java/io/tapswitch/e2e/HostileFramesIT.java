package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Flow;
import io.tapswitch.lab.Frames;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNetwork;
import io.tapswitch.lab.Sniffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Hostile frames between members: rows 1 to 9, 16 and 20 to 28 of the catalogue. The base rules hold for each: the
 * daemon lives, frames are conserved, and a flow between two others loses nothing. IP between members is none of a
 * bridge's business and passes unchanged; the same packets for the gateway are in {@link HostilePacketsIT}.
 */
@Tag("netns")
@Timeout(90)
final class HostileFramesIT {
    @RegisterExtension
    static final Lab LAB = Lab.withoutSourceGuard();

    /** Forty valid packets of many protocols, one a line, made by scapy for the destination MAC D and source MAC S. */
    private static final String FORTY_PACKETS = """
            E = Ether(dst=D, src=S)
            I, J = IP(src=A, dst=B), IPv6(src='fe80::1', dst='fe80::2')
            U = UDP(sport=4000, dport=53)
            packets = [
                E/ARP(op=1, psrc=A, pdst=B), E/ARP(op=2, psrc=A, pdst=B, hwdst=D),
                E/I/TCP(flags='S'), E/I/TCP(flags='SA'), E/I/TCP(flags='PA')/b'data', E/I/TCP(flags='R'),
                E/I/TCP(options=[('MSS', 1460), ('SAckOK', b''), ('WScale', 7), ('Timestamp', (1, 2))]),
                E/I/U/b'x', E/I/UDP(sport=1, dport=9, chksum=0)/b'abc', E/I/UDP(sport=0, dport=9)/(b'y' * 200),
                E/I/ICMP()/b'ping', E/I/ICMP(type=3, code=4)/I/U, E/I/ICMP(type=11)/I/TCP(), E/I/ICMP(type=13),
                E/I/SCTP()/SCTPChunkInit(), E/I/SCTP()/SCTPChunkData(data=b'1234'),
                E/IP(src=A, dst=B, options=IPOption(b'\\x83\\x07\\x04\\x0a\\x00\\x00\\x01'))/U,
                E/IP(src=A, dst=B, options=IPOption(b'\\x94\\x04\\x00\\x00'))/ICMP(),
                E/IP(src=A, dst=B, flags='MF')/U/(b'z' * 40), E/IP(src=A, dst=B, frag=6)/(b'z' * 40),
                E/IP(src=A, dst=B, flags='DF')/U, E/IP(src=A, dst=B, tos=0xb8)/U, E/IP(src=A, dst=B, ttl=1)/U,
                E/IP(src=A, dst=B, proto=47)/GRE()/I/U, E/IP(src=A, dst=B, proto=50)/(b'e' * 40),
                E/IP(src=A, dst=B, proto=4)/I/U, E/IP(src=A, dst=B, proto=2)/(b'\\x16' + b'0' * 7),
                E/J/TCP(), E/J/U/b'six', E/J/ICMPv6EchoRequest(), E/J/ICMPv6ND_NS(tgt='fe80::2'),
                E/J/ICMPv6PacketTooBig()/J/U, E/J/IPv6ExtHdrHopByHop()/U, E/J/IPv6ExtHdrDestOpt()/U,
                E/J/IPv6ExtHdrRouting()/U, E/J/IPv6ExtHdrFragment()/U,
                E/J/IPv6ExtHdrHopByHop()/IPv6ExtHdrDestOpt()/IPv6ExtHdrFragment()/TCP(),
                E/I/UDP(dport=4789)/VXLAN(vni=7)/Ether()/I/U, E/I/U/DNS(qd=DNSQR(qname='web')),
                E/I/U/DNS(qr=1, an=DNSRR(rrname='web', rdata='10.0.0.1')),
            ]
            for p in packets: print(bytes(p).hex())
            """;

    private final LabNetwork network = LAB.network();
    private final LabContainer hostile = LAB.container(network);
    private final LabContainer a = LAB.container(network);
    private final LabContainer b = LAB.container(network);
    private final Flow flow = LAB.closing(Flow.start(a, b, 500));

    @AfterEach
    void flowLostNothing() {
        flow.end().nothingLost();
        hostile.ping(a);
    }

    @Test
    void row1_framesBelowAnEthernetHeaderDoNotEvenLeaveTheContainer() {
        // The kernel refuses them at the packet socket; the way of a runt through the switch is a unit test's.
        StringBuilder frames = new StringBuilder();
        for (int length = 1; length < 14; length++) {
            frames.append("ff".repeat(length)).append('\n');
        }
        Json result = hostile.traffic(Duration.ofSeconds(10), frames.toString(), "send");
        assertThat(result.number("sent") - hostile.drops("runt")).isZero();
    }

    @Test
    void row2_ethernetHeaderAloneThatPromisesAnIpPacketIsTruncated() {
        hostile.send(Frames.ethernet(a.mac(), hostile.mac(), Frames.IPV4, ""), 30);
        hostile.send(Frames.ethernet(a.mac(), hostile.mac(), "86dd", "60"), 12);
        fence();
        assertThat(hostile.drops("truncated_ip")).isEqualTo(42);
    }

    @Test
    void row3_everyPrefixOfFortyPacketsPassesUnchangedOrIsDroppedForItsLength() {
        List<String> packets = fortyPackets();
        List<String> prefixes = new ArrayList<>();
        for (String packet : packets) {
            for (int end = 28; end < packet.length(); end += 2) {
                prefixes.add(packet.substring(0, end));
            }
        }
        String marker = bare(a.mac()) + bare(hostile.mac());
        long before = hostile.stats().number("drops");
        List<String> arrived;
        try (Sniffer atA = Sniffer.in(a, marker)) {
            hostile.send(prefixes);
            arrived = atA.framesBeforeFenceFrom(hostile);
        }
        List<String> whole =
                prefixes.stream().filter(HostileFramesIT::headerIsThere).toList();
        assertThat(whole).containsSubsequence(arrived);
        assertThat(whole)
                .as("an IPv6 packet that may be a router's word must show that it is none")
                .filteredOn(frame -> !arrived.contains(frame))
                .allMatch(HostileFramesIT::mayBeRoutersWord);
        assertThat(arrived)
                .containsAll(
                        whole.stream().filter(frame -> !mayBeRoutersWord(frame)).toList());
        int missing = prefixes.size() - arrived.size();
        assertThat(hostile.drops("truncated_ip") + hostile.drops("bad_arp"))
                .isBetween((long) prefixes.size() - whole.size(), (long) missing);
        // The container's own kernel says something now and then, too.
        assertThat(hostile.stats().number("drops") - before).isBetween((long) missing, missing + 20L);
    }

    /** Whether an IPv6 header names ICMPv6 next, or an extension header, behind which that may come. */
    private static boolean mayBeRoutersWord(String frame) {
        return frame.startsWith("86dd", 24)
                && List.of("00", "2b", "2c", "3a", "3c").contains(frame.substring(40, 42));
    }

    /** Whether the frame has the header that its EtherType promises, which is all that a bridge looks at. */
    private static boolean headerIsThere(String frame) {
        int payload = frame.length() / 2 - 14;
        return switch (frame.substring(24, 28)) {
            case "0800" -> payload >= 20;
            case "86dd" -> payload >= 40;
            case "0806" -> payload >= 28;
            default -> true;
        };
    }

    @Test
    void row3_everyPrefixForTheGatewayIsSurvivedAndCounted() {
        String gatewayMac = bare(hostile.gatewayMac());
        List<String> prefixes = new ArrayList<>();
        for (String packet : fortyPackets()) {
            for (int end = 28; end <= packet.length(); end += 2) {
                prefixes.add(gatewayMac + packet.substring(12, end));
            }
        }
        long before = hostile.stats().number("drops");
        long answersBefore = hostile.stats().number("txFrames");
        hostile.send(prefixes);
        fence();
        long dropped = hostile.stats().number("drops") - before;
        long answered = hostile.stats().number("txFrames") - answersBefore;
        assertThat(dropped + answered).isGreaterThanOrEqualTo(prefixes.size());
        assertThat(answered)
                .as("answers, errors included, to what is hardly ever a request to the gateway")
                .isLessThan(prefixes.size() / 10);
    }

    @Test
    void row4_singleBitFlipsNeverReachAPortOfAnotherNetwork() {
        LabNetwork other = LAB.network();
        LabContainer stranger = LAB.container(other);
        LabContainer friend = LAB.container(other);
        try (Sniffer atStranger = Sniffer.in(stranger, "")) {
            List<String> flipped = new ArrayList<>();
            for (String packet : fortyPackets()) {
                for (int bit = 0; bit < packet.length() * 4; bit++) {
                    flipped.add(flip(packet, bit));
                }
            }
            hostile.send(flipped, 15_000);
            fence();
            assertThat(atStranger.framesBeforeFenceFrom(friend))
                    .allMatch(frame -> frame.contains(bare(friend.mac())) || frame.startsWith("3333"));
        }
    }

    @Test
    void row8_reservedGroupsAreDroppedAndCountedExactly() {
        for (int last = 0; last < 16; last++) {
            hostile.send(Frames.experimental("01:80:c2:00:00:0" + Integer.toHexString(last), hostile.mac(), "x"), 5);
        }
        assertThat(hostile.drops("reserved_group")).isEqualTo(80);
    }

    @Test
    void row9_cutOffAndStackedTagsAreDroppedAndCountedExactly() {
        hostile.send(Frames.ethernet(a.mac(), hostile.mac(), "8100", ""), 3);
        hostile.send(Frames.ethernet(a.mac(), hostile.mac(), "8100", "00"), 4);
        hostile.send(Frames.ethernet(a.mac(), hostile.mac(), "88a8", "000581000006" + Frames.IPV4), 5);
        hostile.send(Frames.ethernet(a.mac(), hostile.mac(), "8100", "00058100".repeat(300)), 6);
        fence();
        assertThat(hostile.drops("vlan_tagged")).isEqualTo(18);
    }

    @Test
    void row16_malformedArpIsDroppedAndCountedExactly() {
        String good = Frames.arp(a.mac(), hostile.mac(), 1, hostile.mac(), hostile.address(), a.mac(), a.address());
        hostile.send(Frames.with16(good, 14, 6), 2);
        hostile.send(Frames.with16(good, 16, 0x86dd), 2);
        hostile.send(Frames.with8(good, 18, 8), 2);
        hostile.send(Frames.with8(good, 19, 16), 2);
        hostile.send(Frames.with16(good, 20, 0), 2);
        hostile.send(Frames.with16(good, 20, 65_535), 2);
        hostile.send(good.substring(0, 2 * (14 + 27)), 2);
        fence();
        assertThat(hostile.drops("bad_arp")).isEqualTo(14);
    }

    @Test
    void rows20to25and28_badPacketsBetweenMembersPassUnchanged() {
        String good = Frames.ipv4(hostile.address(), a.address(), 17, Frames.udp(7, 7, "member"));
        List<String> packets = new ArrayList<>(List.of(
                Frames.with8(good, 0, 0x05),
                Frames.with8(good, 0, 0xf5),
                Frames.with8(good, 0, 0x40),
                Frames.with8(good, 0, 0x4f),
                Frames.with16(good, 2, 19),
                Frames.with16(good, 2, 60_000),
                Frames.with16(good, 2, 0),
                Frames.with16(good, 10, 0x1234),
                Frames.with8(good, 8, 0),
                Frames.with8(good, 8, 1),
                Frames.ipv4("127.0.0.1", a.address(), 17, Frames.udp(7, 7, "member")),
                Frames.ipv4("255.255.255.255", a.address(), 17, Frames.udp(7, 7, "member")),
                Frames.ipv4(a.address(), a.address(), 17, Frames.udp(7, 7, "member")),
                Frames.ipv4(hostile.address(), a.address(), 17, 64, "83030400", Frames.udp(7, 7, "member")),
                Frames.ipv4(hostile.address(), a.address(), 17, 64, "44000000", Frames.udp(7, 7, "member"))));
        for (int protocol = 0; protocol < 256; protocol++) {
            packets.add(Frames.ipv4(hostile.address(), a.address(), protocol, Frames.text("member" + protocol)));
        }
        List<String> frames = packets.stream()
                .map(packet -> Frames.padded(Frames.ethernet(a.mac(), hostile.mac(), Frames.IPV4, packet)))
                .toList();
        try (Sniffer atA = Sniffer.in(a, Frames.text("member"))) {
            hostile.send(frames);
            assertThat(atA.framesBeforeFenceFrom(hostile)).containsExactlyElementsOf(frames);
        }
    }

    private List<String> fortyPackets() {
        String names = "D, S, A, B = '" + a.mac() + "', '" + hostile.mac() + "', '" + hostile.address() + "', '"
                + a.address() + "'\nfrom scapy.layers.sctp import *\n"
                + "from scapy.layers.vxlan import *\n";
        List<String> packets = hostile.scapy(names + FORTY_PACKETS).lines().toList();
        assertThat(packets).hasSize(40);
        return packets;
    }

    private static String flip(String frame, int bit) {
        int digit = Character.digit(frame.charAt(bit / 4), 16) ^ (8 >> (bit % 4));
        return frame.substring(0, bit / 4) + Character.forDigit(digit, 16) + frame.substring(bit / 4 + 1);
    }

    /** All that was sent has been decided when a fence has arrived. */
    private void fence() {
        try (Sniffer atB = Sniffer.in(b, "ffffffffffffffff")) {
            assertThat(atB.framesBeforeFenceFrom(hostile)).isEmpty();
        }
    }

    private static String bare(String mac) {
        return mac.replace(":", "");
    }
}
