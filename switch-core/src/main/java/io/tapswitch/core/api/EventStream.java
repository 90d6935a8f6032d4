package io.tapswitch.core.api;

import io.tapswitch.core.control.Event;
import io.tapswitch.core.control.EventLog;
import io.tapswitch.core.control.Filters;
import io.tapswitch.core.control.Moment;
import io.tapswitch.core.control.Selection;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What {@code GET /v1/events} answers: server-sent events (WHATWG HTML, 9.2), one JSON object each, on a connection
 * that stays open until the moment {@code until}, the end of the daemon, or the client's.
 */
final class EventStream implements AnswerStream {
    private final EventLog.Reader reader;
    private final Predicate<Event> wanted;
    private final @Nullable Instant until;
    private boolean ended;

    private EventStream(EventLog.Reader reader, Predicate<Event> wanted, @Nullable Instant until) {
        this.reader = reader;
        this.wanted = wanted;
        this.until = until;
    }

    @Override
    public String mediaType() {
        return "text/event-stream";
    }

    static EventStream open(EventLog log, @Nullable String since, @Nullable String until, Filters filters) {
        Instant now = Instant.now();
        ZoneId zone = ZoneId.systemDefault();
        Predicate<Event> wanted = Selection.events(filters);
        Instant end = until == null ? null : Moment.parse(until, "until", now, zone);
        // An end that is not in the future asks for what was; all that is known, when no begin is said.
        boolean past = end != null && !end.isAfter(now);
        Instant begin = since == null ? (past ? Instant.EPOCH : null) : Moment.parse(since, "since", now, zone);
        return new EventStream(log.read(begin), wanted, end);
    }

    /** A comment is sent after a pulse without an event. */
    @Override
    public byte @Nullable [] next(Duration pulse) throws InterruptedException {
        String lines = nextLines(pulse);
        return lines == null ? null : lines.getBytes(StandardCharsets.UTF_8);
    }

    private @Nullable String nextLines(Duration pulse) throws InterruptedException {
        if (ended) {
            return null;
        }
        Duration patience = pulse;
        if (until != null) {
            Duration left = Duration.between(Instant.now(), until);
            patience = left.compareTo(pulse) < 0 ? left : pulse;
        }
        EventLog.Next next = reader.next(wanted, patience);
        return switch (next.fate()) {
            case EVENT -> next.entry() == null ? null : event(next.entry());
            case QUIET -> until != null && !Instant.now().isBefore(until) ? null : ": nothing happened\n\n";
            case OVERRUN -> overrun();
            case CLOSED -> null;
        };
    }

    private @Nullable String event(EventLog.Entry entry) {
        Instant time = Instant.EPOCH.plusNanos(entry.timeNs());
        return until != null && time.isAfter(until)
                ? null
                : "data: " + Json.MAPPER.writeValueAsString(Views.event(entry)) + "\n\n";
    }

    /** The last thing that a client gets that was too slow, if it ever gets it. */
    private String overrun() {
        ended = true;
        Answers.Failure failure =
                new Answers.Failure("events_missed", "this client read too slowly, and missed events; ask again");
        return "event: error\ndata: " + Json.MAPPER.writeValueAsString(failure) + "\n\n";
    }

    @Override
    public void close() {
        reader.close();
    }
}
