package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Flow;
import io.tapswitch.lab.Frames;
import io.tapswitch.lab.Json;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabHost;
import io.tapswitch.lab.LabNetwork;
import io.tapswitch.lab.Sniffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Learning, moving, flooding, and what a bridge must not forward: requirements B1 to B6, B10, B11, B16. */
@Tag("netns")
@Timeout(60)
final class BridgingIT {
    @RegisterExtension
    static final Lab LAB = Lab.withoutSourceGuard();

    private static final String X = "02:00:00:00:00:aa";
    private static final String BROADCAST = "ff:ff:ff:ff:ff:ff";

    @Test
    void B1_learnsAnAddressAndSendsToItsPortOnly() {
        LabNetwork network = LAB.network();
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        LabContainer c = LAB.container(network);
        try (Sniffer atB = Sniffer.in(b, "88b5");
                Sniffer atC = Sniffer.in(c, "88b5")) {
            a.send(Frames.experimental(X, a.mac(), "before"), 1);
            b.send(Frames.experimental(a.mac(), X, "here I am"), 1);
            awaitLearned(network, X, b);
            a.send(Frames.experimental(X, a.mac(), "after"), 5);
            assertThat(atB.framesBeforeFenceFrom(a)).hasSize(6);
            assertThat(atC.framesBeforeFenceFrom(a)).hasSize(1).allMatch(f -> f.contains(Frames.text("before")));
        }
    }

    @Test
    void B2_movedAddressIsReachedAtItsNewPortWithTheNextFrame() {
        LabNetwork network = LAB.network();
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        LabContainer c = LAB.container(network);
        b.send(Frames.experimental(a.mac(), X, "at b"), 1);
        awaitLearned(network, X, b);
        try (Sniffer atB = Sniffer.in(b, "88b5");
                Sniffer atC = Sniffer.in(c, "88b5")) {
            c.send(Frames.experimental(a.mac(), X, "at c"), 1);
            awaitLearned(network, X, c);
            a.send(Frames.experimental(X, a.mac(), "to x"), 4);
            assertThat(atC.framesBeforeFenceFrom(a)).hasSize(4);
            assertThat(atB.framesBeforeFenceFrom(a)).isEmpty();
        }
    }

    @Test
    void B2_addressThatKeepsMovingRaisesOneAlarm() {
        LAB.daemon().expectLog("(?i)mov");
        LabNetwork network = LAB.network();
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        for (int i = 0; i < 10; i++) {
            LabContainer here = i % 2 == 0 ? a : b;
            here.send(Frames.experimental(BROADCAST, X, "move"), 1);
            awaitLearned(network, X, here);
        }
        Eventually.until("an alarm in the log", () -> alarms() > 0);
        assertThat(alarms()).isEqualTo(1);
    }

    private static long alarms() {
        return LAB.daemon()
                .log()
                .lines()
                .filter(line -> line.contains("WARN") && line.contains(X))
                .count();
    }

    @Test
    void B3_neverReflects() {
        LabNetwork network = LAB.network();
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        a.send(Frames.experimental(b.mac(), X, "learn"), 1);
        awaitLearned(network, X, a);
        try (Sniffer atA = Sniffer.in(a, "88b5");
                Sniffer atB = Sniffer.in(b, "88b5")) {
            a.send(Frames.experimental(X, a.mac(), "to my own other address"), 7);
            a.send(Frames.experimental(a.mac(), a.mac(), "to myself"), 5);
            assertThat(atB.framesBeforeFenceFrom(a)).isEmpty();
            assertThat(atA.framesBeforeFenceFrom(b)).isEmpty();
        }
        assertThat(a.drops("reflection")).isEqualTo(12);
    }

    @Test
    void B4_reservedGroupAddressesStayOnTheirLinkAndOthersPass() {
        LabNetwork network = LAB.network();
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        List<String> frames = new ArrayList<>();
        for (int i = 0; i < 0x30; i++) {
            frames.add(Frames.experimental(group(i), a.mac(), "group"));
        }
        try (Sniffer atB = Sniffer.in(b, "88b5")) {
            a.send(frames);
            List<String> arrived = atB.framesBeforeFenceFrom(a);
            assertThat(arrived).containsExactlyElementsOf(frames.subList(0x10, 0x30));
        }
        assertThat(a.drops("reserved_group")).isEqualTo(16);
    }

    @Test
    void B4_maskLetsChosenGroupsPass() {
        LabNetwork network = LAB.network("tapswitch.group-forward-mask", "0x4001");
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        try (Sniffer atB = Sniffer.in(b, "88b5")) {
            for (int i = 0; i < 16; i++) {
                a.send(Frames.experimental(group(i), a.mac(), "group"), 1);
            }
            assertThat(atB.framesBeforeFenceFrom(a))
                    .containsExactly(
                            Frames.experimental(group(0), a.mac(), "group"),
                            Frames.experimental(group(0xe), a.mac(), "group"));
        }
        assertThat(a.drops("reserved_group")).isEqualTo(14);
    }

    @Test
    void B5_row7_impossibleSourcesAreDroppedAndNotLearned() {
        LabNetwork network = LAB.network();
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        String gatewayMac = b.gatewayMac();
        try (Sniffer atB = Sniffer.in(b, "88b5")) {
            a.send(Frames.experimental(b.mac(), BROADCAST, "source"), 11);
            a.send(Frames.experimental(b.mac(), "33:33:00:00:00:01", "source"), 12);
            a.send(Frames.experimental(b.mac(), "00:00:00:00:00:00", "source"), 13);
            a.send(Frames.experimental(b.mac(), gatewayMac, "source"), 14);
            assertThat(atB.framesBeforeFenceFrom(a)).isEmpty();
        }
        assertThat(a.drops("bad_source_mac") + a.drops("spoof_mac")).isEqualTo(50);
        assertThat(a.drops("bad_source_mac")).isGreaterThanOrEqualTo(36);
        assertThat(fdb(network)).noneMatch(e -> e.text("type").equals("learned"));
        b.ping(b.gateway());
    }

    @Test
    void B6_shortFramesAndUnknownProtocolsPassUnchanged_row5() {
        LabNetwork network = LAB.network();
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        List<String> frames = new ArrayList<>();
        String marker = Frames.text("opaque");
        for (String type : List.of("0026", "05dc", "0600", "88cc", "9999", "ffff", "0000")) {
            frames.add(Frames.ethernet(b.mac(), a.mac(), type, marker));
            frames.add(Frames.ethernet(b.mac(), a.mac(), type, "424203" + marker + "00".repeat(1400)));
        }
        try (Sniffer atB = Sniffer.in(b, marker)) {
            a.send(frames);
            assertThat(atB.framesBeforeFenceFrom(a)).containsExactlyElementsOf(frames);
        }
    }

    @Test
    void B6_row6_jumboWithoutOffloadIsRefused() {
        LabNetwork network = LAB.network();
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        a.ip("link set eth0 mtu 9000");
        String marker = Frames.text("jumbo");
        String largest = Frames.ethernet(b.mac(), a.mac(), Frames.EXPERIMENTAL, marker + "00".repeat(1500 - 5));
        try (Sniffer atB = Sniffer.in(b, marker)) {
            a.scapy("sendp([Ether(dst='" + b.mac() + "')/IP(dst='" + b.address()
                    + "')/UDP(dport=9)/('jumbo' + 'x' * 8967)] * 25, iface=IF)");
            a.send(largest, 3);
            assertThat(atB.framesBeforeFenceFrom(a)).containsExactly(largest, largest, largest);
        }
        assertThat(a.drops("oversize")).isEqualTo(25);
        a.transferTcp(b, 1_000_000);
    }

    @Test
    void B10_networksWithEqualAddressesDoNotMix() {
        LabNetwork one = LAB.network();
        LabNetwork two = LAB.network();
        LabContainer a1 = LAB.container(one);
        LabContainer b1 = LAB.container(one);
        LabContainer a2 = LAB.container(two);
        LabContainer b2 = LAB.container(two);
        b1.send(Frames.experimental(BROADCAST, X, "learn"), 1);
        b2.send(Frames.experimental(BROADCAST, X, "learn"), 1);
        awaitLearned(one, X, b1);
        awaitLearned(two, X, b2);
        try (Sniffer atB1 = Sniffer.in(b1, "88b5");
                Sniffer atB2 = Sniffer.in(b2, "88b5");
                Sniffer atA2 = Sniffer.in(a2, "88b5")) {
            a1.send(Frames.experimental(X, a1.mac(), "in one"), 3);
            a1.send(Frames.experimental(b2.mac(), a1.mac(), "across"), 3);
            a1.send(Frames.experimental(BROADCAST, a1.mac(), "to all in one"), 3);
            a2.send(Frames.experimental(X, a2.mac(), "in two"), 2);
            assertThat(atB1.framesBeforeFenceFrom(a1)).hasSize(9).allMatch(f -> f.contains(bare(a1.mac())));
            assertThat(atB2.framesBeforeFenceFrom(a2)).hasSize(2).allMatch(f -> f.contains(bare(a2.mac())));
            assertThat(atA2.framesBeforeFenceFrom(b2)).isEmpty();
        }
    }

    @Test
    void A_L2_04_membersOfDifferentNetworksDoNotReachEachOther() {
        LabContainer a = LAB.container(LAB.network());
        LabContainer b = LAB.container(LAB.network());
        assertThat(a.reaches(b.address())).isFalse();
        assertThat(a.reaches(LabHost.OUTSIDE_ADDRESS)).isFalse();
        assertThat(a.drops("no_route")).isPositive();
    }

    @Test
    void B11_taggedFramesAreDroppedByDefault() {
        LabNetwork network = LAB.network();
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        try (Sniffer atB = Sniffer.in(b, "88b5")) {
            tagged(a, b).forEach(frame -> a.send(frame, 10));
            assertThat(atB.framesBeforeFenceFrom(a)).isEmpty();
        }
        assertThat(a.drops("vlan_tagged")).isEqualTo(10L * tagged(a, b).size());
    }

    @Test
    void B11_row9_taggedFramesPassUnchangedWhereTransparent() {
        LabNetwork network = LAB.network("tapswitch.vlan", "transparent");
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        try (Sniffer atB = Sniffer.in(b, "88b5")) {
            a.send(tagged(a, b));
            assertThat(atB.framesBeforeFenceFrom(a)).containsExactlyElementsOf(tagged(a, b));
        }
    }

    @Test
    void B16_linkDownForgetsLearnedAddressesAtOnceAndUpWorksAgain() {
        LabNetwork network = LAB.network();
        LabContainer a = LAB.container(network);
        LabContainer b = LAB.container(network);
        LabContainer c = LAB.container(network);
        b.send(Frames.experimental(a.mac(), X, "learn"), 1);
        awaitLearned(network, X, b);
        b.ip("link set eth0 down");
        Eventually.until(
                Duration.ofMillis(500),
                "address forgotten",
                () -> fdb(network).stream().noneMatch(e -> e.text("mac").equals(X)));
        try (Sniffer atC = Sniffer.in(c, "88b5")) {
            a.send(Frames.experimental(X, a.mac(), "flooded again"), 3);
            assertThat(atC.framesBeforeFenceFrom(a)).hasSize(3);
        }
        b.ip("link set eth0 up");
        b.ip("route replace default via " + b.gateway());
        a.ping(b);
    }

    @Test
    void row85_renamedInterfaceIsFollowed() {
        LabNetwork network = LAB.network();
        List<LabContainer> members = LAB.containers(network, 3);
        try (Flow flow = Flow.start(members.get(0), members.get(1), 200)) {
            LabContainer renamed = members.get(2);
            renamed.ip("link set eth0 down");
            renamed.ip("link set eth0 name lan7");
            renamed.ip("link set lan7 up");
            members.get(0).ping(renamed);
            Eventually.until(
                    "the new name is shown",
                    () -> LAB.daemon()
                            .api()
                            .get("/containers/" + renamed.id())
                            .at("NetworkSettings")
                            .at("Networks")
                            .at(network.name())
                            .text("Interface")
                            .equals("lan7"));
            flow.end().nothingLost();
        }
    }

    private static List<String> tagged(LabContainer from, LabContainer to) {
        String one = Frames.vlan(to.mac(), from.mac(), 5, "single");
        String priority = Frames.vlan(to.mac(), from.mac(), 0xe000, "priority");
        String inside = "0006" + Frames.EXPERIMENTAL + Frames.text("stacked");
        String qinq = Frames.padded(Frames.ethernet(to.mac(), from.mac(), "88a8", "00058100" + inside));
        String ten = Frames.padded(Frames.ethernet(to.mac(), from.mac(), "8100", "00058100".repeat(9) + inside));
        return List.of(one, priority, qinq, ten);
    }

    private static void awaitLearned(LabNetwork network, String mac, LabContainer at) {
        Eventually.until(
                mac + " learned at " + at.name(),
                () -> fdb(network).stream()
                        .anyMatch(e -> e.text("mac").equals(mac)
                                && e.text("container").equals(at.name())
                                && e.text("type").equals("learned")));
    }

    private static List<Json> fdb(LabNetwork network) {
        return LAB.daemon().api().get("/fdb?network=" + network.id()).elements();
    }

    private static String group(int last) {
        return String.format(Locale.ROOT, "01:80:c2:00:00:%02x", last);
    }

    private static String bare(String mac) {
        return mac.replace(":", "");
    }
}
