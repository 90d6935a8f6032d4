package io.tapswitch.core.api;

import io.tapswitch.core.control.Looking;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An array of flows, each on a line of its own, written while the dataplane shows them: some hundred at a time, because
 * there may be a million. A client that does not read holds the dataplane's reader up for {@value #PATIENCE_S} s, and
 * no worker; then the answer breaks off.
 */
final class FlowStream implements AnswerStream {
    private static final int PIECE_BYTES = 32 * 1024;
    private static final int PIECES = 8;
    private static final int PATIENCE_S = 30;

    private final BlockingQueue<Piece> pieces = new ArrayBlockingQueue<>(PIECES);
    private final ByteArrayOutputStream filling = new ByteArrayOutputStream(PIECE_BYTES + 1024);
    private String separator = "[\n";
    private boolean ended;
    private volatile boolean closed;

    /** Bytes of the answer, or why there are no more. */
    private static final class Piece {
        final byte[] bytes;
        final boolean last;
        final @Nullable Throwable fault;

        Piece(byte[] bytes, boolean last, @Nullable Throwable fault) {
            this.bytes = bytes;
            this.last = last;
            this.fault = fault;
        }
    }

    private FlowStream() {}

    /** Begins to read flows. */
    static FlowStream open(Looking.Flows flows) {
        FlowStream stream = new FlowStream();
        Thread.ofVirtual().name("flows").start(() -> {
            try {
                flows.each(stream::add).join();
                stream.finish(null);
            } catch (CompletionException e) {
                stream.finish(e);
            }
        });
        return stream;
    }

    private void add(Looking.FlowView flow) {
        if (closed) {
            return;
        }
        filling.writeBytes(separator.getBytes(StandardCharsets.US_ASCII));
        filling.writeBytes(Json.MAPPER.writeValueAsBytes(LookViews.flow(flow)));
        separator = ",\n";
        if (filling.size() >= PIECE_BYTES) {
            put(new Piece(filling.toByteArray(), false, null));
            filling.reset();
        }
    }

    private void finish(@Nullable Throwable fault) {
        String end = separator.startsWith("[") ? "[]\n" : "\n]\n";
        filling.writeBytes(end.getBytes(StandardCharsets.US_ASCII));
        put(new Piece(filling.toByteArray(), true, fault));
    }

    private void put(Piece piece) {
        try {
            if (!closed && !pieces.offer(piece, PATIENCE_S, TimeUnit.SECONDS)) {
                closed = true;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            closed = true;
        }
    }

    @Override
    public String mediaType() {
        return "application/json";
    }

    @Override
    public byte @Nullable [] next(Duration pulse) throws InterruptedException {
        if (ended) {
            return null;
        }
        Piece piece = pieces.poll(pulse.toMillis(), TimeUnit.MILLISECONDS);
        if (piece == null) {
            if (closed) {
                throw new IllegalStateException("the client read too slowly");
            }
            return new byte[0];
        }
        if (piece.fault != null) {
            throw new IllegalStateException("the flows could not be read to their end", piece.fault);
        }
        ended = piece.last;
        return piece.bytes;
    }

    @Override
    public void close() {
        closed = true;
        pieces.clear(); // Who waits for room finds it, and then that nobody reads.
    }
}
