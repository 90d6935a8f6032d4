package io.tapswitch.nat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where two lists differ. */
class MiddleTest {
    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "abcd, abcd, '', ''",
                "abcd, abxd, c, x",
                "abcd, abd, c, ''",
                "abd, abcd, '', c",
                "aaa, aa, a, ''",
                "'', ab, '', ab",
                "ab, '', ab, ''",
                "abcd, dcba, abcd, dcba",
                "abcd, acbd, bc, cb"
            })
    void itIsWhatStandsBetweenTheSameBeginAndEnd(String before, String next, String gone, String come) {
        Middle middle = Middle.of(letters(before), letters(next));
        assertThat(middle.before(letters(before))).isEqualTo(letters(gone));
        assertThat(middle.next(letters(next))).isEqualTo(letters(come));
    }

    @Test
    void withTheMiddleReplacedTheOneIsTheOther() {
        Random random = new Random(7);
        for (int round = 0; round < 2_000; round++) {
            List<Integer> before = random.ints(random.nextInt(8), 0, 3).boxed().toList();
            List<Integer> next = random.ints(random.nextInt(8), 0, 3).boxed().toList();
            Middle middle = Middle.of(before, next);
            List<Integer> made = new ArrayList<>(before.subList(0, middle.from()));
            made.addAll(middle.next(next));
            made.addAll(before.subList(middle.beforeEnd(), before.size()));
            assertThat(made).isEqualTo(next);
        }
    }

    private static List<Character> letters(String text) {
        return text.chars().mapToObj(letter -> (char) letter).toList();
    }
}
