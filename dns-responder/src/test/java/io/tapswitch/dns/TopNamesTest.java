package io.tapswitch.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class TopNamesTest {
    private final TopNames top = new TopNames();
    private final FoldedName folded = new FoldedName();

    private record Row(String name, int group, long least, long most) {}

    private void ask(String name, int group, int times) {
        UnsafeBuffer octets = new UnsafeBuffer(DnsName.parse(name));
        folded.read(octets, 0, octets.capacity());
        for (int i = 0; i < times; i++) {
            top.add(folded, group);
        }
    }

    private List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        TopNames copy = new TopNames();
        for (int first = 0; first < TopNames.SETS; first += TopNames.SETS / 2) {
            top.copyTo(copy, first, TopNames.SETS / 2);
        }
        copy.forEach((name, group, least, most) -> rows.add(new Row(name, group, least, most)));
        rows.sort(Comparator.comparingLong(Row::least).reversed().thenComparing(Row::name));
        return rows;
    }

    @Test
    void countsExactlyWhileThereIsRoom() {
        assertThat(rows()).isEmpty();
        ask("web", 1, 3);
        ask("WEB", 1, 2);
        ask("web", 2, 4);
        ask(".", 0, 1);
        ask("a".repeat(63) + "." + "b".repeat(63) + "." + "c".repeat(63) + "." + "d".repeat(61), 0, 1);
        assertThat(rows())
                .hasSize(4)
                .startsWith(new Row("web", 1, 5, 5), new Row("web", 2, 4, 4), new Row(".", 0, 1, 1));
    }

    @Test
    void aGroupThatIsGoneIsForgottenAndItsPlacesAreFree() {
        ask("web", 1, 3);
        ask("db", 2, 4);
        top.forget(1);
        assertThat(rows()).containsExactly(new Row("db", 2, 4, 4));
        ask("web", 1, 1);
        assertThat(rows()).containsExactly(new Row("db", 2, 4, 4), new Row("web", 1, 1, 1));
    }

    @Test
    void namesAskedOftenOutlastAFloodOfRandomOnes() {
        Random random = new Random(7);
        for (int i = 0; i < 1_000_000; i++) {
            ask("x" + random.nextLong() + ".example", 1, 1);
            if (i % 100 == 0) {
                ask("often" + i / 100 % 5 + ".example", 1, 1);
            }
        }
        List<Row> rows = rows();
        assertThat(rows).hasSize(TopNames.CAPACITY);
        assertThat(rows.subList(0, 5)).allSatisfy(row -> {
            assertThat(row.name()).startsWith("often");
            assertThat(row.least()).isLessThanOrEqualTo(2_000);
            assertThat(row.most()).isGreaterThanOrEqualTo(2_000);
        });
        assertThat(rows.get(5).least()).as("what is certain of a random name").isLessThan(20);
    }

    @Test
    void theTruthLiesBetweenLeastAndMostWhateverIsAsked() {
        Random random = new Random(11);
        Map<String, Integer> truth = new HashMap<>();
        for (int i = 0; i < 300_000; i++) {
            // A long tail: about as many names as there are places, four times over.
            String name = "n" + (int) Math.abs(random.nextGaussian() * TopNames.CAPACITY * 2);
            ask(name, 3, 1);
            truth.merge(name, 1, Integer::sum);
        }
        assertThat(rows()).isNotEmpty().allSatisfy(row -> {
            assertThat(row.group()).isEqualTo(3);
            assertThat((long) truth.getOrDefault(row.name(), 0)).isBetween(row.least(), row.most());
        });
    }
}
