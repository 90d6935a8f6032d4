package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.dataplane.Forwards;
import io.tapswitch.core.names.DnsForwarder;
import io.tapswitch.core.names.ForwardRings;
import io.tapswitch.core.names.ForwardSettings;
import io.tapswitch.core.names.NameService;
import io.tapswitch.core.names.NamesLoop;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The forwarder of queries that no network answers: begun at the end of the start, ended with the daemon. Local names
 * do not need it; when it cannot be had, names of the outside are answered with SERVFAIL, a warning says so, and the
 * next change tries again. Under the controller's lock, but for {@link #refusal} and
 * {@link #forwarder}.
 */
final class ForwardWiring implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ForwardWiring.class);
    /** Of the daemon's own mount namespace: what the host asks, or what an administrator put in its place. */
    private static final Path RESOLV_CONF = Path.of("/etc/resolv.conf");

    private final Dataplane dataplane;
    private final NameService names;
    private @Nullable NamesLoop io;
    private volatile @Nullable DnsForwarder forwarder;
    private @Nullable ForwardRings rings;
    private volatile String refusal = "";
    private boolean closed;

    /** Does nothing yet. */
    ForwardWiring(Dataplane dataplane, NameService names) {
        this.dataplane = dataplane;
        this.names = names;
    }

    /** Begins, when it has not. */
    void open() {
        List<Forwards> ways = dataplane.forwards();
        if (closed || rings != null || ways.isEmpty()) {
            return;
        }
        try {
            NamesLoop loop = new NamesLoop();
            io = loop;
            DnsForwarder begun = new DnsForwarder(loop, RESOLV_CONF, ForwardSettings.USUAL);
            forwarder = begun;
            begun.clients(new DnsForwarder.Clients(names::upstreams, names::isOwn));
            rings = ForwardRings.start(loop, begun, ways);
            names.forwarder(begun);
            refusal = "";
        } catch (RuntimeException e) {
            // Of any kind: each change of the state comes by here, and none may fail because of this.
            String why = String.valueOf(e.getMessage());
            if (!why.equals(refusal)) {
                LOG.warn("names of the outside are not answered: {}", why);
            }
            refusal = why;
            end();
        }
    }

    /** {@return why there is none; empty when there is one, or none was wanted yet} */
    String refusal() {
        return refusal;
    }

    /** {@return the forwarder, null when there is none} */
    @Nullable
    DnsForwarder forwarder() {
        return forwarder;
    }

    private void end() {
        ForwardRings endedRings = rings;
        DnsForwarder ended = forwarder;
        NamesLoop endedLoop = io;
        rings = null;
        forwarder = null;
        io = null;
        if (endedRings != null) {
            endedRings.close();
        }
        if (ended != null) {
            ended.close();
        }
        if (endedLoop != null) {
            endedLoop.close();
        }
    }

    /** Ends it; from now on none is begun. Queries that wait are answered that they failed. */
    @Override
    public void close() {
        closed = true;
        end();
    }
}
