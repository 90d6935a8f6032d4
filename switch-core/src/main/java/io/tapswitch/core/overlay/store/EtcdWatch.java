package io.tapswitch.core.overlay.store;

import io.tapswitch.core.overlay.store.EtcdFaults.Saying;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * A watch: one HTTP answer that does not end, a JSON message a line, read by a virtual thread of its own. It ends with
 * the first failure; whoever wants to go on begins a new one behind the last change that was told.
 *
 * <p>A host that vanishes without a word leaves the connection open and silent for ever. This class does not see that:
 * whoever keeps a lease alive learns the store's revision by each beat, and sees that the watch lags.
 */
final class EtcdWatch implements ClusterStore.Watch {
    /** Fragments are at most as large as a request to etcd may be, and base64 and JSON make twice of it. */
    private static final int LINE_MAX_BYTES = 64 << 20;

    private final EtcdCalls calls;
    private final Map<String, Object> question;
    private final ClusterStore.Watcher watcher;
    private final Thread thread;
    private volatile boolean closed;

    EtcdWatch(EtcdCalls calls, Map<String, Object> question, ClusterStore.Watcher watcher) {
        this.calls = calls;
        this.question = question;
        this.watcher = watcher;
        this.thread = Thread.ofVirtual().name("cluster-watch").unstarted(this::run);
    }

    EtcdWatch start() {
        thread.start();
        return this;
    }

    private void run() {
        StoreException end;
        try {
            EtcdCalls.Stream stream = calls.open("/v3/watch", question);
            try (InputStream body = new BufferedInputStream(stream.body())) {
                end = read(stream.member(), body);
            } catch (IOException e) {
                end = EtcdFaults.unreachable(stream.member(), true, e);
            }
        } catch (StoreException e) {
            end = e;
        }
        if (!closed) {
            watcher.ended(end);
        }
    }

    private StoreException read(URI member, InputStream body) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(1 << 12);
        while (!closed) {
            line.reset();
            for (int next = body.read(); next != '\n'; next = body.read()) {
                if (next < 0) {
                    return EtcdFaults.unreachable(member, true, new IOException("the watch has ended"));
                }
                if (line.size() == LINE_MAX_BYTES) {
                    return EtcdFaults.garbage(member, 0, "a line without an end");
                }
                line.write(next);
            }
            StoreException end = line.size() == 0 ? null : message(member, line.toByteArray());
            if (end != null) {
                return end;
            }
        }
        return EtcdFaults.closed();
    }

    /** {@return why the watch ends with this message, null when it goes on} */
    private @Nullable StoreException message(URI member, byte[] line) {
        try {
            JsonNode tree = EtcdText.tree(line, line.length);
            JsonNode result = tree.path("result");
            if (tree.has("error") || !result.isObject()) {
                Saying saying = Saying.in(tree);
                if (saying != null && saying.isStaleToken()) {
                    calls.forgetToken();
                }
                return EtcdCalls.fault(member, 0, line);
            }
            JsonNode header = EtcdText.header(result);
            if (result.path("canceled").asBoolean(false)) {
                if (EtcdText.number(result, "compact_revision") > 0) {
                    return EtcdFaults.compacted(member);
                }
                // An old token and a missing permission look the same here.
                calls.forgetToken();
                String reason = result.path("cancel_reason").asString("the watch is not granted");
                return EtcdFaults.refused(member, new Saying(0, reason));
            }
            List<StoredEntry> changes = EtcdText.changes(result);
            watcher.changed(told(result, header, changes), changes);
            return null;
        } catch (JacksonException | EtcdText.MalformedAnswer e) {
            return EtcdFaults.garbage(member, 0, EtcdFaults.start(line));
        }
    }

    /**
     * {@return the revision up to which everything is told} A message's own revision is the store's newest, also while
     * older changes are still to come; only a sign of progress, which has no changes, vouches for it.
     */
    private static long told(JsonNode result, JsonNode header, List<StoredEntry> changes) {
        if (!changes.isEmpty()) {
            long last = changes.getLast().revision();
            return result.path("fragment").asBoolean(false) ? last - 1 : last;
        }
        return result.path("created").asBoolean(false) ? 0 : EtcdText.number(header, "revision");
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}
