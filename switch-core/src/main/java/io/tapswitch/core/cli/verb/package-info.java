/**
 * The verbs: one picocli class each, that turns options into one or two requests and an answer into a table or JSON.
 * No verb decides anything that the daemon can decide; names, words and columns are docker's.
 */
@NullMarked
package io.tapswitch.core.cli.verb;

import org.jspecify.annotations.NullMarked;
