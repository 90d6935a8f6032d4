package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Frames;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNetwork;
import io.tapswitch.lab.Sniffer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Who may say what he is: requirement B12, rows 11, 15 and 26. */
@Tag("netns")
@Timeout(60)
final class SourceGuardIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    /** What a container has to ask for that wants to speak for others. */
    private static final String UNGUARDED = ",\"sourceGuard\":false";

    @Test
    void row11_addressOfAnotherContainerCannotBeTakenEvenWithoutGuard() {
        LabNetwork network = LAB.network();
        LabContainer hostile = LAB.container(network, UNGUARDED);
        LabContainer victim = LAB.container(network);
        LabContainer peer = LAB.container(network);
        try (Sniffer atVictim = Sniffer.in(victim, "88b5");
                Sniffer atPeer = Sniffer.in(peer, "88b5")) {
            hostile.send(Frames.experimental(peer.mac(), victim.mac(), "I am the victim"), 40);
            peer.send(Frames.experimental(victim.mac(), peer.mac(), "still yours"), 5);
            assertThat(atPeer.framesBeforeFenceFrom(victim)).isEmpty();
            assertThat(atVictim.framesBeforeFenceFrom(peer)).hasSize(5);
        }
        assertThat(hostile.drops("spoof_mac")).isEqualTo(40);
    }

    @Test
    void B12_guardedContainerWorksAsUsual() {
        LabNetwork network = LAB.network();
        LabContainer guarded = LAB.container(network);
        LabContainer other = LAB.container(network);
        guarded.ping(other);
        guarded.ping(guarded.gateway());
        guarded.transferTcp(other, 2_000_000);
        guarded.exchangeUdp(other, "1,1472,20000");
        assertThat(guarded.drops("spoof_ip") + guarded.drops("spoof_arp") + guarded.drops("spoof_mac"))
                .isZero();
        assertThat(other.drops("guard_unreadable") + guarded.drops("guard_unreadable"))
                .isZero();
    }

    @Test
    void N21_row26_foreignSourceAddressIsDropped() {
        LabNetwork network = LAB.network();
        LabContainer hostile = LAB.container(network);
        LabContainer victim = LAB.container(network);
        LabContainer peer = LAB.container(network);
        String marker = Frames.text("spoofed");
        try (Sniffer atPeer = Sniffer.in(peer, marker)) {
            for (String source :
                    new String[] {victim.address(), "172.31.9.9", "8.8.8.8", "0.0.0.0", "255.255.255.255"}) {
                String packet = Frames.ipv4(source, peer.address(), 17, Frames.udp(7, 7, "spoofed"));
                hostile.send(Frames.padded(Frames.ethernet(peer.mac(), hostile.mac(), Frames.IPV4, packet)), 20);
            }
            String own = Frames.ipv4(hostile.address(), peer.address(), 17, Frames.udp(7, 7, "spoofed"));
            hostile.send(Frames.padded(Frames.ethernet(peer.mac(), hostile.mac(), Frames.IPV4, own)), 1);
            assertThat(atPeer.framesBeforeFenceFrom(hostile)).hasSize(1);
        }
        assertThat(hostile.drops("spoof_ip")).isEqualTo(100);
    }

    @Test
    void foreignSourceAddressPassesWithoutGuard() {
        LabNetwork network = LAB.network();
        LabContainer a = LAB.container(network, UNGUARDED);
        LabContainer b = LAB.container(network);
        String packet = Frames.ipv4("172.31.9.9", b.address(), 17, Frames.udp(7, 7, "allowed"));
        try (Sniffer atB = Sniffer.in(b, Frames.text("allowed"))) {
            a.send(Frames.padded(Frames.ethernet(b.mac(), a.mac(), Frames.IPV4, packet)), 3);
            assertThat(atB.framesBeforeFenceFrom(a)).hasSize(3);
        }
    }

    @Test
    void B12_row15_arpPoisoningIsDroppedAndTheVictimKeepsItsNeighbours() {
        LabNetwork network = LAB.network();
        LabContainer hostile = LAB.container(network);
        LabContainer victim = LAB.container(network);
        LabContainer peer = LAB.container(network);
        victim.ping(peer);
        String gatewayMac = victim.gatewayMac();
        for (String claimed : new String[] {peer.address(), victim.gateway()}) {
            hostile.send(
                    Frames.arp(victim.mac(), hostile.mac(), 2, hostile.mac(), claimed, victim.mac(), victim.address()),
                    30);
            hostile.send(
                    Frames.arp(
                            "ff:ff:ff:ff:ff:ff",
                            hostile.mac(),
                            1,
                            hostile.mac(),
                            claimed,
                            "00:00:00:00:00:00",
                            claimed),
                    10);
        }
        hostile.send(
                Frames.arp(
                        victim.mac(), hostile.mac(), 2, peer.mac(), hostile.address(), victim.mac(), victim.address()),
                5);
        try (Sniffer fence = Sniffer.in(victim, "88b5")) {
            assertThat(fence.framesBeforeFenceFrom(hostile)).isEmpty();
        }
        assertThat(hostile.drops("spoof_arp")).isEqualTo(85);
        assertThat(victim.ip("neigh show " + peer.address())).contains(peer.mac());
        assertThat(victim.ip("neigh show " + victim.gateway())).contains(gatewayMac);
    }

    @Test
    void B12_ownGratuitousArpAndAddressProbePass() {
        LabNetwork network = LAB.network();
        LabContainer owner = LAB.container(network);
        LabContainer peer = LAB.container(network);
        String gratuitous = Frames.arp(
                "ff:ff:ff:ff:ff:ff",
                owner.mac(),
                1,
                owner.mac(),
                owner.address(),
                "00:00:00:00:00:00",
                owner.address());
        String probe = Frames.arp(
                "ff:ff:ff:ff:ff:ff", owner.mac(), 1, owner.mac(), "0.0.0.0", "00:00:00:00:00:00", owner.address());
        try (Sniffer atPeer = Sniffer.in(peer, "0806000108000604")) {
            owner.send(gratuitous, 1);
            owner.send(probe, 1);
            assertThat(atPeer.framesBeforeFenceFrom(owner)).contains(gratuitous, probe);
        }
        assertThat(owner.drops("spoof_arp")).isZero();
    }

    @Test
    void B12_foreignSourceMacIsDropped() {
        LabNetwork network = LAB.network();
        LabContainer hostile = LAB.container(network);
        LabContainer peer = LAB.container(network);
        try (Sniffer atPeer = Sniffer.in(peer, "88b5")) {
            hostile.send(Frames.experimental(peer.mac(), "02:00:00:00:00:77", "not me"), 15);
            assertThat(atPeer.framesBeforeFenceFrom(hostile)).isEmpty();
        }
        assertThat(hostile.drops("spoof_mac")).isEqualTo(15);
    }

    @Test
    void B12_headerThatCannotBeReadIsDropped() {
        LabNetwork network = LAB.network();
        LabContainer hostile = LAB.container(network);
        LabContainer peer = LAB.container(network);
        String beyond = Frames.ethernet(
                peer.mac(),
                hostile.mac(),
                Frames.IPV4,
                Frames.with8(Frames.ipv4(hostile.address(), peer.address(), 17, ""), 0, 0x4f));
        try (Sniffer atPeer = Sniffer.in(peer, "08004f00")) {
            hostile.send(beyond, 8);
            assertThat(atPeer.framesBeforeFenceFrom(hostile)).isEmpty();
        }
        assertThat(hostile.drops("guard_unreadable")).isEqualTo(8);
    }
}
