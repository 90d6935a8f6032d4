package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A moment as docker lets people write it: RFC 3339 with or without its zone, time or fraction, seconds since 1970 with
 * a fraction, or how long ago, as a Go duration ({@code 10m}, {@code 1h30m}).
 */
public final class Moment {
    private static final BigDecimal NS_PER_SECOND = BigDecimal.valueOf(1_000_000_000L);
    private static final Pattern UNIX = Pattern.compile("-?\\d{1,12}(\\.\\d{1,9})?");
    private static final Pattern PART = Pattern.compile("(\\d{1,12}(?:\\.\\d{1,9})?)(ns|us|µs|ms|s|m|h)");

    /** RFC 3339 with nanoseconds and zone, as docker writes Created. */
    private static final DateTimeFormatter CREATED = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.nnnnnnnnnXXX");

    private Moment() {}

    /** {@return this moment, as Created shows it} */
    static String now() {
        return ZonedDateTime.now(ZoneId.systemDefault()).format(CREATED);
    }

    /**
     * Reads a moment.
     *
     * @param text what a person wrote
     * @param what for the refusal, such as {@code since}
     * @param now what durations are counted back from
     * @param zone of times without one
     * @return the moment
     */
    public static Instant parse(String text, String what, Instant now, ZoneId zone) {
        try {
            if (UNIX.matcher(text).matches()) {
                BigDecimal[] parts = new BigDecimal(text).divideAndRemainder(BigDecimal.ONE);
                return Instant.ofEpochSecond(
                        parts[0].longValueExact(),
                        parts[1].multiply(NS_PER_SECOND).longValueExact());
            }
            Optional<Duration> ago = duration(text);
            return ago.isPresent() ? now.minus(ago.get()) : calendar(text, zone);
        } catch (DateTimeException | ArithmeticException e) {
            throw Refusal.badInput("invalid value \"" + text + "\" for " + what
                    + ": must be a time such as 2026-01-02T15:04:05Z, seconds since 1970, or a duration such as 10m");
        }
    }

    /** {@return a Go duration; empty when the text is none} */
    static Optional<Duration> duration(String text) {
        boolean back = text.startsWith("-");
        int at = back || text.startsWith("+") ? 1 : 0;
        Duration sum = Duration.ZERO;
        Matcher part = PART.matcher(text);
        boolean any = false;
        while (at < text.length()) {
            part.region(at, text.length());
            if (!part.lookingAt()) {
                return Optional.empty();
            }
            BigDecimal ns = new BigDecimal(part.group(1)).multiply(BigDecimal.valueOf(unitNs(part.group(2))));
            sum = sum.plusNanos(ns.longValue());
            at = part.end();
            any = true;
        }
        return any ? Optional.of(back ? sum.negated() : sum) : Optional.empty();
    }

    private static long unitNs(String unit) {
        return switch (unit) {
            case "ns" -> 1;
            case "us", "µs" -> 1_000;
            case "ms" -> 1_000_000;
            case "s" -> 1_000_000_000L;
            case "m" -> 60_000_000_000L;
            default -> 3_600_000_000_000L;
        };
    }

    private static Instant calendar(String text, ZoneId zone) {
        if (text.indexOf('T') < 0) {
            return LocalDate.parse(withoutZ(text))
                    .atStartOfDay(text.endsWith("Z") ? ZoneOffset.UTC : zone)
                    .toInstant();
        }
        int time = text.indexOf('T');
        boolean zoned = text.endsWith("Z") || text.indexOf('+', time) > 0 || text.indexOf('-', time) > 0;
        return zoned
                ? OffsetDateTime.parse(text).toInstant()
                : LocalDateTime.parse(text).atZone(zone).toInstant();
    }

    private static String withoutZ(String text) {
        return text.endsWith("Z") ? text.substring(0, text.length() - 1) : text;
    }
}
