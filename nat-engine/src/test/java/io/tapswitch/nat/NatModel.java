package io.tapswitch.nat;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.nat.NatWorld.Container;
import io.tapswitch.wire.IpProtocol;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.random.RandomGenerator;

/**
 * What NAT promises, with maps and nothing else: which flows there are, with which outside port, until when. Times are
 * multiples of ten seconds while packets are sent, and the engine expires in the middle between.
 */
final class NatModel {
    private static final List<Integer> PROTOCOLS = List.of(IpProtocol.UDP, IpProtocol.SCTP, IpProtocol.ICMP);
    private static final List<String> PEERS = List.of("198.51.100.1", "198.51.100.2", "203.0.113.9");
    private static final int STEP_MS = 10_000;
    private static final List<String> ALL = List.of(
            "answer",
            "published",
            "answered",
            "set apart",
            "set apart and answered",
            "stranger",
            "expired",
            "restart",
            "gone");

    /** An inside endpoint, and where it is seen. */
    record Inside(int protocol, Container container, int port) {}

    /** What a packet from outside is told by. */
    record Outside(int protocol, int port, String peer, int peerPort) {}

    /** One of the model's flows. */
    static final class Flow {
        final Inside inside;
        final boolean published;
        final int rule;
        /** The peer's port as the container sees it. */
        final int seenPort;

        boolean answered;
        long endsMs;

        Flow(Inside inside, boolean published, int rule, int seenPort) {
            this.inside = inside;
            this.published = published;
            this.rule = rule;
            this.seenPort = seenPort;
        }
    }

    private final NatWorld world = new NatWorld(new FlowLimits(4096, 64, 8, 4096));
    private final RandomGenerator random;
    private final Map<Outside, Flow> flows = new HashMap<>();
    private final TreeSet<String> done = new TreeSet<>();
    private int nextRule = 100;

    NatModel(RandomGenerator random) {
        this.random = random;
        world.nowMs = 10_000_000;
        // The judge takes what lies behind these ports for GTP, and trips over what it then reads.
        for (int port : new int[] {2123, 2152, 3386}) {
            world.reserved.add(new NatVersion.PortRange(DnatRule.ANY, IpProtocol.UDP, port, port));
        }
        world.take();
    }

    void step() {
        switch (random.nextInt(24)) {
            case 0, 1 -> later();
            case 2 -> publishOrNot();
            case 3 -> restart();
            case 4 -> comeOrGo();
            case 5, 6, 7, 8, 9, 10 -> fromPeer();
            case 11, 12, 13, 14 -> toPublished();
            case 15, 16, 17 -> answerOfPublished();
            default -> fromContainer();
        }
        assertThat(world.engine.count(NatCounter.FLOWS)).isEqualTo(flows.size());
    }

    /** {@return whether each kind of thing happened} */
    boolean sawAll() {
        return done.containsAll(ALL);
    }

    void check() {
        assertThat(done).containsAll(ALL);
        var expected = new TreeSet<String>();
        flows.forEach((outside, flow) -> {
            if (!flow.published && !isPublished(outside)) {
                expected.add("0/" + outside.protocol + "/" + outside.port);
            }
        });
        // Of a port that was published in between, who publishes decides the marks.
        assertThat(world.owned).containsAll(expected);
    }

    private void fromContainer() {
        Container container = Container.values()[random.nextInt(3)];
        Inside inside = new Inside(pick(PROTOCOLS), container, random.nextInt(2000, 2012));
        String peer = pick(PEERS);
        int peerPort = inside.protocol == IpProtocol.ICMP ? 0 : random.nextInt(50, 53);
        Packet packet = packet(inside.protocol, container.ipv4, inside.port, peer, peerPort, true);
        if (!world.endpoints.contains(NatWorld.endpoint(container))) {
            assertThat(world.dropped(world.out(container, packet))).isEqualTo(NatDrop.UNKNOWN_ENDPOINT);
            return;
        }
        int port = world.sent(container, packet);
        assertThat(NatWorld.source(packet)).isEqualTo("192.0.2.1 " + port);
        assertThat(NatWorld.destination(packet)).isEqualTo(peer + " " + peerPort);
        flows.forEach((outside, flow) -> {
            boolean same = flow.inside.equals(inside);
            if (!flow.published && outside.protocol == inside.protocol && outside.port == port) {
                assertThat(same).as("N2: " + outside).isTrue();
            }
            boolean either = wasPublished.contains(inside.protocol + " " + port)
                    || wasPublished.contains(outside.protocol + " " + outside.port);
            if (!flow.published && same && !either) {
                assertThat(port).as("N1: " + outside).isEqualTo(outside.port);
            }
        });
        Outside outside = new Outside(inside.protocol, port, peer, peerPort);
        assertThat(isPublished(outside) && !flows.containsKey(outside)).as("N7").isFalse();
        seen(flows.computeIfAbsent(outside, _ -> new Flow(inside, false, 0, peerPort)), false);
    }

    /** Ports that were published while a mapping had them: their inside endpoints may have two. */
    private final TreeSet<String> wasPublished = new TreeSet<>();

    private void fromPeer() {
        List<Map.Entry<Outside, Flow>> known = known(false);
        if (known.isEmpty()) {
            return;
        }
        Outside some = pick(known).getKey();
        boolean stranger = random.nextInt(4) == 0;
        Outside outside = stranger ? new Outside(some.protocol, some.port, "203.0.113.200", some.peerPort) : some;
        Packet packet = packet(outside.protocol, outside.peer, outside.peerPort, "192.0.2.1", outside.port, false);
        Flow flow = flows.get(outside);
        if (flow == null && !isPublished(outside)) {
            assertThat(world.dropped(world.in(packet))).isIn(NatDrop.NO_MAPPING, NatDrop.ICMP_STRAY_REPLY);
            done.add("stranger");
        } else if (flow != null) {
            world.arrives(flow.inside.container, packet);
            assertThat(NatWorld.destination(packet)).isEqualTo(flow.inside.container.ipv4 + " " + flow.inside.port);
            seen(flow, true);
            done.add("answer");
        }
    }

    private void toPublished() {
        if (world.rules.isEmpty()) {
            return;
        }
        DnatRule rule = pick(world.rules);
        Container container = Container.values()[rule.endpoint() - 1];
        Outside outside = new Outside(rule.protocol(), rule.firstPort(), pick(PEERS), random.nextInt(3000, 3006));
        List<Map.Entry<Outside, Flow>> known = known(true);
        if (!known.isEmpty() && random.nextBoolean()) {
            // A peer that is there already, from the same port: it may look like itself.
            Outside other = pick(known).getKey();
            outside = new Outside(rule.protocol(), rule.firstPort(), other.peer, other.peerPort);
        }
        Packet packet = packet(outside.protocol, outside.peer, outside.peerPort, "192.0.2.1", outside.port, false);
        Flow flow = flows.get(outside);
        world.arrives(container, packet);
        Inside inside = new Inside(rule.protocol(), container, rule.insideFirstPort());
        assertThat(NatWorld.source(packet)).startsWith(outside.peer + " ");
        int seenPort = Integer.parseInt(NatWorld.source(packet).substring(outside.peer.length() + 1));
        if (flow != null) {
            assertThat(seenPort).isEqualTo(flow.seenPort);
        } else if (isSeen(inside, outside.peer, outside.peerPort)) {
            assertThat(isSeen(inside, outside.peer, seenPort))
                    .as("another's port")
                    .isFalse();
            assertThat(seenPort).isBetween(1024, 65_535);
            done.add("set apart");
        } else {
            assertThat(seenPort).isEqualTo(outside.peerPort);
        }
        assertThat(NatWorld.destination(packet)).isEqualTo(container.ipv4 + " " + inside.port);
        if (flow == null) {
            flow = new Flow(inside, true, rule.id(), seenPort);
            flows.put(outside, flow);
        }
        seen(flow, false);
        done.add("published");
    }

    /** {@return whether an inside endpoint sees a peer with that port already} */
    private boolean isSeen(Inside inside, String peer, int seenPort) {
        return flows.entrySet().stream()
                .anyMatch(entry -> entry.getValue().inside.equals(inside)
                        && entry.getValue().seenPort == seenPort
                        && entry.getKey().peer.equals(peer));
    }

    private void answerOfPublished() {
        List<Map.Entry<Outside, Flow>> known = known(true);
        if (known.isEmpty()) {
            return;
        }
        List<Map.Entry<Outside, Flow>> apart = new ArrayList<>(known);
        apart.removeIf(entry -> entry.getValue().seenPort == entry.getKey().peerPort);
        Map.Entry<Outside, Flow> some = pick(apart.isEmpty() || random.nextBoolean() ? known : apart);
        Outside outside = some.getKey();
        Flow flow = some.getValue();
        Container container = flow.inside.container;
        Packet packet = packet(outside.protocol, container.ipv4, flow.inside.port, outside.peer, flow.seenPort, true);
        world.sent(container, packet);
        assertThat(NatWorld.source(packet)).isEqualTo("192.0.2.1 " + outside.port);
        assertThat(NatWorld.destination(packet)).isEqualTo(outside.peer + " " + outside.peerPort);
        seen(flow, true);
        done.add(flow.seenPort == outside.peerPort ? "answered" : "set apart and answered");
    }

    private List<Map.Entry<Outside, Flow>> known(boolean published) {
        List<Map.Entry<Outside, Flow>> known = new ArrayList<>(flows.entrySet());
        known.removeIf(entry -> entry.getValue().published != published);
        return known;
    }

    private void publishOrNot() {
        if (world.rules.size() > 3 || (random.nextBoolean() && !world.rules.isEmpty())) {
            DnatRule rule = world.rules.remove(random.nextInt(world.rules.size()));
            flows.values().removeIf(flow -> flow.published && flow.rule == rule.id());
        } else {
            int protocol = random.nextBoolean() ? IpProtocol.UDP : IpProtocol.SCTP;
            Container container = Container.values()[random.nextInt(3)];
            int insidePort = random.nextInt(53, 55);
            if (random.nextBoolean() && !world.rules.isEmpty()) {
                // Another way to what is published already.
                DnatRule rule = pick(world.rules);
                protocol = rule.protocol();
                container = Container.values()[rule.endpoint() - 1];
                insidePort = rule.insideFirstPort();
            }
            // Sometimes one that a mapping has.
            int port = random.nextBoolean() ? 8000 + nextRule : random.nextInt(2000, 2012);
            if (isPublished(new Outside(protocol, port, "", 0))
                    || !world.endpoints.contains(NatWorld.endpoint(container))) {
                return;
            }
            world.publish(nextRule++, NatWorld.HOST, protocol, port, container, insidePort);
            wasPublished.add(protocol + " " + port);
        }
        world.take();
    }

    private void comeOrGo() {
        Container container = Container.values()[random.nextInt(3)];
        NatVersion.InsideEndpoint endpoint = NatWorld.endpoint(container);
        if (world.endpoints.remove(endpoint)) {
            world.rules.removeIf(rule -> rule.endpoint() == container.id);
            flows.values().removeIf(flow -> flow.inside.container == container);
            done.add("gone");
        } else {
            world.endpoints.add(endpoint);
        }
        world.take();
    }

    private void restart() {
        world.open();
        world.take();
        assertThat(world.engine.count(NatCounter.TORN)).isZero();
        done.add("restart");
    }

    private void later() {
        int steps = random.nextInt(4) == 0 ? random.nextInt(1, 20) : 1;
        for (int i = 0; i < steps; i++) {
            world.nowMs += STEP_MS / 2;
            while (world.engine.tick(world.nowMs, 100)) {
                // There may be more.
            }
            world.nowMs += STEP_MS / 2;
        }
        if (flows.values().removeIf(flow -> flow.endsMs < world.nowMs)) {
            done.add("expired");
        }
    }

    private void seen(Flow flow, boolean answer) {
        flow.answered |= answer;
        long idleMs = flow.inside.protocol == IpProtocol.ICMP ? 60_000 : flow.answered ? 300_000 : 120_000;
        flow.endsMs = world.nowMs + idleMs;
    }

    private boolean isPublished(Outside outside) {
        for (DnatRule rule : world.rules) {
            if (rule.protocol() == outside.protocol && rule.firstPort() == outside.port) {
                return true;
            }
        }
        return false;
    }

    private Packet packet(int protocol, String from, int fromPort, String to, int toPort, boolean outbound) {
        if (protocol == IpProtocol.ICMP) {
            return NatWorld.echo(outbound, from, to, outbound ? fromPort : toPort);
        }
        byte[] payload = Packets.bytes(random, random.nextInt(40));
        return Packets.of(protocol, Packets.address(from), fromPort, Packets.address(to), toPort, payload);
    }

    private <T> T pick(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }
}
