package io.tapswitch.core.control;

import io.tapswitch.wire.Ipv4Prefix;
import java.util.Map;

/**
 * A network as it was asked for; what of it survives the daemon.
 *
 * @param id 64 hex digits
 * @param name unique
 * @param created RFC 3339 with nanoseconds
 * @param driver always {@code bridge} in this version
 * @param subnet its addresses
 * @param gateway the switch's own address in it
 * @param options as given with {@code -o}
 * @param labels as given with {@code --label}
 */
public record Network(
        String id,
        String name,
        String created,
        String driver,
        Ipv4Prefix subnet,
        int gateway,
        Map<String, String> options,
        Map<String, String> labels) {
    /** The one driver of this version. */
    public static final String BRIDGE = "bridge";

    /** Copies the maps. */
    public Network {
        options = Map.copyOf(options);
        labels = Map.copyOf(labels);
    }
}
