package io.tapswitch.core.overlay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.Belief.Place;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.Verification.Row;
import io.tapswitch.core.overlay.Verification.Verdict;
import io.tapswitch.wire.MacAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code network verify}: hosts that say what they have in force, driven by hand. */
final class VerificationTest {
    private final FakeStore store = new FakeStore();
    private final List<Node> nodes = new ArrayList<>();
    private long nowMs = 1_000_000;
    private int pauses;
    /** Hosts of which something is wrong. */
    private final List<Host> rivals = new ArrayList<>();

    /** A host whose dataplane has what the store has, but for what a test changes. */
    private final class Node implements ClusterListener {
        private final Host host;
        private final FakeStore.Client client = store.client();
        private final ClusterSession session;
        private UnaryOperator<List<Place>> fault = places -> places;
        private boolean silent;
        private List<String> warnings = List.of();
        private final List<String> alarms = new ArrayList<>();

        private Node(int number) {
            this(Entries.host(number));
        }

        private Node(Host host) {
            this.host = host;
            session = new ClusterSession(
                    client,
                    new ClusterSession.Beginning(
                            host, 4_096, 5_000, ClusterState.empty(), List.of(), List::of, "cluster.json"),
                    this,
                    () -> nowMs,
                    new Random(host.id().hashCode()));
            nodes.add(this);
        }

        @Override
        public void changed(ClusterState state, List<ClusterState.Change> changes) {
            // Asked for where it matters.
        }

        @Override
        public void standing(Standing standing) {
            // The same.
        }

        @Override
        public void alarm(String sentence) {
            assertThat(host).as(sentence).isIn(rivals);
            alarms.add(sentence);
        }

        @Override
        public Belief believed(String network) {
            assertThat(network).isEqualTo(Entries.NETWORK);
            List<Place> places = session.state().view().endpoints(network).stream()
                    .map(each -> new Place(each.name(), each.mac(), each.ipv4(), each.ipv6(), each.host()))
                    .toList();
            return new Belief("", fault.apply(new ArrayList<>(places))).warning(warnings);
        }

        private RemoteEndpoint endpoint(int number) {
            RemoteEndpoint wanted = Entries.endpoint(number, Integer.parseInt(host.id(), 16), 0x100 + number);
            return session.addEndpoint(Entries.network("web", 4_096), taken -> wanted);
        }
    }

    private final Node one = new Node(1);
    private final Node two = new Node(2);
    private final Node three = new Node(3);

    @BeforeEach
    void begin() {
        settle();
        one.session.createNetwork("web", 4_096, (others, vni) -> Entries.network("web", vni));
        settle();
        one.endpoint(1);
        one.endpoint(2);
        three.endpoint(3);
        settle();
    }

    private void settle() {
        for (int i = 0; i < 4; i++) {
            nodes.stream()
                    .filter(node -> !node.silent)
                    .forEach(node -> node.session.loop().turn());
            store.tell();
        }
    }

    private Verification verify() {
        return one.session.verify(Entries.NETWORK, ms -> {
            pauses++;
            nowMs += ms;
            settle();
        });
    }

    private static Place moved(Place place, String host) {
        return new Place(place.name(), place.mac(), place.ipv4(), place.ipv6(), host);
    }

    @Test
    void hostsThatHaveWhatTheStoreHasAgreeAndNothingIsLeftInTheStore() {
        var before = store.content();
        Verification verification = verify();
        assertThat(verification.differences()).isEmpty();
        assertThat(verification.isFine()).isTrue();
        assertThat(verification.hosts())
                .containsExactly(
                        new Row(one.host, true, 3, Verdict.AGREES),
                        new Row(two.host, false, 3, Verdict.AGREES),
                        new Row(three.host, false, 3, Verdict.AGREES));
        assertThat(pauses).as("one round, which ends with the last answer").isEqualTo(1);
        assertThat(store.content()).isEqualTo(before);
        settle();
        assertThat(one.session.state().stored()).noneMatch(entry -> entry.key().contains("questions"));
    }

    @Test
    void eachKindOfDifferenceIsASentence() {
        two.fault = places -> {
            places.replaceAll(place -> place.name().equals("c1") ? moved(place, three.host.id()) : place);
            places.removeIf(place -> place.name().equals("c3"));
            return places;
        };
        three.fault = places -> {
            places.replaceAll(place -> place.name().equals("c2")
                    ? new Place("c9", place.mac(), place.ipv4(), null, place.host())
                    : place.name().equals("c1")
                            ? new Place("c1", MacAddress.fromBits(2), place.ipv4(), null, place.host())
                            : place);
            places.add(new Place("old", MacAddress.fromBits(2), Entries.address(9), null, "192.0.2.77"));
            return places;
        };
        Verification verification = verify();
        assertThat(verification.differences())
                .containsExactlyInAnyOrder(
                        "host host-2 believes 10.0.0.3 is at host host-3, the store says host host-1",
                        "host host-2 does not have 10.0.0.5 (c3), the store says it is at host host-3",
                        "host host-3 believes 10.0.0.3 has the MAC 00:00:00:00:00:02, the store says 02:42:0a:00:00:03",
                        "host host-3 believes 10.0.0.4 is c9, the store says c2",
                        "host host-3 believes 10.0.0.11 (old) is at host 192.0.2.77, the store has no such endpoint");
        assertThat(verification.hosts())
                .extracting(Row::verdict)
                .containsExactly(Verdict.AGREES, Verdict.DIFFERS, Verdict.DIFFERS);
        assertThat(verification.isFine()).isFalse();
    }

    @Test
    void V11_aHostThatTheStoreLacksHasItsNameAsLongAsTheAskerKnowsIt() {
        Host three = this.three.host;
        ClusterView known = one.session.state().view();
        store.removeKey(three.key());
        store.removeKey(ClusterKeys.alive(three.id()));
        two.fault = places -> {
            places.replaceAll(place -> moved(place, place.name().equals("c1") ? three.id() : Entries.id(9)));
            return places;
        };
        Belief belief = two.believed(Entries.NETWORK);
        assertThat(sentences(known, belief))
                .contains("host host-2 believes 10.0.0.3 is at host host-3, the store says host host-1")
                .contains("host host-2 believes 10.0.0.4 is at host 000000000000, the store says host host-1");
        store.put(new Host(Entries.id(7), three.name(), three.vtep(), 1));
        assertThat(sentences(known, belief))
                .as("the name is another one's now")
                .contains("host host-2 believes 10.0.0.3 is at host host-3 of before (000000000000), the store says"
                        + " host host-1");
    }

    private List<String> sentences(ClusterView known, Belief belief) {
        ClusterView now = ClusterState.empty()
                .merged(store.client().range(ClusterKeys.ROOT))
                .state()
                .view();
        return new Comparison(now, known, Entries.NETWORK, one.host.id())
                .differences(Map.of(two.host.id(), belief)).values().stream()
                        .flatMap(List::stream)
                        .toList();
    }

    @Test
    void V11_whatAHostThatDiffersSaysItselfIsToldWithTheDifference_andOnlyThen() {
        two.warnings = List.of("no tunnel has an end here");
        three.warnings = List.of("port 80 is another program's");
        assertThat(verify().causes()).isEmpty();
        two.fault = places -> {
            places.removeIf(place -> place.name().equals("c3"));
            return places;
        };
        Verification verification = verify();
        assertThat(verification.differences()).hasSize(1);
        assertThat(verification.causes()).containsExactly("host host-2 says: no tunnel has an end here");
        two.warnings = IntStream.range(0, 1_000).mapToObj(i -> "w" + i).toList();
        assertThat(verify().causes())
                .hasSize(21)
                .last()
                .isEqualTo("host host-2 says: its status has 980 warnings more");
    }

    @Test
    void row94_aHostThatIsRefusedIsSaidSoWithTheOwnerOfItsAddress_andRefusesItself() {
        store.removeKey(ClusterKeys.vtep(two.host.vtep()));
        settle();
        assertThat(verify().causes())
                .containsExactly("host host-2 is refused, and its containers are not reached: its tunnel address"
                        + " 192.0.2.2 is not in the store as its own; its status says more");
        Host rival = new Host(Entries.id(4), "host-4", two.host.vtep(), 1);
        Host late = new Host(Entries.id(5), "host-5", one.host.vtep(), 1);
        rivals.addAll(List.of(two.host, late));
        Node four = new Node(rival);
        settle();
        assertThat(verify().causes())
                .containsExactly("host host-2 is refused, and its containers are not reached: its tunnel address"
                        + " 192.0.2.2 is that of host host-4; its status says more");
        assertThat(four.session.standing()).isInstanceOf(Standing.Joined.class);
        Node five = new Node(late);
        settle();
        assertThat(five.alarms).hasSize(1);
        assertThatThrownBy(() -> five.session.verify(Entries.NETWORK))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("host host-5 has the address 192.0.2.1 of host host-1");
    }

    @Test
    void whatWasOnItsWayAtTheFirstLookIsNoDifference() {
        boolean[] asked = {false};
        two.fault = places -> {
            if (!asked[0]) {
                places.clear();
            }
            asked[0] = true;
            return places;
        };
        assertThat(verify().isFine()).isTrue();
        assertThat(pauses).isEqualTo(2);
    }

    @Test
    void whoIsAliveAndDoesNotAnswerIsSilentAndWhoIsDeadIsNotWaitedFor() {
        two.silent = true;
        long begin = nowMs;
        Verification verification = verify();
        assertThat(nowMs - begin).isBetween(3_000L, 3_500L);
        assertThat(verification.differences()).containsExactly("host host-2 did not answer within 3 s");
        assertThat(verification.causes())
                .singleElement()
                .asString()
                .contains("taken for alive for 15 s after its last sign of life");
        assertThat(verification.hosts())
                .extracting(Row::verdict)
                .containsExactly(Verdict.AGREES, Verdict.SILENT, Verdict.AGREES);
        assertThat(verification.isFine()).isFalse();
        store.removeKey(ClusterKeys.alive(two.host.id()));
        settle();
        pauses = 0;
        verification = verify();
        assertThat(pauses).isEqualTo(1);
        assertThat(verification.hosts().get(1).verdict()).isEqualTo(Verdict.UNSEEN);
        assertThat(verification.isFine()).isTrue();
    }

    @Test
    void aHostThatCannotSayIsADifference() {
        Belief all = new Belief("", List.of());
        assertThat(all.why()).isEmpty();
        two.fault = places -> {
            throw Refusal.failed("the workers hang");
        };
        Verification verification = verify();
        assertThat(verification.differences()).containsExactly("host host-2: the workers hang");
        assertThat(verification.hosts().get(1).verdict()).isEqualTo(Verdict.DIFFERS);
    }

    @Test
    void tooManyEndpointsAreSaidSo() {
        Place place = new Place("a", MacAddress.fromBits(2), Entries.address(1), null, one.host.id());
        Belief belief = new Belief("", Collections.nCopies(Belief.PLACES_MAX + 1, place));
        assertThat(belief.places()).isEmpty();
        assertThat(belief.why()).contains("5001 endpoints, more than the 5000");
        String longest = InquiryText.write(new Belief(
                "",
                Collections.nCopies(
                        Belief.PLACES_MAX, new Place("n".repeat(63), place.mac(), place.ipv4(), null, one.host.id()))));
        assertThat(longest.length()).as("etcd takes 1.5 MiB").isLessThan(1_500_000);
        assertThat(InquiryText.belief("k", longest).places()).hasSize(Belief.PLACES_MAX);
        assertThat(InquiryText.belief("k", "{").why()).startsWith("its answer cannot be read:");
    }

    @Test
    void withoutTheStoreItIsRefused() {
        one.client.away(true);
        settle();
        assertThatThrownBy(this::verify)
                .isInstanceOfSatisfying(Refusal.class, e -> assertThat(e.code()).isEqualTo("cluster_unreachable"));
    }
}
