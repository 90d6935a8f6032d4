package io.tapswitch.core.control;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What {@code network create} asks for. Everything but the name may be missing.
 *
 * @param name of the new network
 * @param driver {@code bridge}
 * @param subnets at most one in this version
 * @param gateways at most one in this version
 * @param options see {@link NetworkOptions}
 * @param labels kept and shown
 */
public record NetworkRequest(
        @Nullable String name,
        @Nullable String driver,
        @Nullable List<String> subnets,
        @Nullable List<String> gateways,
        @Nullable Map<String, String> options,
        @Nullable Map<String, String> labels) {}
