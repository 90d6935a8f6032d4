package io.tapswitch.core.cli.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FormatTest {
    @Test
    void columnsAreAsWideAsTheirWidestCell() {
        assertThat(new Table("A", "LONG", "C")
                        .row("äöü", "x", "")
                        .row("1", "2", "3")
                        .render())
                .isEqualTo("A         LONG      C\näöü       x         \n1         2         3\n");
    }

    @Test
    void aRowOfAnotherLengthIsABug() {
        assertThatThrownBy(() -> new Table("A", "B").row("1")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void jsonIsLaidOutLikeDockers() {
        Map<String, Object> object = new TreeMap<>(Map.of("a", List.of(), "b", Map.of(), "c", List.of(1, "</x\n")));
        assertThat(Json.pretty(List.of(object))).isEqualTo("""
                [
                    {
                        "a": [],
                        "b": {},
                        "c": [
                            1,
                            "</x\\n"
                        ]
                    }
                ]
                """);
        assertThat(Json.pretty(null)).isEqualTo("null\n");
    }

    @ParameterizedTest
    @CsvSource({
        "0, Less than a second", "1, 1 second", "59, 59 seconds", "60, About a minute", "3599, 59 minutes",
        "3600, About an hour", "7200, 2 hours", "172800, 2 days", "1209600, 2 weeks", "5184000, 2 months",
        "63072000, 2 years",
    })
    void agesAreDockersWords(long seconds, String words) {
        assertThat(Age.words(Duration.ofSeconds(seconds))).isEqualTo(words);
    }
}
