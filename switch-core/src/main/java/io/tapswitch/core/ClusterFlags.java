package io.tapswitch.core;

import io.tapswitch.core.control.ClusterOptions;
import io.tapswitch.core.document.TextFile;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.store.EtcdSettings;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The flags of the cluster, which docker has too: {@code --cluster-store}, its options, {@code --cluster-advertise}.
 */
final class ClusterFlags {
    private static final String AUTHORITIES = "kv.cacertfile";
    private static final String CERTIFICATE = "kv.certfile";
    private static final String KEY = "kv.keyfile";
    private static final String USER = "kv.userfile";
    private static final Set<String> KEYS = Set.of(AUTHORITIES, CERTIFICATE, KEY, USER);
    private static final int FILE_MAX = 1 << 16;

    private ClusterFlags() {}

    /** {@return what they mean, null when there is no store} */
    static @Nullable ClusterOptions read(@Nullable String store, List<String> options, @Nullable String advertise) {
        if (store == null) {
            if (!options.isEmpty() || advertise != null) {
                throw Refusal.badInput((advertise == null ? "--cluster-store-opt" : "--cluster-advertise")
                        + " has no meaning without --cluster-store etcd://HOST:PORT");
            }
            return null;
        }
        if (advertise != null && advertise.isBlank()) {
            // As a variable that is not set leaves it: what then was meant is for a person to say.
            throw Refusal.badInput("invalid --cluster-advertise: it is empty; give an interface or an address, or leave"
                    + " the flag out for the address by which the store is reached");
        }
        Map<String, Path> files = new LinkedHashMap<>();
        for (String option : options) {
            int equals = option.indexOf('=');
            String key = equals < 0 ? option : option.substring(0, equals);
            if (!KEYS.contains(key) || equals < 0 || equals == option.length() - 1) {
                throw Refusal.badInput("invalid --cluster-store-opt " + option + ": must be KEY=FILE, and KEY one of "
                        + String.join(", ", KEYS.stream().sorted().toList()));
            }
            files.put(key, Path.of(option.substring(equals + 1)));
        }
        boolean isTls = files.keySet().stream().anyMatch(key -> !key.equals(USER));
        EtcdSettings.Tls tls =
                isTls ? new EtcdSettings.Tls(files.get(AUTHORITIES), files.get(CERTIFICATE), files.get(KEY)) : null;
        EtcdSettings settings = EtcdSettings.parse(store, tls, credentials(files.get(USER)));
        if (tls != null) {
            // Now, while whoever starts the daemon is looking: nothing of it mends itself.
            tls.check();
        }
        return new ClusterOptions(settings, advertise == null ? "" : advertise);
    }

    private static EtcdSettings.@Nullable Credentials credentials(@Nullable Path file) {
        if (file == null) {
            return null;
        }
        String line;
        try {
            line = TextFile.read(file, FILE_MAX).strip();
        } catch (Refusal e) {
            throw Refusal.badInput("--cluster-store-opt " + USER + ": " + e.sentence());
        }
        int colon = line.indexOf(':');
        if (colon < 1 || line.indexOf('\n') >= 0) {
            throw Refusal.badInput("--cluster-store-opt " + USER + ": " + file + " must be one line USER:PASSWORD");
        }
        return new EtcdSettings.Credentials(line.substring(0, colon), line.substring(colon + 1));
    }
}
