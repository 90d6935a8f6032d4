package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.model.Refusal;
import java.time.Instant;
import java.time.ZoneId;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MomentTest {
    private static final Instant NOW = Instant.parse("2026-07-01T12:00:00Z");
    private static final ZoneId ZONE = ZoneId.of("+02:00");

    @ParameterizedTest
    @CsvSource({
        "2026-01-02T15:04:05Z, 2026-01-02T15:04:05Z",
        "2026-01-02T15:04:05.123456789+01:00, 2026-01-02T14:04:05.123456789Z",
        "2026-01-02T15:04:05, 2026-01-02T13:04:05Z",
        "2026-01-02T15:04, 2026-01-02T13:04:00Z",
        "2026-01-02, 2026-01-01T22:00:00Z",
        "2026-01-02Z, 2026-01-02T00:00:00Z",
        "1136073845.000000001, 2006-01-01T00:04:05.000000001Z",
        "1136073845, 2006-01-01T00:04:05Z",
        "10, 1970-01-01T00:00:10Z",
        "10m, 2026-07-01T11:50:00Z",
        "1h30m, 2026-07-01T10:30:00Z",
        "1.5h, 2026-07-01T10:30:00Z",
        "250ms, 2026-07-01T11:59:59.750Z",
        "-1h, 2026-07-01T13:00:00Z",
    })
    void dockersFormsOfAMomentAreRead(String text, Instant moment) {
        assertThat(Moment.parse(text, "since", NOW, ZONE)).isEqualTo(moment);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "yesterday", "10 m", "10m later", "1d", "2026-13-01", "m", "-", "99999999999999h"})
    void whatIsNoMomentIsRefusedWithWhatWouldBeOne(String text) {
        assertThatThrownBy(() -> Moment.parse(text, "since", NOW, ZONE))
                .isInstanceOf(Refusal.class)
                .hasMessage("invalid value \"" + text + "\" for since: must be a time such as 2026-01-02T15:04:05Z,"
                        + " seconds since 1970, or a duration such as 10m");
    }
}
