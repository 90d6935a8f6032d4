package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Capture;
import io.tapswitch.lab.Flow;
import io.tapswitch.lab.Frames;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabHost;
import io.tapswitch.lab.LabNetwork;
import io.tapswitch.lab.Outcome;
import io.tapswitch.lab.Sniffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The gateway as a member of its network (A-IPAM-07, B17), and hostile packets for it: rows 20 to 28 of the catalogue,
 * each dropped, counted exactly under its reason, and without an answer.
 */
@Tag("netns")
@Timeout(60)
final class HostilePacketsIT {
    @RegisterExtension
    static final Lab LAB = Lab.withoutSourceGuard();

    private static final int UDP = 17;
    private static final String BEYOND = LabHost.OUTSIDE_ADDRESS;

    private final LabNetwork network = LAB.network();
    private final LabContainer hostile = LAB.container(network);
    private final LabContainer a = LAB.container(network);
    private final LabContainer b = LAB.container(network);
    private final String gatewayMac = hostile.gatewayMac();
    private final String good = Frames.ipv4(hostile.address(), BEYOND, UDP, Frames.udp(7, 7, "out of here"));
    private final Flow flow = LAB.closing(Flow.start(a, b, 500));

    @AfterEach
    void flowLostNothing() {
        flow.end().nothingLost();
        a.ping(a.gateway());
    }

    @Test
    void A_IPAM_07_gatewayAnswersArpAndPing() {
        hostile.ping(hostile.gateway());
        Outcome large = hostile.exec("ping", "-c2", "-i0.1", "-W2", "-s", "20000", hostile.gateway())
                .ok();
        assertThat(large.out()).contains("2 received");
        assertThat(hostile.ip("route show default")).contains("default via " + network.gateway() + " dev eth0");
        assertThat(hostile.exec("arping", "-c1", "-w2", "-I", "eth0", network.gateway())
                                .out()
                        + hostile.ip("neigh show " + network.gateway()))
                .contains(gatewayMac);
    }

    @Test
    void B17_gatewayOfAnInternalNetworkHasNoOtherService() {
        LabContainer inside = LAB.container(LAB.networkWith(",\"internal\":true"));
        for (int protocol : new int[] {0, 2, 6, 17, 47, 50, 132, 255}) {
            toGatewayOf(inside, protocol, "anybody there?", 5);
        }
        inside.ping(inside.address().replaceAll("\\d+$", "1"));
        assertThat(inside.drops("gateway_no_service")).isEqualTo(40);
    }

    private static void toGatewayOf(LabContainer inside, int protocol, String words, int times) {
        String gateway = inside.address().replaceAll("\\d+$", "1");
        String packet = Frames.ipv4(inside.address(), gateway, protocol, Frames.text(words));
        inside.send(Frames.padded(Frames.ethernet(inside.mac(gateway), inside.mac(), Frames.IPV4, packet)), times);
    }

    @Test
    void B17_gatewaysAddressCannotBeTaken() {
        hostile.send(Frames.experimental(a.mac(), gatewayMac, "I am the gateway"), 9);
        assertDropped("spoof_mac", 9);
        hostile.send(Frames.arp(a.mac(), hostile.mac(), 2, hostile.mac(), network.gateway(), a.mac(), a.address()), 6);
        assertDropped("spoof_arp", 6);
        toGateway(Frames.ipv4(network.gateway(), BEYOND, UDP, Frames.udp(7, 7, "from the gateway")), 7);
        assertDropped("spoof_ip", 7);
        assertThat(a.gatewayMac()).isEqualTo(gatewayMac);
    }

    @Test
    void nothingLeavesTheNetworkAndThatIsCounted() {
        try (Capture outside = Capture.in(LAB.host().outside(), "ip and not host " + LabHost.ADDRESS)) {
            toGateway(good, 25);
            assertDropped("no_route", 25);
            LAB.host().exec("ping", "-c1", "-W2", BEYOND).ok();
            assertThat(outside.lines()).isEmpty();
        }
    }

    @Test
    void row20_versionAndHeaderLength() {
        for (int version : new int[] {0, 5, 15}) {
            toGateway(Frames.with8(good, 0, version << 4 | 5), 10);
        }
        assertDropped("ip_version", 30);
        for (int words = 0; words < 5; words++) {
            toGateway(Frames.with8(good, 0, 0x40 | words), 10);
        }
        hostile.send(Frames.ethernet(gatewayMac, hostile.mac(), Frames.IPV4, Frames.with8(good, 0, 0x4f)), 10);
        assertDropped("ip_header_length", 60);
    }

    @Test
    void row21_totalLength() {
        for (int length : new int[] {0, 19, good.length() / 2 + 200, 65_535}) {
            toGateway(Frames.rightChecksum(Frames.with16(good, 2, length)), 10);
        }
        assertDropped("ip_total_length", 40);
    }

    @Test
    void row22_headerChecksum() {
        toGateway(Frames.with16(good, 10, 0xdead), 10);
        toGateway(Frames.with8(good, 8, 63), 10);
        assertDropped("ip_checksum", 20);
    }

    @Test
    void N25_row23_optionsThatAreForbiddenOrMalformed() {
        String address = Frames.address("10.1.2.3");
        for (String options : new String[] {
            "830704" + address + "00", "890704" + address + "00", "07000000", "44010000", "07ff0400", "940a0000"
        }) {
            toGateway(Frames.ipv4(hostile.address(), BEYOND, UDP, 64, options, Frames.udp(7, 7, "options")), 10);
        }
        assertDropped("ip_options", 60);
        String record = "070704" + "00000000" + "00";
        toGateway(Frames.ipv4(hostile.address(), BEYOND, UDP, 64, record, Frames.udp(7, 7, "options")), 10);
        toGateway(Frames.ipv4(hostile.address(), BEYOND, UDP, 64, "94040000", Frames.udp(7, 7, "options")), 10);
        assertDropped("no_route", 20);
    }

    @Test
    void N23_row24_noTimeLeftToLive() {
        for (int ttl : new int[] {0, 1}) {
            toGateway(Frames.ipv4(hostile.address(), BEYOND, UDP, ttl, "", Frames.udp(7, 7, "old")), 10);
        }
        assertDropped("ttl_expired", 20);
        hostile.exec("ping", "-c1", "-W2", "-t1", hostile.gateway()).ok();
    }

    @Test
    void row25_sourcesThatNoPacketMayHave() {
        String broadcast = network.subnet().replaceAll("(\\d+\\.\\d+)\\..*", "$1.255.255");
        for (String source : new String[] {
            "127.0.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            broadcast,
            BEYOND
        }) {
            toGateway(Frames.ipv4(source, BEYOND, UDP, Frames.udp(7, 7, "impossible")), 10);
        }
        assertDropped("ip_source", 90);
    }

    @Test
    void row26_spoofedSourcesForTheGatewayAreDroppedByTheGuard() {
        LabContainer guarded = LAB.container(network, ",\"sourceGuard\":true");
        for (String source : new String[] {a.address(), "172.30.1.1", "8.8.8.8"}) {
            String packet = Frames.ipv4(source, BEYOND, UDP, Frames.udp(7, 7, "spoofed"));
            guarded.send(Frames.padded(Frames.ethernet(gatewayMac, guarded.mac(), Frames.IPV4, packet)), 10);
        }
        fence(guarded);
        assertThat(guarded.drops("spoof_ip")).isEqualTo(30);
    }

    @Test
    void row27_ipv6ExtensionHeaders() {
        String frames = hostile.scapy("E = Ether(dst='" + gatewayMac + "', src='" + hostile.mac() + "')\n" + """
                J = IPv6(src='fd00::1', dst='fd00::9')
                deep = J
                for i in range(100): deep = deep/IPv6ExtHdrDestOpt()
                bad = [E/deep/UDP(), E/J/IPv6ExtHdrRouting(type=0, addresses=['fd00::5'])/UDP(),
                       E/J/IPv6ExtHdrFragment(m=1)/IPv6ExtHdrFragment(m=1)/UDP(),
                       E/J/IPv6ExtHdrDestOpt()/IPv6ExtHdrFragment(offset=0, m=0)/IPv6ExtHdrFragment()/UDP(),
                       E/IPv6(src='fd00::1', dst='fd00::9', nh=0)/Raw(b'\\x11\\xff' + b'\\0' * 6),
                       E/IPv6(src='fd00::1', dst='fd00::9', nh=60)/Raw(b'\\x11')]
                for p in bad: print(bytes(p).hex())
                """);
        List<String> bad = frames.lines().toList();
        assertThat(bad).hasSize(6);
        for (String frame : bad) {
            hostile.send(frame, 10);
        }
        assertDropped("ip6_extension", 60);
    }

    @Test
    void row28_allProtocolsWithRandomContent() {
        LabContainer inside = LAB.container(LAB.networkWith(",\"internal\":true"));
        String gateway = inside.address().replaceAll("\\d+$", "1");
        String mac = inside.mac(gateway);
        List<String> frames = new ArrayList<>();
        for (int protocol = 0; protocol < 256; protocol++) {
            String packet = Frames.ipv4(inside.address(), gateway, protocol, Frames.text("r4nd0m!" + protocol));
            frames.add(Frames.padded(Frames.ethernet(mac, inside.mac(), Frames.IPV4, packet)));
        }
        inside.send(frames);
        inside.ping(gateway);
        assertThat(inside.drops("gateway_no_service")).isEqualTo(255);
        assertThat(inside.drops("bad_icmp")).isEqualTo(1);
    }

    private void toGateway(String packet, int times) {
        hostile.send(Frames.padded(Frames.ethernet(gatewayMac, hostile.mac(), Frames.IPV4, packet)), times);
    }

    private void assertDropped(String reason, long frames) {
        fence(hostile);
        assertThat(hostile.drops(reason))
                .as("%s in %s", reason, LAB.daemon().api().get("/drops"))
                .isEqualTo(frames);
    }

    /** All that was sent has been decided when a fence has arrived. */
    private void fence(LabContainer sender) {
        try (Sniffer atB = Sniffer.in(b, "ffffffffffffffff")) {
            assertThat(atB.framesBeforeFenceFrom(sender)).isEmpty();
        }
    }
}
