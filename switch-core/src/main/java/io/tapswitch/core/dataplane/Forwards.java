package io.tapswitch.core.dataplane;

import java.nio.ByteBuffer;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.MessageHandler;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;
import org.jspecify.annotations.Nullable;

/**
 * Theory of operation: the way of one worker's queries to the forwarder, whose names nobody here knows, and the way of
 * its answers back.
 *
 * <pre>
 *   worker    -- offer: port, headers of the frame, query ------->  forwarder   queries (SPSC)
 *             <- drain: port, the same headers, answer   --------               answers (SPSC)
 * </pre>
 *
 * <p>Both are rings of bytes outside the heap, and nothing is allocated here. What goes out is a copy, so the frame
 * ends at the worker, consumed; what comes back is made a frame again in a slot of the worker's, with the headers
 * turned round. The forwarder keeps the headers with the query and looks at none of them.
 *
 * <pre>
 *   0 int port   4 int generation of the port   8 int octets of headers   12 headers, then the message
 * </pre>
 *
 * <p><b>A port that was another's meanwhile</b> has another generation at the worker (see
 * {@link PortTable#generation}): the answer is the old container's and is not delivered.
 *
 * <p><b>When full</b>, or while no forwarder is there, an offer says false, and the worker answers that it failed. An
 * answer that finds no room waits at the forwarder until there is some.
 *
 * <p><b>Threads.</b> {@code offer, ringDoorbell, drain, isPending}: the worker. {@code read, answer}: the forwarder's
 * one thread. {@code attach}: any.
 */
public final class Forwards {
    private static final int CAPACITY = 1 << 18;
    private static final int MESSAGE = 1;
    private static final int GENERATION = 4;
    private static final int HEADERS_LENGTH = 8;
    private static final int HEADERS = 12;

    /** The worker's side of answers. */
    @FunctionalInterface
    public interface AnswerHandler {
        /**
         * An answer has come.
         *
         * @param port whose query it was
         * @param generation of that port, then
         * @param ring has headers and answer, one behind the other, until this returns
         * @param index where they begin
         * @param headersLength octets of headers: those of the query, as it came
         * @param answerLength octets of the answer
         */
        void onAnswer(int port, int generation, DirectBuffer ring, int index, int headersLength, int answerLength);
    }

    /** The forwarder's side of queries. */
    @FunctionalInterface
    public interface QueryHandler {
        /**
         * A query has come.
         *
         * @param from where its answer goes
         * @param port whose it is
         * @param head to be given back with the answer
         * @param query the message
         */
        void onQuery(Forwards from, int port, byte[] head, byte[] query);
    }

    private final OneToOneRingBuffer queries = ring();
    private final OneToOneRingBuffer answers = ring();
    private final Doorbell worker;
    private final MessageHandler onAnswer = this::onAnswer;
    private volatile @Nullable Doorbell forwarder;
    private @Nullable AnswerHandler handler;
    private boolean toRing;

    /**
     * Makes the rings of one worker.
     *
     * @param worker the worker's doorbell
     */
    public Forwards(Doorbell worker) {
        this.worker = worker;
    }

    private static OneToOneRingBuffer ring() {
        return new OneToOneRingBuffer(
                new UnsafeBuffer(ByteBuffer.allocateDirect(CAPACITY + RingBufferDescriptor.TRAILER_LENGTH)));
    }

    // The worker.

    /**
     * Gives a query to the forwarder.
     *
     * @param port it came by
     * @param generation of that port
     * @param buffer has the frame
     * @param frame where its Ethernet header begins
     * @param headersLength octets from there to the query
     * @param queryLength octets of the query
     * @return whether it was taken; if not, nobody else will answer it
     */
    public boolean offer(int port, int generation, DirectBuffer buffer, int frame, int headersLength, int queryLength) {
        // The answer comes back with the same headers.
        int longest = HEADERS + headersLength + Math.max(queryLength, Names.MAX_LENGTH);
        if (forwarder == null || longest > queries.maxMsgLength()) {
            return false;
        }
        int index = queries.tryClaim(MESSAGE, HEADERS + headersLength + queryLength);
        if (index < 0) {
            // Whoever sleeps over a full ring was not rung for yet.
            toRing = true;
            return false;
        }
        MutableDirectBuffer ring = queries.buffer();
        ring.putInt(index, port);
        ring.putInt(index + GENERATION, generation);
        ring.putInt(index + HEADERS_LENGTH, headersLength);
        ring.putBytes(index + HEADERS, buffer, frame, headersLength + queryLength);
        queries.commit(index);
        toRing = true;
        return true;
    }

    /** Wakes the forwarder for what was offered since the last time; once in a duty cycle. */
    public void ringDoorbell() {
        if (toRing) {
            toRing = false;
            Doorbell bell = forwarder;
            if (bell != null) {
                bell.ring();
            }
        }
    }

    /** Takes answers, so many at most; {@return how many there were} */
    public int drain(AnswerHandler to, int limit) {
        handler = to;
        return answers.read(onAnswer, limit);
    }

    private void onAnswer(int type, MutableDirectBuffer ring, int index, int length) {
        int headersLength = ring.getInt(index + HEADERS_LENGTH);
        if (handler != null) {
            handler.onAnswer(
                    ring.getInt(index),
                    ring.getInt(index + GENERATION),
                    ring,
                    index + HEADERS,
                    headersLength,
                    length - HEADERS - headersLength);
        }
    }

    /** {@return whether there are answers; asked before the worker sleeps} */
    public boolean isPending() {
        return answers.size() != 0;
    }

    // The forwarder.

    /** From now on queries are taken, and this is rung for them. */
    public void attach(Doorbell bell) {
        forwarder = bell;
    }

    /** From now on no query is taken. */
    public void detach() {
        forwarder = null;
    }

    /** {@return whether there are queries; asked before the forwarder sleeps} */
    public boolean hasQueries() {
        return queries.size() != 0;
    }

    /** Takes queries, so many at most; {@return how many there were} */
    public int read(QueryHandler to, int limit) {
        return queries.read((type, ring, index, length) -> onQuery(to, ring, index, length), limit);
    }

    private void onQuery(QueryHandler to, MutableDirectBuffer ring, int index, int length) {
        byte[] head = new byte[HEADERS + ring.getInt(index + HEADERS_LENGTH)];
        byte[] query = new byte[length - head.length];
        ring.getBytes(index, head);
        ring.getBytes(index + head.length, query);
        to.onQuery(this, ring.getInt(index), head, query);
    }

    /**
     * Sends an answer.
     *
     * @param head what came with the query
     * @param message the answer
     * @return whether there was room
     */
    public boolean answer(byte[] head, byte[] message) {
        int index = answers.tryClaim(MESSAGE, head.length + message.length);
        if (index < 0) {
            worker.ring();
            return false;
        }
        answers.buffer().putBytes(index, head);
        answers.buffer().putBytes(index + head.length, message);
        answers.commit(index);
        worker.ring();
        return true;
    }
}
