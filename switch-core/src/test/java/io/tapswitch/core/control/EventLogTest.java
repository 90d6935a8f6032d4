package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class EventLogTest {
    private static final Duration AT_ONCE = Duration.ZERO;

    private final EventLog log = new EventLog();

    private static Event event(int number) {
        return new Event(Event.NETWORK, "create", "id" + number, Map.of("name", "n" + number));
    }

    private static EventLog.Next poll(EventLog.Reader reader) throws InterruptedException {
        return reader.next(event -> true, AT_ONCE);
    }

    private static List<String> rest(EventLog.Reader reader) throws InterruptedException {
        List<String> ids = new ArrayList<>();
        for (EventLog.Next next = poll(reader); next.entry() != null; next = poll(reader)) {
            ids.add(next.entry().event().id());
        }
        return ids;
    }

    @Test
    void aReaderSeesWhatHappensFromThenOnInOrder() throws Exception {
        log.publish(event(1));
        EventLog.Reader reader = log.read(null);
        assertThat(poll(reader).fate()).isEqualTo(EventLog.Fate.QUIET);
        log.publish(event(2));
        log.publish(event(3));
        assertThat(rest(reader)).containsExactly("id2", "id3");
    }

    @Test
    void whoAsksForThePastGetsItAndOnlyOnce() throws Exception {
        log.publish(event(1));
        log.publish(event(2));
        EventLog.Reader reader = log.read(Instant.EPOCH);
        assertThat(rest(reader)).containsExactly("id1", "id2");
        EventLog.Entry first =
                Objects.requireNonNull(poll(log.read(Instant.EPOCH)).entry());
        assertThat(rest(log.read(Instant.now().plusSeconds(60)))).isEmpty();
        assertThat(rest(log.read(Instant.EPOCH.plusNanos(first.timeNs())))).containsExactly("id1", "id2");
    }

    @Test
    void aWaitingReaderIsWokenByTheEventItWants() throws Exception {
        EventLog.Reader reader = log.read(null);
        CompletableFuture<EventLog.Next> waiting = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                waiting.complete(reader.next(event -> event.id().equals("id2"), Duration.ofSeconds(20)));
            } catch (InterruptedException e) {
                waiting.completeExceptionally(e);
            }
        });
        log.publish(event(1));
        assertThat(waiting).isNotDone();
        log.publish(event(2));
        EventLog.Entry entry =
                Objects.requireNonNull(waiting.get(10, TimeUnit.SECONDS).entry());
        assertThat(entry.event().id()).isEqualTo("id2");
    }

    @Test
    void theRingKeepsTheLastEventsAndTellsASlowReaderThatItMissedSome() throws Exception {
        EventLog.Reader slow = log.read(null);
        EventLog.Reader quick = log.read(null);
        for (int i = 0; i < EventLog.CAPACITY; i++) {
            log.publish(event(i));
        }
        assertThat(poll(quick).fate()).isEqualTo(EventLog.Fate.EVENT);
        log.publish(event(EventLog.CAPACITY));
        assertThat(poll(slow).fate()).isEqualTo(EventLog.Fate.OVERRUN);
        assertThat(rest(quick)).hasSize(EventLog.CAPACITY);
        assertThat(rest(log.read(Instant.EPOCH))).hasSize(EventLog.CAPACITY).startsWith("id1");
    }

    @Test
    void theEndOfTheLogAndTheEndOfAReaderEndWaiting() throws Exception {
        log.publish(event(1));
        EventLog.Reader one = log.read(Instant.EPOCH);
        one.close();
        assertThat(poll(one).fate()).as("what is there can still be read").isEqualTo(EventLog.Fate.EVENT);
        assertThat(one.next(event -> true, Duration.ofSeconds(20)).fate()).isEqualTo(EventLog.Fate.CLOSED);
        EventLog.Reader other = log.read(null);
        Thread closing = Thread.ofVirtual().start(log::close);
        assertThat(other.next(event -> true, Duration.ofSeconds(20)).fate()).isEqualTo(EventLog.Fate.CLOSED);
        closing.join();
    }
}
