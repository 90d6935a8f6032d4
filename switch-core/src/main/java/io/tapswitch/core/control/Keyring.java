package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.TunnelKeys;
import io.tapswitch.core.dataplane.TunnelKeys.PeerKey;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import io.tapswitch.core.overlay.ClusterSession;
import io.tapswitch.core.overlay.ClusterView;
import io.tapswitch.core.overlay.HostKeys;
import io.tapswitch.core.overlay.KeyFile;
import io.tapswitch.core.overlay.MarkFile;
import io.tapswitch.core.overlay.PeerKeys;
import io.tapswitch.vxlan.TunnelCipher;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys of encrypted networks: this host's own, and those of the other hosts (V13). A host has one as soon as it is
 * in the cluster, so that all know it before the first encrypted network is made. Any thread; nothing here waits for
 * the store.
 */
final class Keyring {
    private static final Logger LOG = LoggerFactory.getLogger(Keyring.class);

    private final String self;
    private final HostKeys own;
    private final PeerKeys others;
    private boolean isWarm;
    private volatile List<String> warnings = List.of();

    /**
     * Asks nobody, and reads nothing yet.
     *
     * @param stateDirectory where own keys are kept
     * @param self id of this host
     * @param workers that encrypt
     */
    Keyring(Path stateDirectory, String self, int workers) {
        this.self = self;
        own = new HostKeys(new KeyFile(stateDirectory), self, workers, new SecureRandom());
        others = new PeerKeys(new MarkFile(stateDirectory));
    }

    private boolean turn(ClusterView view) {
        return own.turn(System.currentTimeMillis(), view);
    }

    /** Keys without an encrypted network are nobody's concern. */
    private void tell(ClusterView view) {
        String waiting = own.waiting(System.currentTimeMillis());
        if (waiting == null || view.networks().values().stream().noneMatch(Keyring::isEncrypted)) {
            warnings = List.of();
            return;
        }
        if (warnings.isEmpty()) {
            LOG.warn(waiting);
        }
        warnings = List.of(waiting);
    }

    /** {@return what a person should know; any thread, waits for nobody} */
    List<String> warnings() {
        return warnings;
    }

    private static boolean isEncrypted(OverlayNetwork network) {
        try {
            return NetworkOptions.parse(Driver.OVERLAY, network.options()).encrypted();
        } catch (RuntimeException e) {
            // Options of a newer version: the network is not here, and somebody else says so.
            return false;
        }
    }

    /** Does what is due, and lets the others know. {@return whether another key is to be encrypted with} */
    synchronized boolean renew(ClusterSession session) {
        ClusterView view = session.state().view();
        boolean isOther = turn(view);
        tell(view);
        session.publish(own.published());
        others.remember(System.currentTimeMillis());
        return isOther;
    }

    /** {@return what the dataplane must know} */
    synchronized TunnelKeys keys(ClusterView view) {
        if (own.sending() == null) {
            // After a restart: what was known before goes on.
            turn(view);
        }
        List<PeerKey> accepted = others.of(view, self);
        if (!isWarm && view.networks().values().stream().anyMatch(Keyring::isEncrypted)) {
            TunnelCipher.warm();
            isWarm = true;
        }
        return new TunnelKeys(own.sending(), accepted);
    }

    /** The daemon ends: nothing that is encrypted is taken any more, so that the next one takes nothing twice. */
    synchronized void close() {
        others.end();
    }
}
