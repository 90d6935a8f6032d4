package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.NameCount;
import io.tapswitch.core.dataplane.NamesListenerSettings;
import io.tapswitch.core.dataplane.SwitchTables;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.names.Forwarder;
import io.tapswitch.core.names.NameService;
import io.tapswitch.core.names.NamesListener;
import io.tapswitch.core.names.NamesStatus;
import io.tapswitch.core.names.NamesUsers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The listener for names by TCP: made at the end of the start, made again when its TAP is lost, and told with every
 * version who is served. It lives no longer than the daemon; connections end with it, and clients ask again.
 *
 * <p>When it cannot be made, names are served by UDP only, a warning says so, and the next change tries again. Under
 * the controller's lock, but for {@link #warnings} and {@link #status}.
 */
final class NamesWiring implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NamesWiring.class);
    private static final String TAG = "names";

    private final Supplier<@Nullable NamesListener> maker;
    private final ForwardWiring forwarding;
    private volatile @Nullable NamesListener listener;
    private volatile String refusal = "";
    private boolean begun;
    private boolean closed;
    private int opened;

    /** Does nothing yet. */
    NamesWiring(Supplier<@Nullable NamesListener> maker, ForwardWiring forwarding) {
        this.maker = maker;
        this.forwarding = forwarding;
    }

    /** From now on they are made: not before frames are forwarded, which waits for nothing that can wait (R5). */
    void begin() {
        begun = true;
    }

    /** Makes the listener and the forwarder, when there are none. */
    void open() {
        if (closed || !begun) {
            return;
        }
        forwarding.open();
        if (listener != null) {
            return;
        }
        try {
            listener = maker.get();
            opened++;
            refusal = "";
        } catch (RuntimeException e) {
            // Of any kind: each change of the state comes by here, and none may fail because of this.
            String why = String.valueOf(e.getMessage());
            if (!why.equals(refusal)) {
                LOG.warn("names are not served by TCP: {}", why);
            }
            refusal = why;
        }
    }

    private static String idOf(int number) {
        return TAG + " " + number;
    }

    /** {@return the id of the listener that is now, none of an endpoint and never used twice; null for none} */
    @Nullable
    String id() {
        return listener == null ? null : idOf(opened);
    }

    /** {@return whether an id is or was that of a listener} */
    static boolean isListener(String id) {
        return id.startsWith(TAG);
    }

    /** {@return tables with the listener, which knows from now on who is behind which port} */
    SwitchTables serve(SwitchTables tables, DesiredState state, @Nullable Forwarder forwarder) {
        NamesListener now = listener;
        if (now == null) {
            return tables;
        }
        Map<Integer, NamesUsers.Client> clients = new HashMap<>();
        for (Container container : state.containers()) {
            for (Endpoint endpoint : container.endpoints()) {
                Network network = state.networksById().get(endpoint.networkId());
                if (network != null) {
                    clients.put(endpoint.port(), new NamesUsers.Client(endpoint.id(), network.index()));
                }
            }
        }
        Map<Integer, String> networks = new HashMap<>();
        state.networks().forEach(network -> networks.put(network.index(), network.id()));
        now.forwarder(forwarder);
        now.users(new NamesUsers(tables.views(), clients, networks));
        return tables.with(new NamesListenerSettings(EndpointRules.LISTENER_PORT, now.fds(), now.mac()));
    }

    /** Ends the listener; the dataplane must be done with its file. */
    void drop() {
        NamesListener gone = listener;
        listener = null;
        if (gone != null) {
            gone.close();
        }
    }

    /** {@return how names are served beside the workers} */
    NamesStatus status(NameService names) {
        NamesListener now = listener;
        return NamesStatus.of(names, forwarding.forwarder(), now == null ? null : now.counters());
    }

    /** {@return the names that were asked for most by TCP, in no order} */
    CompletableFuture<List<NameCount>> topNames() {
        NamesListener now = listener;
        return now == null ? CompletableFuture.completedFuture(List.of()) : now.topNames();
    }

    /** {@return what became of an endpoint's queries by TCP, by the result's word} */
    Map<String, Long> queries(String endpoint) {
        NamesListener now = listener;
        return now == null ? Map.of() : now.counters().results(endpoint);
    }

    /** {@return what a person should know} */
    List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        if (!refusal.isEmpty()) {
            warnings.add("names are not served by TCP: " + refusal);
        }
        if (!forwarding.refusal().isEmpty()) {
            warnings.add("names of the outside are not answered: " + forwarding.refusal());
        }
        return warnings;
    }

    /** From now on none is made. */
    @Override
    public void close() {
        closed = true;
        forwarding.close();
    }
}
