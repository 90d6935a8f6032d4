package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.config.ConfigFile;
import io.tapswitch.core.config.Configuration;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.NetworkMode;
import io.tapswitch.core.model.Publication;
import io.tapswitch.core.model.Refusal;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a file's list of ports means for those that there are. */
class PublishPlanTest {
    private final Network web = States.network("web", 0, "10.66.0.0/16");
    private final Container one = States.container(
            "one", Container.Status.RUNNING, new NetworkMode.Own(), States.endpoint(web, 1, "10.66.0.2", null));
    private DesiredState state = DesiredState.EMPTY.with(web).with(one);

    private static DesiredState plan(DesiredState state, String text) {
        return PublishPlan.plan(state, ConfigFile.parse("f.yaml", text), origin -> true);
    }

    private void published(String... specs) {
        state = PublishRules.published(state, one, PublishRules.specs(List.of(specs), null), List.of());
    }

    private static List<String> words(DesiredState state) {
        return state.publications().stream()
                .map(publication -> publication.id() + " " + publication.asked() + " " + publication.allow())
                .toList();
    }

    @Test
    void P9_theSameFileAgainIsNoChangeAtAll() {
        published("9000:90");
        String file = "publish: [{container: one, ports: ['80:80', 81, '8000-8010:82'], allow: 192.0.2.0/24}]";
        DesiredState first = plan(state, file);
        assertThat(words(first))
                .containsExactly(
                        "1 9000:90/tcp []",
                        "2 80:80/tcp [192.0.2.0/24]",
                        "3 81/tcp [192.0.2.0/24]",
                        "4 8000-8010:82/tcp [192.0.2.0/24]");
        assertThat(plan(first, file)).isSameAs(first);
    }

    @Test
    void P9_anotherAllowListKeepsTheRule_anotherPortIsAnotherRule() {
        DesiredState first = plan(state, "publish: [{container: one, ports: ['80:80', '81:81']}]");
        DesiredState second = plan(first, "publish: [{container: one, ports: ['80:80', '81:82'], allow: 10.0.0.1}]");
        assertThat(words(second)).containsExactly("1 80:80/tcp [10.0.0.1/32]", "3 81:82/tcp [10.0.0.1/32]");
        assertThat(plan(second, "").publications()).isEmpty();
    }

    @Test
    void P8_whateverMovesInALongListOnlyWhatIsOtherwiseIsOtherwise() {
        String head = "publish:\n- container: one\n  ports:\n";
        DesiredState first = plan(state, head + "  - '1:1'\n  - '2:1'\n  - '3:1'\n  - 80\n  - '4:1'\n");
        List<Publication> before = first.publications();
        DesiredState second = plan(first, head + "  - '1:1'\n  - '2:2'\n  - '3:1'\n  - 80\n  - '4:1'\n");
        assertThat(words(second))
                .containsExactly("1 1:1/tcp []", "3 3:1/tcp []", "4 80/tcp []", "5 4:1/tcp []", "6 2:2/tcp []");
        assertThat(second.publications().getFirst()).isSameAs(before.getFirst());
        assertThat(second.publications().get(1)).isSameAs(before.get(2));
        assertThat(second.publications().get(3)).isSameAs(before.get(4));
        DesiredState third = plan(first, head + "  - '4:1'\n  - '3:1'\n  - '9:1'\n  - '1:1'\n");
        assertThat(words(third)).containsExactly("1 1:1/tcp []", "3 3:1/tcp []", "5 4:1/tcp []", "6 9:1/tcp []");
    }

    @Test
    void aChosenPortStaysWhereverItsEntryMoves() {
        DesiredState first = plan(state, "publish: [{container: one, ports: [80, 80]}]");
        DesiredState chosen = first.renumbered(
                first.publications().stream().map(p -> p.at(40_000 + p.id())).toList());
        DesiredState second =
                plan(chosen, "publish:\n  - {container: x, ports: 70}\n  - {container: one, ports: 80}\n");
        assertThat(second.publications())
                .extracting(publication -> publication.id() + " " + publication.firstHostPort())
                .containsExactly("1 40001", "3 0");
    }

    @Test
    void whatACommandMadeAsDeclaredIsTheFiles() {
        published("80:80");
        DesiredState next = plan(state, "publish: [{container: one, ports: '80:80'}]");
        assertThat(next.publications())
                .singleElement()
                .satisfies(publication -> assertThat(publication.id()).isEqualTo(1))
                .satisfies(publication -> assertThat(publication.container()).isEqualTo("one"))
                .satisfies(publication -> assertThat(publication.isOfFile()).isTrue());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            value = {
                "[{container: x, ports: ['80:80', '80:81']}] # f.yaml:1: publish[0].ports[1]: Bind for 0.0.0.0:80"
                        + " failed: port is already allocated to container x, in line 1",
                "[{container: x, ports: '80-90:80-90'}, {container: y, ports: '85:1'}] # publish[1].ports[0]: Bind for"
                        + " 0.0.0.0:85 failed: port is already allocated to container x, in line 1",
                "[{container: x, ports: '9000:80'}] # publish[0].ports[0]: Bind for 0.0.0.0:9000 failed: port is"
                        + " already allocated to container one, by a command",
                "[{container: x, ports: '10.0.0.1:9000:80'}] # Bind for 10.0.0.1:9000 failed: port is already",
            })
    void A_PORT_03_whatIsTakenIsRefusedWithTheLine(String list, String sentence) {
        published("9000:90");
        assertThatThrownBy(() -> plan(state, "publish: " + list))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining(sentence.strip());
    }

    @Test
    void P8_tenThousandEntriesArePlannedInAMoment() {
        StringBuilder file = new StringBuilder("publish:\n");
        for (int i = 0; i < 10_000; i++) {
            file.append("  - {container: one, ports: '").append(20_000 + i).append(":80'}\n");
        }
        DesiredState first = plan(state, file.toString());
        String other = file.toString().replace("'20500:80'", "'20500:81'");
        long start = System.nanoTime();
        DesiredState second = plan(first, other);
        long took = System.nanoTime() - start;
        assertThat(second.publications()).hasSize(10_000);
        assertThat(second.publications().stream()
                        .map(Publication::id)
                        .filter(first.publications().stream()
                                .map(Publication::id)
                                .collect(java.util.stream.Collectors.toSet())::contains))
                .hasSize(9_999);
        assertThat(took).isLessThan(2_000_000_000L);
    }

    @Test
    void P8_aPlanMadeAheadIsGoodForTheStateItWasMadeOf_andForNoOther() {
        PlannedOnce plans = new PlannedOnce(origin -> true);
        Configuration declared = ConfigFile.parse("f.yaml", "publish: [{container: one, ports: '80:80'}]");
        plans.prepare(state, declared);
        DesiredState next = plans.plan(state, declared);
        assertThat(words(next)).containsExactly("1 80:80/tcp []");
        plans.prepare(state, declared);
        published("9000:90");
        assertThat(words(plans.plan(state, declared))).containsExactly("1 9000:90/tcp []", "2 80:80/tcp []");
        plans.prepare(state, declared);
        assertThat(words(plans.plan(state, ConfigFile.parse("f.yaml", "publish: []"))))
                .containsExactly("1 9000:90/tcp []");
        published("80:90");
        assertThatThrownBy(() -> plans.prepare(state, declared)).isInstanceOf(Refusal.class);
        assertThatThrownBy(() -> plans.plan(state, declared)).isInstanceOf(Refusal.class);
    }
}
