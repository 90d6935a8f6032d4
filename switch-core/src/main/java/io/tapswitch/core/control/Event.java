package io.tapswitch.core.control;

import java.util.Map;

/**
 * Something that changed, in docker's words.
 *
 * @param type {@code network}, {@code container}, {@code port}, {@code nat} or {@code daemon}
 * @param action {@code create}, {@code destroy}, {@code connect}, {@code disconnect}; {@code start}, {@code die},
 *     {@code rename}; {@code publish}, {@code unpublish}; {@code reload};
 *     {@code exhausted}
 * @param id of what it happened to
 * @param attributes more about it: {@code name}, {@code container}, {@code type}, {@code exitCode}, labels ...
 */
public record Event(String type, String action, String id, Map<String, String> attributes) {
    /** Networks come and go, and containers in them. */
    public static final String NETWORK = "network";

    /** Containers come and go. */
    public static final String CONTAINER = "container";

    /** Ports are published, and are not any more. */
    public static final String PORT = "port";

    /** The way to the outside. */
    public static final String NAT = "nat";

    /** The daemon itself. */
    public static final String DAEMON = "daemon";

    /** Copies the map. */
    public Event {
        attributes = Map.copyOf(attributes);
    }
}
