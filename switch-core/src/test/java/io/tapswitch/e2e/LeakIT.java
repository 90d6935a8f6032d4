package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Capture;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.LabNetwork;
import io.tapswitch.lab.Outside;
import io.tapswitch.lab.Talk;
import io.tapswitch.lab.UdpSocket;
import io.tapswitch.lab.Wire;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Whatever a container sends, nothing with a source that is not the host's ever leaves: N20, N21, N24, N25. What
 * kernel NAT lets out of the same packets is in OutsideLabIT.
 */
@Tag("netns")
@Timeout(120)
final class LeakIT {
    @RegisterExtension
    static final Lab LAB = Lab.withOutside();

    /** What arrives outside and is not from the host. */
    static final String FOREIGN = "ip and not src host 192.0.2.1 or ip6 and not src host 2001:db8::1"
            + " and not src net fe80::/10 and not src host ::";

    /** The ten malformed classes of N20, each with a name, to an address that routes outside. */
    static final String TEN = """
            O, O6 = '192.0.2.9', '2001:db8::9'
            ten = {
                'UDP with a wrong checksum': IP(dst=O)/UDP(sport=7000, dport=7400, chksum=0x1234)/b'leak',
                'UDP with length 4': IP(dst=O)/UDP(sport=7000, dport=7400, len=4)/b'leak',
                'TCP with SYN and FIN': IP(dst=O)/TCP(sport=7001, dport=7400, flags='SF'),
                'TCP without flags': IP(dst=O)/TCP(sport=7002, dport=7400, flags=0),
                'TCP with FIN, PSH and URG': IP(dst=O)/TCP(sport=7003, dport=7400, flags='FPU'),
                'a lone RST': IP(dst=O)/TCP(sport=7004, dport=7400, flags='R', seq=5),
                'a lone FIN and ACK': IP(dst=O)/TCP(sport=7005, dport=7400, flags='FA', seq=5, ack=5),
                'TCP with data offset 3': IP(dst=O)/TCP(sport=7006, dport=7400, flags='S', dataofs=3),
                'TCP with a wrong checksum': IP(dst=O)/TCP(sport=7007, dport=7400, flags='S', chksum=0x1234),
                'ICMP with a wrong checksum': IP(dst=O)/ICMP(id=9, chksum=0x1234)/b'leak',
            }
            """;

    static final String MORE = """
            more = [
                IP(dst=O)/UDP(sport=7000, dport=7400, len=200)/b'leak',
                IP(dst=O, proto=17)/b'leak',
                IP(dst=O, proto=6)/b'leak',
                IP(dst=O)/TCP(sport=7008, dport=7400, flags='SR'),
                IP(dst=O)/TCP(sport=7009, dport=7400, flags='PU'),
                IP(dst=O)/TCP(sport=7010, dport=7400, flags='S', dataofs=15),
                IP(dst=O)/ICMP(type=0, id=77)/b'a reply to nobody',
                IP(dst=O)/ICMP(type=3, code=3)/IP(src=O, dst='10.9.0.2')/UDP(sport=1, dport=2)/b'x',
                IP(dst=O)/ICMP(type=5, gw='10.9.0.9')/IP(src=O, dst='10.9.0.2')/UDP(sport=1, dport=2),
                IP(dst=O)/ICMP(type=13)/b'timestamp...', IP(dst=O)/ICMP(type=17)/b'mask',
                IP(dst=O, proto=47)/b'\\x00\\x00\\x08\\x00greet', IP(dst=O, proto=50)/(b'E' * 40),
                IP(dst=O, proto=51)/(b'A' * 40), IP(dst=O, proto=2)/(b'I' * 8), IP(dst=O, proto=4)/IP(dst=O)/UDP(),
                IP(dst=O, proto=41)/IPv6(dst=O6)/UDP(), IP(dst=O, proto=89)/(b'O' * 40), IP(dst=O, proto=255)/b'last',
                IP(dst=O, proto=17, frag=1)/b'tiny....', IP(dst=O, proto=17, flags='MF')/b'12345678',
                IP(dst=O, proto=6, flags='MF')/b'12345678', IP(dst=O, proto=17, frag=8191)/(b'D' * 64),
                IP(dst=O, ihl=4)/UDP(sport=7000, dport=7400), IP(dst=O, ihl=15)/UDP(sport=7000, dport=7400),
                IP(dst=O, len=500)/UDP(sport=7000, dport=7400), IP(dst=O, len=10)/UDP(sport=7000, dport=7400),
                IP(dst=O, chksum=0x1234)/UDP(sport=7000, dport=7400), IP(dst=O, version=5)/UDP(sport=7000, dport=7400),
                IP(dst=O, ttl=0)/UDP(sport=7000, dport=7400)/b'x', IP(dst=O, ttl=1)/UDP(sport=7000, dport=7400)/b'x',
                IP(dst=O, options=IPOption_LSRR(routers=[O]))/UDP(sport=7000, dport=7400)/b'x',
                IP(dst=O, options=IPOption_SSRR(routers=[O]))/UDP(sport=7000, dport=7400)/b'x',
                IP(dst=O)/UDP(sport=0, dport=7400)/b'x', IP(dst=O)/UDP(sport=7000, dport=0)/b'x',
                IP(dst=O)/TCP(sport=0, dport=7400, flags='S'), IP(dst=O)/TCP(sport=7000, dport=0, flags='S'),
                IPv6(dst=O6)/UDP(sport=7000, dport=7400, chksum=0x1234)/b'x',
                IPv6(dst=O6)/UDP(sport=7000, dport=7400, len=4)/b'x',
                IPv6(dst=O6)/TCP(sport=7001, dport=7400, flags='SF'), IPv6(dst=O6)/TCP(sport=7002, dport=7400, flags=0),
                IPv6(dst=O6)/TCP(sport=7003, dport=7400, flags='FPU'), IPv6(dst=O6)/TCP(sport=7004, dport=7400, flags='R'),
                IPv6(dst=O6)/TCP(sport=7005, dport=7400, flags='FA'),
                IPv6(dst=O6)/TCP(sport=7006, dport=7400, flags='S', dataofs=3),
                IPv6(dst=O6)/TCP(sport=7007, dport=7400, flags='S', chksum=0x1234),
                IPv6(dst=O6)/ICMPv6EchoRequest(id=9, cksum=0x1234), IPv6(dst=O6)/ICMPv6EchoReply(id=77),
                IPv6(dst=O6)/IPv6ExtHdrRouting(type=0, addresses=[O6])/UDP(sport=7000, dport=7400),
                IPv6(dst=O6)/IPv6ExtHdrDestOpt()/UDP(sport=7000, dport=7400)/b'x',
                IPv6(dst=O6)/IPv6ExtHdrFragment(offset=1, id=5)/b'orphan',
                IPv6(dst=O6, nh=59)/b'', IPv6(dst=O6, nh=50)/(b'E' * 40), IPv6(dst=O6, plen=500)/UDP(sport=7000, dport=7400),
                IPv6(dst=O6)/IPv6ExtHdrFragment(offset=0, m=1, id=6)/b'12345678',
            ]
            """;

    private static LabNamespace router() {
        return LAB.outside().router();
    }

    private static long dropped(LabContainer container) {
        return LAB.daemon().api().get("/drops").elements().stream()
                .filter(drop -> drop.text("container").equals(container.known())
                        && drop.text("reason").startsWith("nat_"))
                .mapToLong(drop -> drop.number("frames"))
                .sum();
    }

    /** What left before it has arrived: the answer to a question comes after all that was sent before. */
    private static void fence(LabContainer container) {
        Talk.ask(container, "udp", Outside.ONE, Talk.PORT).as(Outside.HOST);
        Talk.ask(container, "udp", Outside.ONE_6, Talk.PORT).as(Outside.HOST_6);
    }

    @Test
    void N20_N13_theTenMalformedClassesAreDroppedAndCounted() {
        LAB.dual("dual", 9);
        LabContainer one = LAB.attached("one", "--network", "dual");
        try (Background server = Talk.answer(router());
                Capture foreign = Capture.in(router(), FOREIGN);
                Capture all = Capture.in(router(), "port 7400")) {
            fence(one);
            long before = dropped(one);
            one.scapy(TEN + "for p in ten.values():\n    send(p)\n");
            fence(one);
            assertThat(foreign.lines()).as("what leaked").isEmpty();
            assertThat(all.lines()).as("what was translated though malformed").isEmpty();
            assertThat(dropped(one) - before)
                    .as("%s", LAB.daemon().api().get("/drops"))
                    .isEqualTo(10);
            assertThat(server.alive()).isTrue();
        }
    }

    @Test
    void N20_N25_N32_nothingElseLeaksEither() {
        LAB.dual("dual", 9);
        LabContainer one = LAB.attached("one", "--network", "dual");
        LabContainer two = LAB.attached("two", "--network", "dual");
        try (Background server = Talk.answer(router());
                Capture foreign = Capture.in(router(), FOREIGN);
                Capture second = Capture.in(LAB.outside().second(), "net 10.9.0.0/24 or net fd00:9::/64")) {
            one.scapy(TEN + MORE + "for p in more:\n    send(p)\n");
            fence(one);
            fence(two);
            assertThat(foreign.lines()).as("what leaked").isEmpty();
            assertThat(second.lines()).isEmpty();
            assertThat(server.alive()).isTrue();
        }
    }

    @Test
    void N21_row26_nobodyElsesSourceLeavesWithAndWithoutGuard() {
        LabNetwork network = LAB.network();
        LabContainer guarded = LAB.container(network);
        LabContainer free = LAB.container(network, ",\"sourceGuard\":false");
        try (Background server = Talk.answer(router());
                Capture foreign = Capture.in(router(), FOREIGN);
                Capture all = Capture.in(router(), "udp port 7500 or tcp port 7500")) {
            for (LabContainer hostile : List.of(guarded, free)) {
                LabContainer victim = hostile == guarded ? free : guarded;
                hostile.scapy("""
                        g = getmacbyip('%s')
                        for s in ['172.31.9.9', '%s', '192.0.2.1', '192.0.2.9', '127.0.0.1', '8.8.8.8', '0.0.0.0', '224.0.0.1',
                                  '255.255.255.255', '%s']:
                            sendp(Ether(dst=g)/IP(src=s, dst='192.0.2.9')/UDP(sport=7500, dport=7500)/b'spoofed', iface=IF)
                            sendp(Ether(dst=g)/IP(src=s, dst='192.0.2.9')/TCP(sport=7500, dport=7500, flags='S'), iface=IF)
                        """.formatted(network.gateway(), victim.address(), network.gateway()));
                Talk.ask(hostile, "udp", Outside.ONE, Talk.PORT).as(Outside.HOST);
            }
            assertThat(foreign.lines()).isEmpty();
            assertThat(all.lines()).as("spoofed and translated").isEmpty();
            assertThat(server.alive()).isTrue();
        }
    }

    @Test
    void N25_routerAlertPassesAndSourceRoutesDoNot() {
        LabContainer one = LAB.attached("one");
        try (UdpSocket hearer = UdpSocket.bind(router(), Outside.ONE, 7600);
                Capture foreign = Capture.in(router(), FOREIGN)) {
            one.scapy("""
                    send(IP(dst='192.0.2.9', options=IPOption_LSRR(routers=['192.0.2.9']))/UDP(sport=7000, dport=7600)/b'loose')
                    send(IP(dst='192.0.2.9', options=IPOption_SSRR(routers=['192.0.2.9']))/UDP(sport=7000, dport=7600)/b'strict')
                    send(IP(dst='192.0.2.9', options=IPOption_Router_Alert())/UDP(sport=7000, dport=7600)/b'alert')
                    """);
            assertThat(hearer.hears("alert").address()).isEqualTo(Outside.HOST);
            hearer.hearsNothing();
            assertThat(foreign.lines()).isEmpty();
        }
    }

    @Test
    void N24_noChecksumStaysNoneAndAWrongOneIsNotMadeRight() {
        LabContainer one = LAB.attached("one");
        try (UdpSocket hearer = UdpSocket.bind(router(), Outside.ONE, 7700);
                Wire wire = Wire.on(router(), "eth0", "udp port 7700")) {
            one.scapy("""
                    send(IP(dst='192.0.2.9')/UDP(sport=7000, dport=7700, chksum=0x4321)/b'wrong')
                    send(IP(dst='192.0.2.9')/UDP(sport=7000, dport=7700, chksum=0)/b'none')
                    """);
            hearer.hears("none");
            assertThat(wire.await("udp.dstport == 7700", "udp.checksum")).containsExactly("0x0000");
        }
    }
}
