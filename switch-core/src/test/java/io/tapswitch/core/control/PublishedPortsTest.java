package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Publication;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Which publication is in force, and who serves it. */
class PublishedPortsTest {
    private final Network web = States.network("web", 3, "10.66.0.0/16");
    private final Network db = States.network("db", 4, "10.77.0.0/16");
    private final Endpoint inWeb = States.endpoint(web, 7, "10.66.0.2", "fd00:66::2");
    private final Endpoint inDb = States.endpoint(db, 8, "10.77.0.2", null);

    private static DesiredState published(DesiredState state, Origin origin, String container, String... specs) {
        List<Publication> publications = new ArrayList<>(state.publications());
        for (String text : specs) {
            PortSpec spec = PortSpec.parse(text);
            publications.add(new Publication(
                    state.nextRule() + publications.size(), container, spec, spec.firstHostPort(), List.of(), origin));
        }
        return state.withPublications(publications);
    }

    private static DesiredState published(DesiredState state, Container container, String... specs) {
        return published(state, new Origin.Command(), container.id(), specs);
    }

    private Container running(Endpoint... endpoints) {
        return States.container("c", Container.Status.RUNNING, new NetworkMode.Own(), endpoints);
    }

    private DesiredState with(Container container) {
        return DesiredState.EMPTY.with(web).with(db).with(container);
    }

    @Test
    void A_PORT_01_withoutAnAddressItIsOnAllOfBothFamilies() {
        Container container = running(inWeb);
        DesiredState state = published(with(container), container, "8080:80");
        assertThat(PublishedPorts.active(state))
                .extracting(port -> port.shownAddress() + " " + port.outside() + " " + port.inside() + " "
                        + port.endpoint() + " " + port.network())
                .containsExactly("0.0.0.0 null 10.66.0.2 7 3", ":: null fd00:66::2 7 3");
    }

    @Test
    void A_PORT_06_A_PORT_13_withAnAddressItIsOnThatOneOnly() {
        Container container = running(inWeb);
        DesiredState state =
                published(with(container), container, "127.0.0.1:1:80", "[::1]:2:80", "0.0.0.0:3:80", "[::]:4:80");
        assertThat(PublishedPorts.active(state))
                .extracting(port -> port.firstHostPort() + " " + port.outside() + " " + port.inside())
                .containsExactly("1 127.0.0.1 10.66.0.2", "2 ::1 fd00:66::2", "3 null 10.66.0.2", "4 null fd00:66::2");
    }

    @Test
    void theEndpointWithTheDefaultRouteOfAFamilyServesIt() {
        Container container = running(inDb, inWeb);
        DesiredState state = published(with(container), container, "8080:80");
        assertThat(PublishedPorts.active(state))
                .extracting(port -> port.network() + " " + port.inside())
                .containsExactly("4 10.77.0.2", "3 fd00:66::2");
    }

    @Test
    void A_PORT_19_whoIsStoppedOrOnInternalNetworksOnlyServesNothing() {
        Container stopped = States.container("c", Container.Status.EXITED, new NetworkMode.Own());
        assertThat(PublishedPorts.active(published(with(stopped), stopped, "80:80")))
                .isEmpty();
        Container inside = running(inWeb);
        DesiredState state = published(with(inside), inside, "80:80");
        Network internal = new Network(
                web.id(),
                3,
                "web",
                "",
                web.driver(),
                true,
                false,
                false,
                web.subnets(),
                web.options(),
                web.labels(),
                web.origin());
        assertThat(PublishedPorts.active(state.with(internal))).isEmpty();
        Container guest = States.container("g", Container.Status.RUNNING, new NetworkMode.Shared(inside.id()), inWeb);
        assertThat(PublishedPorts.active(published(with(guest), guest, "80:80")))
                .isEmpty();
    }

    @Test
    void theFilesEntriesWaitForAContainerOfThatName() {
        Origin file = new Origin.File("f.yaml", 3);
        DesiredState waiting = published(DesiredState.EMPTY.with(web), file, "c", "80:80");
        assertThat(PublishedPorts.active(waiting)).isEmpty();
        assertThat(PublishedPorts.active(waiting.with(running(inWeb)))).hasSize(2);
        assertThat(PublishedPorts.active(waiting.with(running(inWeb).renamed("d"))))
                .isEmpty();
    }

    @Test
    void whatCommandsPublishedGoesWithItsContainer_andItsNumberIsNotUsedAgain() {
        Container container = running(inWeb);
        DesiredState state = published(with(container), container, "80:80");
        DesiredState gone = state.withoutContainer(container.id());
        assertThat(gone.publications()).isEmpty();
        assertThat(gone.nextRule()).isEqualTo(state.nextRule()).isGreaterThan(1);
    }

    @Test
    void P8_whatStaysInForceIsTheVerySameObject() {
        Container container = running(inWeb);
        DesiredState state = published(with(container), container, "1:1", "2:2", "3:3");
        List<PublishedPorts.ActivePort> before = PublishedPorts.active(state);
        List<Publication> next = new ArrayList<>(state.publications());
        next.remove(1);
        List<PublishedPorts.ActivePort> active = PublishedPorts.active(state.withPublications(next));
        assertThat(active).hasSize(4);
        for (int i = 0; i < 4; i++) {
            assertThat(active.get(i)).isSameAs(before.get(i < 2 ? i : i + 2));
        }
    }

    @Test
    void P8_anAnswerMadeOfTheLastOneIsAsAFreshOne() {
        Container container = running(inWeb);
        Random random = new Random(11);
        DesiredState state = with(container);
        int rule = 0;
        for (int change = 0; change < 300; change++) {
            List<Publication> next = new ArrayList<>(state.publications());
            if (random.nextInt(3) == 0) {
                next.removeIf(any -> random.nextInt(5) == 0);
            }
            for (int more = random.nextInt(3); more > 0; more--) {
                PortSpec spec = PortSpec.parse((random.nextBoolean() ? "" : "0.0.0.0:") + ++rule + ":80");
                // A container that is not there has no ports in force.
                String owner = random.nextInt(4) == 0 ? "nobody" : container.id();
                next.add(
                        random.nextInt(next.size() + 1),
                        new Publication(rule, owner, spec, rule, List.of(), new Origin.Command()));
            }
            PublishedPorts.active(state);
            DesiredState changed = state.withPublications(next);
            List<PublishedPorts.ActivePort> active = PublishedPorts.active(changed);
            // Of other containers nothing can be taken over.
            PublishedPorts.active(published(with(running(inDb)), container, "1:1"));
            assertThat(PublishedPorts.active(changed)).isEqualTo(active);
            state = changed;
        }
    }
}
