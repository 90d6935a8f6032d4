/**
 * Measurements: JMH micro-benchmarks of the frame path and its parts, each beside a baseline in the same run.
 *
 * <p>Nothing of the product depends on this package. The end-to-end comparison with other switches is
 * {@code scripts/bench}. Every benchmark runs on JMH's own threads, in forked JVMs.
 */
@NullMarked
package io.tapswitch.bench;

import org.jspecify.annotations.NullMarked;
