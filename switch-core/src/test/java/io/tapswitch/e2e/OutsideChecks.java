package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Background;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.LabNamespace;
import io.tapswitch.lab.Outside;
import io.tapswitch.lab.Talk;
import io.tapswitch.lab.UdpSocket;
import io.tapswitch.lab.Wire;
import java.time.Duration;
import java.util.List;

/**
 * What must be true of any good NAT between a container and the lab's outside. The same checks are made of the kernel's
 * own (OutsideLabIT), which shows that it is the NAT that fails when one fails, and not the lab.
 */
final class OutsideChecks {
    private final LabNamespace container;
    private final Outside outside;

    OutsideChecks(LabNamespace container, Outside outside) {
        this.container = container;
        this.outside = outside;
    }

    /** TCP, UDP and ping, to a neighbour of the host and beyond its router, both families: A-OUT-01. */
    void leavesWithTheHostsAddress() {
        try (Background near = Talk.answer(outside.router());
                Background far = Talk.answer(outside.far())) {
            for (String protocol : List.of("tcp", "udp")) {
                for (String address : List.of(Outside.ONE, Outside.TWO, Outside.FAR)) {
                    Talk.ask(container, protocol, address, Talk.PORT).as(Outside.HOST);
                }
                for (String address : List.of(Outside.ONE_6, Outside.TWO_6, Outside.FAR_6)) {
                    Talk.ask(container, protocol, address, Talk.PORT).as(Outside.HOST_6);
                }
            }
            assertThat(near.alive() && far.alive()).isTrue();
        }
        for (String address : List.of(Outside.ONE, Outside.ONE_6, Outside.FAR, Outside.FAR_6)) {
            String said =
                    container.exec("ping", "-c3", "-i0.05", "-W2", address).ok().out();
            assertThat(said).contains("3 received, 0% packet loss").doesNotContain("DUP!");
        }
    }

    /** Large transfers, by super-frames and past a link without offloads: O3, O4. */
    void largeTransfersArriveUnchanged(long bytes) {
        for (String address : List.of(Outside.ONE, Outside.ONE_6)) {
            container.transferTcp(outside.router(), address, bytes);
        }
        for (String address : List.of(Outside.FAR, Outside.FAR_6)) {
            container.transferTcp(outside.far(), address, bytes / 4);
        }
        assertThat(outside.far()
                        .exec("nstat", "-az", "TcpInCsumErrors", "UdpInCsumErrors")
                        .ok()
                        .out())
                .as("checksums that the far place found wrong")
                .containsPattern("TcpInCsumErrors +0 ")
                .containsPattern("UdpInCsumErrors +0 ");
    }

    /** Errors of the far place and of the router reach the socket that they are about: N19. */
    void errorsReachTheSocket() {
        try (UdpSocket socket = UdpSocket.bind(container, "0.0.0.0", 7004);
                Wire inside = Wire.on(container, "eth0", "icmp")) {
            socket.send(Outside.FAR, 9, "nobody listens");
            assertThat(socket.hear(Duration.ofSeconds(2)).error()).isEqualTo("refused");
            List<String> errors = inside.await(
                    "icmp.type == 3 && icmp.code == 3",
                    "ip.src",
                    "ip.dst",
                    "udp.srcport",
                    "udp.dstport",
                    "icmp.checksum.status",
                    "ip.checksum.status");
            assertThat(errors).hasSize(1);
            String[] fields = errors.getFirst().split("\t", -1);
            assertThat(fields[0]).as("source of the error, then of the quote").startsWith(Outside.FAR + ",");
            assertThat(fields[1])
                    .as("destination of the error, then of the quote")
                    .isEqualTo(fields[0].split(",", -1)[1] + "," + Outside.FAR);
            assertThat(fields[2]).as("the quote's ports").isEqualTo("7004");
            assertThat(fields[3]).isEqualTo("9");
            assertThat(fields[4]).as("the error's checksum").isEqualTo("1");
            assertThat(fields[5]).as("both headers' checksums").isEqualTo("1,1");
        }
        assertThat(Talk.ask(container, "udp", Outside.FAR_6, 9).error()).isEqualTo("refused");
        assertThat(container.exec("ping", "-c1", "-W2", "-t2", Outside.FAR).out())
                .contains("From " + Outside.ONE)
                .contains("Time to live exceeded");
        assertThat(container
                        .exec("ping", "-6", "-c1", "-W2", "-t2", Outside.FAR_6)
                        .out())
                .contains("Time exceeded: Hop limit");
    }

    /** A router's smaller MTU is believed by the container's own stack: N19. */
    void pathMtuReachesTheContainer() {
        LabNamespace router = outside.router();
        LabNamespace far = outside.far();
        router.ip("link set far0 mtu 1280");
        far.ip("link set eth0 mtu 1280");
        try {
            assertThat(container
                            .exec("ping", "-c2", "-i0.2", "-W1", "-Mdo", "-s1300", Outside.FAR)
                            .out())
                    .contains("mtu = 1280");
            assertThat(container
                            .exec("ping", "-6", "-c2", "-i0.2", "-W1", "-Mdo", "-s1300", Outside.FAR_6)
                            .out())
                    .containsPattern("Packet too big: mtu=1280");
            assertThat(container.ip("route get " + Outside.FAR)).contains("mtu 1280");
            assertThat(container.ip("route get " + Outside.FAR_6)).contains("mtu 1280");
            container.transferTcp(far, Outside.FAR, 1_000_000);
            container.transferTcp(far, Outside.FAR_6, 1_000_000);
        } finally {
            router.ip("link set far0 mtu 1500");
            far.ip("link set eth0 mtu 1500");
            container.ip("route flush cache");
            container.ip("-6 route flush cache");
        }
    }

    /** Datagrams larger than the wire, both ways and both families, in order and out of order: N22. */
    void fragmentsArrive() {
        try (Background near = Talk.answer(outside.router());
                Background far = Talk.answer(outside.far())) {
            for (String address : List.of(Outside.ONE, Outside.ONE_6, Outside.FAR, Outside.FAR_6)) {
                for (int size : new int[] {1472, 1473, 3000, 20_000, 60_000}) {
                    Talk.Seen row = Talk.askLarge(container, address, Talk.PORT, size);
                    assertThat(row.error()).as("%s, %d bytes", address, size).isEmpty();
                }
            }
            assertThat(near.alive() && far.alive()).isTrue();
        }
        try (UdpSocket hearer = UdpSocket.bind(outside.router(), Outside.ONE, 7100)) {
            container.scapy("""
                    def pieces(word, id):
                        return fragment(IP(dst='192.0.2.9', id=id)/UDP(sport=7000, dport=7100)/(word * 1000), fragsize=1000)
                    for word, id, order in [('abc', 700, [3, 2, 1, 0]), ('def', 701, [0, 1, 1, 2, 3]), ('ghi', 702, [1, 0, 3, 2])]:
                        for i in order:
                            p = pieces(word, id)
                            if i < len(p):
                                send(p[i])
                    """);
            for (String word : List.of("abc", "def", "ghi")) {
                hearer.hears(word.repeat(1_000));
            }
            hearer.hearsNothing();
        }
    }

    /** Routed packets lose one of their TTL; with none left the gateway says so: N23. */
    void ttlIsTakenDownByOne(String gateway, String gateway6) {
        try (Wire wire = Wire.on(outside.router(), "eth0", "udp port 7200")) {
            container.scapy("""
                    send(IP(dst='192.0.2.9', ttl=33)/UDP(sport=7000, dport=7200)/b'x')
                    send(IPv6(dst='2001:db8::9', hlim=33)/UDP(sport=7000, dport=7200)/b'x')
                    """);
            assertThat(wire.await("udp.dstport == 7200 && ip", "ip.ttl").getFirst())
                    .isEqualTo("32");
            assertThat(wire.await("udp.dstport == 7200 && ipv6", "ipv6.hlim").getFirst())
                    .isEqualTo("32");
        }
        assertThat(container.exec("ping", "-c1", "-W2", "-t1", Outside.ONE).out())
                .contains("From " + gateway)
                .contains("Time to live exceeded");
        assertThat(container
                        .exec("ping", "-6", "-c1", "-W2", "-t1", Outside.ONE_6)
                        .out())
                .contains("From " + gateway6)
                .contains("Time exceeded: Hop limit");
    }

    /** DF, DSCP, ECN and the packet's id are the sender's: N33. */
    void headerBitsStay() {
        try (Wire wire = Wire.on(outside.router(), "eth0", "udp port 7300")) {
            container.scapy("""
                    send(IP(dst='192.0.2.9', id=4711, flags='DF', tos=0xb9)/UDP(sport=7000, dport=7300)/b'x')
                    send(IP(dst='192.0.2.9', id=4712, tos=0x02)/UDP(sport=7000, dport=7300)/b'y')
                    send(IPv6(dst='2001:db8::9', tc=0xb9, fl=4713)/UDP(sport=7000, dport=7300)/b'z')
                    """);
            wire.await("ipv6");
            List<String> rows = wire.packets(
                    "ip", "ip.id", "ip.flags.df", "ip.dsfield", "ip.checksum.status", "udp.checksum.status");
            assertThat(rows).hasSize(2);
            assertThat(rows.get(0)).matches("0x0*1267\\t(1|True)\\t0xb9\\t1\\t1");
            assertThat(rows.get(1)).matches("0x0*1268\\t(0|False)\\t0x02\\t1\\t1");
            assertThat(wire.packets("ipv6", "ipv6.tclass", "udp.checksum.status")
                            .getFirst())
                    .matches("0x0*b9\\t1");
        }
    }

    /** The wire's MTU is smaller than the container's: told by ICMP, or cut where that is allowed (O11). */
    void smallerWireIsTold(LabNamespace host) {
        LabNamespace router = outside.router();
        host.ip("link set uplink0 mtu 1400");
        router.ip("link set eth0 mtu 1400");
        try (Background near = Talk.answer(router)) {
            Eventually.until(
                    Duration.ofSeconds(12),
                    "the new MTU is told",
                    () -> container
                            .exec("ping", "-c2", "-i0.2", "-W1", "-Mdo", "-s1400", Outside.ONE)
                            .out()
                            .contains("mtu = 1400"));
            assertThat(container
                            .exec("ping", "-6", "-c2", "-i0.2", "-W1", "-Mdo", "-s1400", Outside.ONE_6)
                            .out())
                    .containsPattern("Packet too big: mtu=1400");
            assertThat(container.ip("route get " + Outside.ONE)).contains("mtu 1400");
            assertThat(container.ip("route get " + Outside.ONE_6)).contains("mtu 1400");
            container.ip("route flush cache");
            container.ip("-6 route flush cache");
            container
                    .exec("ping", "-c1", "-W2", "-Mdont", "-s1440", Outside.ONE)
                    .ok();
            for (String address : List.of(Outside.ONE, Outside.ONE_6)) {
                container.transferTcp(router, address, 20_000_000);
                // The sender of IPv6 fragments is told first, and makes smaller ones then.
                Talk.askLarge(container, address, Talk.PORT, 5_000);
                assertThat(Talk.askLarge(container, address, Talk.PORT, 5_000).error())
                        .as(address)
                        .isEmpty();
            }
            assertThat(near.alive()).isTrue();
        } finally {
            host.ip("link set uplink0 mtu 1500");
            router.ip("link set eth0 mtu 1500");
        }
    }
}
