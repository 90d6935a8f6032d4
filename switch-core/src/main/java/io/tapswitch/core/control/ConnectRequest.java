package io.tapswitch.core.control;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code network connect} asks for. Everything but the container may be missing.
 *
 * @param container name or id
 * @param ip chosen IPv4 address
 * @param ip6 chosen IPv6 address
 * @param mac chosen MAC address
 * @param aliases other names in this network
 */
public record ConnectRequest(
        @Nullable String container,
        @Nullable String ip,
        @Nullable String ip6,
        @Nullable String mac,
        @Nullable List<String> aliases) {}
