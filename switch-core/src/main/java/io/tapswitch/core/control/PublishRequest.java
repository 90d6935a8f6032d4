package io.tapswitch.core.control;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code publish} and {@code unpublish} ask for.
 *
 * @param ports as {@code docker run -p} takes them
 * @param allow whose packets may come, as prefixes; everyone's when missing; not for {@code unpublish}
 */
public record PublishRequest(
        @Nullable List<String> ports, @Nullable List<String> allow) {}
