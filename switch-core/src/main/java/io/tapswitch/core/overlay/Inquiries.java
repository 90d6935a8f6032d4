package io.tapswitch.core.overlay;

import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.store.ClusterStore;
import io.tapswitch.core.overlay.store.StoreException;
import io.tapswitch.core.overlay.store.StoredEntry;
import io.tapswitch.core.overlay.store.Transaction;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Theory of operation: hosts ask each other what they have in force, through the store, which is the only way between
 * them that is there even when tunnels are wrong.
 *
 * <pre>
 *   asker   puts  questions/ID          {network, asker, lease}     all hosts hear it by their watch
 *   each    puts  ANSWERS ID/HOST       {why, endpoints}            read by the asker alone: no watch covers them
 *   asker   ends the lease, and with it the question and all answers
 * </pre>
 *
 * <p>All hang on the one lease of the asker, so nothing stays when it dies; an answer that comes too late cannot be
 * put. None of it is part of {@link ClusterState}, nor kept over a restart.
 *
 * <p>{@link #hear} and {@link #answer} are called on the session's thread. What is answered takes the workers' time, so
 * a thread of its own waits for it: the session must keep its sign of life. {@link #ask}: any thread.
 */
final class Inquiries {
    /** How long hosts have to answer. */
    static final Duration PATIENCE = Duration.ofSeconds(3);

    private static final Logger LOG = LoggerFactory.getLogger(Inquiries.class);
    private static final Duration LEASE = Duration.ofSeconds(15);
    private static final long FIRST_PAUSE_MS = 30;
    private static final long PAUSE_MAX_MS = 250;
    /** So many questions are remembered as answered; a question is heard again with each full reading. */
    private static final int ANSWERED_MAX = 256;

    private final ClusterStore store;
    private final String self;
    private final Queue<Question> open = new ArrayDeque<>();
    private final Set<String> answered = new LinkedHashSet<>();
    private volatile boolean threaded;

    /**
     * A question.
     *
     * @param id of it, 64 hexadecimal digits
     * @param network whose endpoints are asked for
     * @param asker the host that asks
     * @param lease that the answers hang on
     */
    record Question(String id, String network, String asker, long lease) {}

    Inquiries(ClusterStore store, String self) {
        this.store = store;
        this.self = self;
    }

    /** From now on answers are made on threads of their own. */
    void startThreads() {
        threaded = true;
    }

    /** Takes in what the store told. */
    void hear(List<StoredEntry> entries) {
        for (StoredEntry entry : entries) {
            Question question = InquiryText.question(entry);
            if (question != null && answered.add(question.id())) {
                open.add(question);
                if (answered.size() > ANSWERED_MAX) {
                    answered.remove(answered.iterator().next());
                }
            }
        }
    }

    /** Answers what was asked. */
    void answer(Function<String, Belief> believed) {
        for (Question question = open.poll(); question != null; question = open.poll()) {
            Question one = question;
            if (threaded) {
                Thread.ofVirtual().name("cluster-answer").start(() -> answer(one, believed));
            } else {
                answer(one, believed);
            }
        }
    }

    private void answer(Question question, Function<String, Belief> believed) {
        Belief belief;
        try {
            belief = believed.apply(question.network());
        } catch (Refusal e) {
            belief = Belief.none(e.sentence());
        } catch (RuntimeException e) {
            LOG.error("fault while another host's question was answered", e);
            belief = Belief.none("a fault, which is in its log");
        }
        try {
            store.commit(Transaction.when()
                    .present(ClusterKeys.question(question.id()))
                    .put(ClusterKeys.answer(question.id(), self), InquiryText.write(belief), question.lease())
                    .done());
        } catch (StoreException e) {
            // Too late, or the store is away, which the session finds out by itself.
            LOG.debug("a question of host {} could not be answered: {}", question.asker(), e.sentence());
        }
    }

    /**
     * {@return the answers that came in time, by host}
     *
     * @param network to be asked for
     * @param hosts that are waited for
     * @param clockMs a clock that only goes forward
     * @param pause waits for so many milliseconds
     */
    Map<String, Belief> ask(String network, Set<String> hosts, LongSupplier clockMs, LongConsumer pause) {
        long lease = store.grant(LEASE);
        try {
            Question question = new Question(ObjectName.newId(), network, self, lease);
            store.commit(Transaction.when()
                    .put(ClusterKeys.question(question.id()), InquiryText.write(question), lease)
                    .done());
            long end = clockMs.getAsLong() + PATIENCE.toMillis();
            long wait = FIRST_PAUSE_MS;
            while (true) {
                pause.accept(wait);
                wait = Math.min(2 * wait, PAUSE_MAX_MS);
                Map<String, Belief> answers = answers(question.id());
                if (answers.keySet().containsAll(hosts) || clockMs.getAsLong() - end >= 0) {
                    return answers;
                }
            }
        } finally {
            revoke(lease);
        }
    }

    private Map<String, Belief> answers(String question) {
        String scope = ClusterKeys.answers(question);
        Map<String, Belief> answers = new HashMap<>();
        for (StoredEntry entry : store.range(scope).entries()) {
            @Nullable String value = entry.value();
            if (value != null) {
                answers.put(entry.key().substring(scope.length()), InquiryText.belief(entry.key(), value));
            }
        }
        return answers;
    }

    private void revoke(long lease) {
        try {
            store.revoke(lease);
        } catch (StoreException e) {
            // It ends by itself.
        }
    }
}
