package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Publication;
import io.tapswitch.core.model.Refusal;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The host's ports follow the publications in force. */
class HostPortsTest {
    private final FakeKeeper keeper = new FakeKeeper();
    private final EphemeralPorts range = new EphemeralPorts(40_000, 40_019, new BitSet());
    private final HostPorts ports = new HostPorts(keeper, () -> range);
    private final Network web = States.network("web", 0, "10.66.0.0/16");
    private final Container one = running("one", 1);
    private final Container two = running("two", 2);
    private DesiredState state = DesiredState.EMPTY.with(web).with(one).with(two);

    private Container running(String name, int port) {
        return States.container(
                name,
                Container.Status.RUNNING,
                new NetworkMode.Own(),
                States.endpoint(web, port, "10.66.0." + (port + 1), null));
    }

    private static DesiredState with(DesiredState state, Container container, String... specs) {
        return PublishRules.published(state, container, PublishRules.specs(List.of(specs), null), List.of());
    }

    private static DesiredState declared(DesiredState state, String container, int line, String spec) {
        List<Publication> all = new ArrayList<>(state.publications());
        PortSpec asked = PortSpec.parse(spec);
        all.add(new Publication(
                state.nextRule(),
                container,
                asked,
                asked.isDynamic() ? 0 : asked.firstHostPort(),
                List.of(),
                new Origin.File("f", line)));
        return state.withPublications(all);
    }

    /** As {@link Desired} does it. */
    private void commit(DesiredState next) {
        Undo undo = new Undo();
        try {
            state = ports.secured(next, undo);
        } catch (Refusal e) {
            undo.run();
            throw e;
        }
        ports.release(state);
    }

    private List<Integer> numbers() {
        return state.publications().stream().map(Publication::firstHostPort).toList();
    }

    private static void refused(org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String words) {
        assertThatThrownBy(call).isInstanceOf(Refusal.class).hasMessage(words);
    }

    @Test
    void P2_whatAnotherContainerHasIsRefused_andWhatAProcessOfTheHostHas() {
        commit(with(state, one, "443:443"));
        refused(
                () -> commit(with(state, two, "80:80", "443:443")),
                "Bind for 0.0.0.0:443 failed: port is already allocated to container one, as 443:443/tcp");
        keeper.busy.add(81);
        refused(() -> commit(with(state, two, "80:80", "81:80")), "listen 0.0.0.0:81: bind: address already in use");
        assertThat(keeper.reserved).as("all or nothing").hasSize(1);
        assertThat(numbers()).containsExactly(443);
    }

    @Test
    void A_PORT_04_A_PORT_08_openPortsAreChosenOneAfterTheOther_roundThoseThatAreExact() {
        commit(with(state, one, "80", "127.0.0.1::81", "40001:82"));
        assertThat(numbers()).containsExactly(40_000, 40_002, 40_001);
        commit(with(state, two, "80"));
        assertThat(numbers()).endsWith(40_003);
    }

    @Test
    void P3_aBusyPortIsTriedElsewhereTenTimes() {
        IntStream.range(40_000, 40_009).forEach(keeper.busy::add);
        commit(with(state, one, "80"));
        assertThat(numbers()).containsExactly(40_009);
        IntStream.range(40_010, 40_020).forEach(keeper.busy::add);
        int before = keeper.calls.size();
        refused(() -> commit(with(state, two, "80")), "listen 0.0.0.0:40019: bind: address already in use");
        assertThat(keeper.calls.size() - before).isEqualTo(10);
    }

    @Test
    void P3_aPoolIsTriedFromItsBeginning_andWhenAllOfItIsBusyThatIsSaid() {
        keeper.busy.add(8000);
        commit(with(state, one, "8000-8001:80"));
        assertThat(numbers()).containsExactly(8001);
        refused(() -> commit(with(state, one, "8000-8001:80")), "all ports are allocated");
    }

    @Test
    void A_PORT_19_whoStopsGivesItsPortsBack_andGetsThemAgain() {
        commit(with(state, one, "8080:80", "80"));
        commit(state.with(one.ended(Container.Status.EXITED, 0, "")));
        assertThat(keeper.reserved).isEmpty();
        assertThat(numbers()).as("kept").containsExactly(8080, 40_000);
        commit(state.with(one));
        assertThat(keeper.reserved).hasSize(2);
        assertThat(numbers()).containsExactly(8080, 40_000);
    }

    @Test
    void A_PORT_19_whatSomebodyTookMeanwhileIsRefused_unlessThePortWasLeftOpen() {
        commit(with(state, one, "80"));
        commit(state.with(one.ended(Container.Status.EXITED, 0, "")));
        commit(with(state, two, "40000:80"));
        commit(state.with(one));
        assertThat(numbers()).containsExactly(40_001, 40_000);
        commit(with(state, one, "8080:80"));
        commit(state.with(one.ended(Container.Status.EXITED, 0, "")));
        commit(with(state, two, "8080:80"));
        refused(
                () -> commit(state.with(one)),
                "Bind for 0.0.0.0:8080 failed: port is already allocated to container two, as 8080:80/tcp");
    }

    @Test
    void theFilesPortsAreNotToBeHadWhileItsContainerIsAway_andAreReservedWhenItComes() {
        commit(declared(state, "three", 3, "8080:80"));
        assertThat(keeper.calls).isEmpty();
        refused(
                () -> commit(with(state, two, "8080:80")),
                "Bind for 0.0.0.0:8080 failed: port is already allocated to container three, in f:3");
        commit(state.with(running("three", 3)));
        assertThat(keeper.calls).containsExactly("reserve 8080");
    }

    @Test
    void P9_anotherLineOfTheFileIsNoReasonToTouchASocket() {
        commit(declared(state, "one", 3, "8080:80"));
        int calls = keeper.calls.size();
        Publication there = state.publications().getFirst();
        commit(state.withPublications(List.of(there.by(new Origin.File("f", 4), "one"))));
        assertThat(keeper.calls).hasSize(calls);
        commit(state.withPublications(List.of()));
        assertThat(keeper.reserved).isEmpty();
    }

    @Test
    void aPortThatIsLedElsewhereChangesHands_andComesBackWhenThatFails() {
        commit(declared(state, "one", 3, "8080:80"));
        commit(declared(state.withPublications(List.of()), "two", 3, "8080:80"));
        assertThat(keeper.reserved.keySet()).containsExactly(2);
        keeper.busy.add(8081);
        DesiredState wider = declared(state.withPublications(List.of()), "two", 3, "8080-8081:80-81");
        refused(() -> commit(wider), "f:3: publish: listen 0.0.0.0:8081: bind: address already in use");
        assertThat(keeper.reserved.keySet()).containsExactly(2);
    }

    @Test
    void whatAProcessTookBetweenTwoDaemonsIsNotServed_saysSo_andIsTriedAgain() {
        keeper.busy.add(8080);
        state = with(state, one, "8080:80", "8081:80");
        ports.adopt(state);
        assertThat(ports.served(state)).hasSize(1);
        assertThat(ports.warnings(state)).singleElement().asString().contains("8080:80/tcp", "address already in use");
        commit(with(state, two, "9090:80"));
        assertThat(ports.served(state)).hasSize(2);
        keeper.busy.clear();
        commit(with(state, two, "9091:80"));
        assertThat(ports.served(state)).hasSize(4);
        assertThat(ports.warnings(state)).isEmpty();
    }

    @Test
    void withoutAnUplinkNothingIsPublished() {
        keeper.hasUplink = false;
        refused(ports::ready, "published ports need an uplink: start the daemon with --uplink shared");
    }

    @Test
    void P3_anOpenPortThatIsNotServedRefusesNobodyElse_andGetsItsNumberOrAnotherLater() {
        commit(with(state, one, "127.0.0.5::80"));
        HostPorts later = new HostPorts(keeper, () -> range);
        keeper.reserved.clear();
        keeper.refused = Refusal.failed("failed to bind port 127.0.0.5:40000/tcp: cannot assign requested address");
        later.adopt(state);
        assertThat(later.unserved()).isEqualTo(1);
        DesiredState next = later.secured(state.with(States.network("db", 1, "10.67.0.0/16")), new Undo());
        assertThat(next.publications()).isEqualTo(state.publications());
        assertThat(later.warnings(next)).singleElement().asString().contains("cannot assign requested address");
        refused(
                () -> later.secured(with(next, two, "127.0.0.5:40000:80"), new Undo()),
                "Bind for 127.0.0.5:40000 failed: port is already allocated to container one, as 127.0.0.5::80/tcp");
        keeper.refused = null;
        IntStream.range(40_000, 40_020).forEach(keeper.busy::add);
        assertThat(later.secured(next, new Undo()).publications()).isEqualTo(state.publications());
        keeper.busy.remove(40_012);
        DesiredState served = later.secured(next, new Undo());
        assertThat(served.publications().getFirst().firstHostPort()).isEqualTo(40_012);
        assertThat(later.unserved()).isZero();
        assertThat(later.served(served)).hasSize(1);
    }

    @Test
    void P3_aPortThatAProcessOfTheHostHadIsServedOnceThatHasEnded() {
        commit(with(state, one, "80:80", "81:81"));
        HostPorts later = new HostPorts(keeper, () -> range);
        keeper.reserved.clear();
        keeper.busy.add(80);
        later.adopt(state);
        Publication waiting = state.publications().getFirst();
        assertThat(later.isServedNow(state)).isFalse();
        assertThat(later.whyWaiting(state, waiting)).contains("address already in use");
        keeper.busy.clear();
        assertThat(later.isServedNow(state)).isTrue();
        assertThat(later.served(state)).hasSize(2);
        assertThat(later.warnings(state)).isEmpty();
        assertThat(later.whyWaiting(state, waiting)).isEmpty();
        assertThat(later.isServedNow(state)).as("nothing to do").isFalse();
    }

    @Test
    void aPortThatIsNotServedStaysItsOwn_whoeverWasPublishedBefore() {
        commit(with(state, one, "8080:80"));
        commit(state.with(one.ended(Container.Status.EXITED, 0, "")));
        commit(with(state, two, "8080:80"));
        HostPorts later = new HostPorts(keeper, () -> range);
        keeper.reserved.clear();
        keeper.busy.add(8080);
        later.adopt(state);
        keeper.busy.clear();
        refused(
                () -> later.secured(state.with(one), new Undo()),
                "Bind for 0.0.0.0:8080 failed: port is already allocated to container two, as 8080:80/tcp");
    }

    @Test
    void thePortsThatTheKernelGivesOutAreReadOncePerChange_andNotWithoutNeed() {
        int[] reads = {0};
        HostPorts counting = new HostPorts(keeper, () -> {
            reads[0]++;
            return range;
        });
        Undo undo = new Undo();
        counting.secured(with(state, one, "8080:80"), undo);
        undo.run();
        assertThat(reads[0]).isZero();
        counting.secured(with(state, one, "80", "81", "82"), new Undo());
        assertThat(reads[0]).isEqualTo(1);
    }
}
