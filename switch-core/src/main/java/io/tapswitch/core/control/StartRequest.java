package io.tapswitch.core.control;

import org.jspecify.annotations.Nullable;

/**
 * What {@code start} of a container asks for: the namespace and the process that it has from now on.
 *
 * @param netns name, path or process id of the namespace
 * @param init the process
 */
public record StartRequest(@Nullable String netns, AttachRequest.@Nullable Init init) {}
