package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Capture;
import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Flow;
import io.tapswitch.lab.Frames;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNetwork;
import io.tapswitch.lab.Sniffer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every way of moving frames must be able to do: the same tests for multishot, single-shot and poll. */
@Timeout(60)
abstract class CoreSuite {
    private final Lab lab;
    private final String io;

    CoreSuite(Lab lab, String io) {
        this.lab = lab;
        this.io = io;
    }

    @BeforeEach
    void reliesOnTheRightPath() {
        assertThat(lab.stats().text("io")).isEqualTo(io);
    }

    @Test
    void A_L2_01_pingHasTtl64AndLosesNothing() {
        LabNetwork network = lab.network();
        LabContainer a = lab.container(network);
        LabContainer b = lab.container(network);
        a.ping(b);
        b.ping(a);
    }

    @Test
    void A_L2_02_tcpStreamArrivesUnchangedBothWays() {
        LabNetwork network = lab.network();
        LabContainer a = lab.container(network);
        LabContainer b = lab.container(network);
        a.transferTcp(b, 100_000_000);
        b.transferTcp(a, 10_000_000);
        a.transferTcp(b, 1);
    }

    @Test
    void udpDatagramsOfAllSizesArriveUnchanged() {
        LabNetwork network = lab.network();
        LabContainer a = lab.container(network);
        LabContainer b = lab.container(network);
        a.exchangeUdp(b, "0,1,2,17,18,19,63,64,255,256,1000,1471,1472,1473,1480,2944,2945,8972,32768,65506,65507");
    }

    @Test
    void udpSuperFramesArriveWhole() {
        LabNetwork network = lab.network();
        LabContainer a = lab.container(network);
        LabContainer b = lab.container(network);
        try (var receiver = b.startTraffic("udp-flow-receive", "gaps", true)) {
            long sent = a.traffic("udp-segmented", "address", b.address(), "size", 1000, "segments", 40, "count", 50)
                    .number("sent");
            Json got = Json.parse(receiver.stop().ok().lastLine());
            assertThat(got.number("distinct")).isEqualTo(sent).isEqualTo(2000);
            assertThat(got.number("reordered")).isZero();
        }
    }

    @Test
    void B1_floodsToEveryMemberAndOnlyToMembers() {
        LabNetwork network = lab.network();
        LabNetwork other = lab.network();
        LabContainer a = lab.container(network);
        LabContainer b = lab.container(network);
        LabContainer c = lab.container(network);
        LabContainer stranger = lab.container(other);
        try (Capture atB = Capture.in(b, "ether proto 0x88b5");
                Capture atC = Capture.in(c, "ether proto 0x88b5");
                Capture atStranger = Capture.in(stranger, "ether proto 0x88b5")) {
            a.send(Frames.experimental("02:00:00:00:00:99", a.mac(), "unknown unicast"), 3);
            a.send(Frames.experimental("ff:ff:ff:ff:ff:ff", a.mac(), "lastword"), 1);
            atB.awaitLine("lastword");
            atC.awaitLine("lastword");
            assertThat(Frames.linesTo(atB.lines(), "02:00:00:00:00:99")).hasSize(3);
            assertThat(Frames.linesTo(atC.lines(), "02:00:00:00:00:99")).hasSize(3);
            assertThat(atStranger.lines()).isEmpty();
        }
    }

    @Test
    void hostileFramesAreDroppedAndCountedExactly() {
        LabNetwork network = lab.network();
        LabContainer hostile = lab.container(network, ",\"sourceGuard\":false");
        LabContainer a = lab.container(network);
        LabContainer b = lab.container(network);
        try (Flow flow = Flow.start(a, b, 500);
                Sniffer sniffer = Sniffer.in(a, "88b5")) {
            hostile.send(Frames.experimental(a.mac(), "01:00:5e:00:00:01", "group source"), 50);
            hostile.send(Frames.experimental("01:80:c2:00:00:01", hostile.mac(), "pause"), 60);
            hostile.send(Frames.vlan(a.mac(), hostile.mac(), 5, "tagged"), 70);
            assertThat(sniffer.framesBeforeFenceFrom(hostile)).isEmpty();
            assertThat(hostile.drops("bad_source_mac")).isEqualTo(50);
            assertThat(hostile.drops("reserved_group")).isEqualTo(60);
            assertThat(hostile.drops("vlan_tagged")).isEqualTo(70);
            flow.end().nothingLost();
        }
    }

    @Test
    void R2_deletedDeviceIsDetachedWithin100MsAndOthersGoOn() {
        LabNetwork network = lab.network();
        List<LabContainer> three = lab.containers(network, 3);
        try (Flow flow = Flow.start(three.get(0), three.get(1), 500)) {
            three.get(2).ip("link del eth0");
            Eventually.until(
                    Duration.ofMillis(500),
                    "container is detached",
                    () -> lab.daemon().api().get("/containers?all=true").elements().stream()
                            .noneMatch(c -> c.text("Id").equals(three.get(2).id())
                                    && c.at("State").text("Status").equals("running")));
            flow.end().nothingLost();
        }
    }

    @Test
    void B15_blastKeepsItsOrder() {
        LabNetwork network = lab.network();
        LabContainer a = lab.container(network);
        LabContainer b = lab.container(network);
        Flow.Result result = Flow.blast(a, b, 200_000);
        assertThat(result.reordered()).isZero();
        assertThat(result.received()).isGreaterThan(20_000);
    }
}
