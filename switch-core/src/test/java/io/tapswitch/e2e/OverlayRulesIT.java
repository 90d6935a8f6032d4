package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Capture;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Flow;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outside;
import io.tapswitch.lab.World;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes into tunnels and comes out of them, packet by packet, with scapy and the kernel: V4 to V6, V14, V15. */
@Tag("netns")
@Timeout(120)
final class OverlayRulesIT {
    private static final String FILE = """
            networks:
              mesh: {driver: overlay, subnet: 10.66.0.0/16, gateway: 10.66.255.254}
              tags:
                driver: overlay
                subnet: 10.67.0.0/16
                options: {tapswitch.vlan: transparent}
              apart: {driver: overlay, subnet: 10.68.0.0/16}
            overlay:
              peers:
                - {network: mesh, vni: 4096, remote: 192.0.2.9}
                - {network: tags, vni: 4097, remote: 192.0.2.9}
                - {network: apart, vni: 4098, remote: 192.0.2.10}
            """;
    private static final String KERNEL = "10.66.0.100";
    /** Inner and outer packets, as a kernel at the peer's place would send them. */
    private static final String SCAPY = """
            from scapy.layers.vxlan import VXLAN
            def vx(inner, tos=0, port=5555, src='192.0.2.9', **k):
                return IP(src=src, dst='192.0.2.1', tos=tos)/UDP(sport=port, dport=4789)/VXLAN(**dict(dict(flags='Instance', vni=4096), **k))/inner
            def frame(word, tos=0, src='02:42:0a:42:00:77'):
                return Ether(dst='MAC', src=src)/IP(src='10.66.0.119', dst='10.66.0.10', tos=tos)/UDP(sport=9, dport=9)/word
            """;

    /** Random bytes for the tunnels' port, as fast as a process can. */
    private static final String FLOOD = """
            import random, socket, struct, sys
            random.seed(62)
            to = bytes.fromhex(sys.argv[1].replace(':', ''))
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            s.bind(('eth0', 0))
            def checksum(b):
                total = sum(struct.unpack('!%dH' % (len(b) // 2), b))
                total = (total & 0xffff) + (total >> 16)
                return ~((total & 0xffff) + (total >> 16)) & 0xffff
            def packet():
                noise = random.randbytes(random.randrange(200))
                udp = struct.pack('!4H', random.randrange(65536), 4789, 8 + len(noise), 0) + noise
                head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                    bytes([192, 0, 2, 9]), bytes([192, 0, 2, 1]))
                head = head[:10] + struct.pack('!H', checksum(head)) + head[12:]
                return to + s.getsockname()[4] + b'\\x08\\x00' + head + udp
            packets = [packet() for i in range(500)]
            print('ready')
            while True:
                for p in packets: s.send(p)
            """;

    private final World world = World.withOutside();
    private LabNamespace router;
    private LabContainer one;

    @BeforeEach
    void start() {
        router = world.outside().router();
        router.ip("link add vx0 address 02:00:00:00:00:64 type vxlan id 4096 dstport 4789 local " + Outside.ONE
                + " remote " + Outside.HOST);
        router.ip("link set vx0 mtu 1450 up");
        router.ip("addr add " + KERNEL + "/16 dev vx0");
        startDaemon("tap");
        one = world.attached("one", "--network", "mesh", "--ip", "10.66.0.10");
        one.ping(KERNEL);
    }

    private void startDaemon(String way) {
        String file = world.file("tapswitch.yaml", FILE).toString();
        world.start("--uplink", "shared", "--tunnel", way, "--config", file);
    }

    @AfterEach
    void close() {
        world.close();
    }

    private void scapy(String program) {
        router.scapy(SCAPY.replace("MAC", one.endpoint("mesh").text("MacAddress")) + program);
    }

    /** As many frames as were sent for it are dropped for a reason, and no more. */
    private void dropped(String reason, int frames) {
        Eventually.until(reason, () -> world.daemon().drops(reason) >= frames);
        assertThat(world.daemon().drops(reason)).as(reason).isEqualTo(frames);
    }

    @Test
    void V14_ttlIs64DscpStaysInside_andCongestionMarksGoInAndComeOut() {
        String ours = "udp dst port 4789 and ip[8] = 64 and ip[6] & 0x40 != 0 and ip[1] = ";
        for (int mark : new int[] {0, 1, 2, 3}) {
            try (Capture outer = Capture.in(router, ours + mark)) {
                one.exec("ping", "-c", "1", "-W", "2", "-Q", String.valueOf(0xb8 | mark), KERNEL)
                        .ok();
                outer.awaitLine("VXLAN");
            }
        }
        // Outer CE on a packet that can carry it, and ECT(1) on one that says ECT(0): RFC 6040 figure 4.
        try (Capture marked = Capture.in(one, "udp port 9 and ip[1] = 0xbb");
                Capture paler = Capture.in(one, "udp port 9 and ip[1] = 0x01");
                Capture kept = Capture.in(one, "udp port 9 and ip[1] = 0x03")) {
            scapy("""
                    send(vx(frame('ce', tos=0xba), tos=3))
                    send(vx(frame('ect1', tos=2), tos=1))
                    send(vx(frame('kept', tos=3), tos=0))
                    send(vx(frame('none', tos=0), tos=3))
                    """);
            marked.awaitLine(" 10.66.0.10.9: ");
            paler.awaitLine(" 10.66.0.10.9: ");
            kept.awaitLine(" 10.66.0.10.9: ");
        }
        dropped("tunnel_inner_ecn", 1);
    }

    @Test
    void V6_aTagInsideIsDropped_andPassesWhereTheNetworkIsTransparent() {
        LabContainer tagged = world.attached("tagged", "--network", "tags", "--source-guard=false");
        try (Capture seen = Capture.in(tagged, "vlan 5");
                Capture never = Capture.in(one, "vlan 5")) {
            scapy("""
                    def tag(vni): return vx(Ether(dst='ff:ff:ff:ff:ff:ff', src='02:42:0a:42:00:78')/Dot1Q(vlan=5)/IP(dst='10.66.0.10')/UDP(dport=9), vni=vni)
                    send(tag(4096))
                    send(tag(4097))
                    """);
            seen.awaitLine("vlan 5");
            dropped("tunnel_inner_tag", 1);
            assertThat(never.lines()).noneMatch(line -> line.contains("vlan 5"));
        }
        try (Capture outer = Capture.in(router, "udp dst port 4789")) {
            tagged.scapy(
                    "sendp(Ether(dst='ff:ff:ff:ff:ff:ff', src='%s')/Dot1Q(vlan=5)/IP(src='10.67.0.2')/UDP(), iface=IF)"
                            .formatted(tagged.endpoint("tags").text("MacAddress")));
            outer.awaitLine("vlan 5");
        }
    }

    @Test
    void V5_reservedBitsAreIgnored_V15_otherProtocolsOnThePortAreNamed_row58() {
        try (Capture seen = Capture.in(one, "udp port 9")) {
            scapy("""
                    raw = bytes(vx(frame('reserved-bits'))[VXLAN])
                    def with_header(head): return IP(src='192.0.2.9', dst='192.0.2.1')/UDP(sport=5555, dport=4789)/(head + raw[8:])
                    send(with_header(bytes([0x4a, 0, 0, 0x00, 0, 0x10, 0, 0xff])))
                    send(with_header(bytes([0x0c, 0, 0, 0x03, 0, 0x10, 0, 0])))
                    send(with_header(bytes([0x88, 0, 0, 0x07, 0, 0x10, 0, 0])))
                    """);
            seen.awaitLine(" 10.66.0.10.9: ");
            dropped("tunnel_vxlan_gpe", 1);
            dropped("tunnel_vxlan_gbp", 1);
            assertThat(seen.lines())
                    .filteredOn(line -> line.contains("10.66.0.10.9"))
                    .hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tap", "socket"})
    void V4_V7_rows57_59to63_whatIsForeignNestedCutSplitOrDamagedDoesNoHarm(String way) {
        boolean bySocket = way.equals("socket");
        if (bySocket) {
            world.stop();
            startDaemon(way);
            one.ping(KERNEL);
        }
        try (Capture seen = Capture.in(one, "udp port 9")) {
            // Row 57: each is a peer, but not there. Row 59: the inner packet is one for a tunnel of this host again,
            // and
            // its inner packet too. Row 60: each length. Rows 61 and 63.
            scapy("""
                    nested = Ether(dst='ff:ff:ff:ff:ff:ff', src='02:42:0a:42:00:79')/vx(frame('inner'))
                    send(vx(nested))
                    send(vx(Ether(dst='ff:ff:ff:ff:ff:ff', src='02:42:0a:42:00:79')/vx(nested)))
                    send(vx(frame('abroad'), src='192.0.2.10'))
                    send(vx(frame('abroad'), vni=4098))
                    whole = bytes(frame('x' * 18))
                    for n in range(0, 61):
                        send(vx(Raw(whole[:n])))
                    for part in fragment(vx(frame('y' * 1000)), fragsize=400):
                        send(part)
                    bad = IP(bytes(vx(frame('z'))))
                    bad[UDP].chksum = 0x1234
                    send(bad)
                    send(vx(frame('last')))
                    """);
            dropped("tunnel_unknown_peer", 2);
            dropped("tunnel_inner_truncated", 14);
            dropped("truncated_ip", 20);
            seen.awaitLine("length 4");
            List<String> came = new ArrayList<>(List.of("length 18", "length 4"));
            if (bySocket) {
                // The kernel puts fragments together, and drops and counts what has a wrong checksum.
                came.add(1, "length 1000");
                assertThat(world.host()
                                .exec("nstat", "-asz", "UdpInCsumErrors")
                                .ok()
                                .out())
                        .containsPattern("UdpInCsumErrors +1 ");
            } else {
                dropped("tunnel_outer_fragment", 3);
                dropped("tunnel_udp_checksum", 1);
            }
            // Nothing of what was inside of the inner packet: it is not opened twice. What a bridge passes on is not
            // its business: packets that say that they are longer than their frames.
            assertThat(seen.lines().stream()
                            .filter(line -> line.contains(" 10.66.0.10.9: ") && !line.contains("truncated-ip")))
                    .map(line -> line.replaceAll(".*UDP, ", ""))
                    .containsExactlyElementsOf(came);
        }
        one.ping(KERNEL);
        world.assertNoTrouble();
    }

    /** While it comes: a thousand datagrams a second between containers here, and a stream. */
    @Test
    void V15_row62_garbageAsFastAsItComesLeavesTheNetworkAlone() throws InterruptedException {
        LabContainer two = world.attached("two", "--network", "mesh", "--ip", "10.66.0.11");
        String mac = world.host().ip("link show uplink0").replaceAll("(?s).*link/ether (\\S+).*", "$1");
        try (Background flood = router.start("python3", "-uc", FLOOD, mac.toLowerCase(Locale.ROOT))
                        .awaitWords("ready");
                Flow flow = Flow.start(two, "10.66.0.10", one, 1000)) {
            Eventually.until("garbage", () -> world.daemon().drops("tunnel_vxlan_no_vni") > 0);
            long before = floodDrops();
            long begin = System.nanoTime();
            two.transferTcp(one, "10.66.0.10", 20_000_000);
            Thread.sleep(2_000);
            long perSecond = (floodDrops() - before) * 1_000_000_000L / (System.nanoTime() - begin);
            assertThat(perSecond).as("garbage that came").isGreaterThan(1_000);
            flow.end().nothingLost();
            assertThat(flood.alive()).isTrue();
        }
        one.ping(KERNEL);
        world.assertNoTrouble();
    }

    private long floodDrops() {
        return world.daemon().api().get("/drops").elements().stream()
                .filter(drop -> drop.text("reason").startsWith("tunnel_"))
                .mapToLong(drop -> drop.number("frames"))
                .sum();
    }

    @Test
    void row64_aPeerThatMovesAllTheTimeIsWhereItWasLast() {
        for (int i = 0; i <= 40; i++) {
            String there = i % 2 == 0 ? Outside.TWO : Outside.ONE;
            world.file("tapswitch.yaml", FILE.replace("vni: 4096, remote: 192.0.2.9", "vni: 4096, remote: " + there));
            world.cli("fdb", "mesh");
        }
        Eventually.until("the last one", () -> world.cli("status").contains("to 192.0.2.10, VXLAN 4096"));
        assertThat(one.reaches(KERNEL)).as("who is there no more is not heard").isFalse();
        world.file("tapswitch.yaml", FILE);
        Eventually.until("and back", () -> one.reaches(KERNEL));
        world.assertNoTrouble();
    }
}
