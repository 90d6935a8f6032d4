package io.tapswitch.core.control;

import io.tapswitch.core.control.PublishedPorts.ActivePort;
import java.util.List;

/**
 * What was published just now.
 *
 * @param active where it is in force
 * @param warnings what a person should know about it
 */
public record PublishAnswer(List<ActivePort> active, List<String> warnings) {}
