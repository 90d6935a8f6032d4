/**
 * Texts that people write or mend, as trees whose every node knows its line: the configuration file (YAML) and the
 * state file (JSON). {@link io.tapswitch.core.document.Fields} reads a tree strictly; what is wrong is refused with
 * file, line and key. Knows nothing of networks. Pure but for {@link io.tapswitch.core.document.TextFile}
 * and {@link io.tapswitch.core.document.OwnersFile}.
 */
@NullMarked
package io.tapswitch.core.document;

import org.jspecify.annotations.NullMarked;
