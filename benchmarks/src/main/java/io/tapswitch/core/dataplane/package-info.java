/**
 * Benchmarks of what the dataplane keeps to itself: a worker's duty cycle and the validators. They are in the package
 * of the classes that they drive, because these are not public and should not become so for a measurement's sake.
 *
 * <p>Nothing of the product depends on them. They run on JMH's threads, in forked JVMs.
 */
@NullMarked
package io.tapswitch.core.dataplane;

import org.jspecify.annotations.NullMarked;
