/**
 * The desired state: immutable records that say which networks and containers there shall be. They know no kernel, no
 * file and no frame; {@code control} changes them, {@code control.Compiler} makes the dataplane's tables of them, and
 * the state directory keeps them.
 */
@NullMarked
package io.tapswitch.core.model;

import org.jspecify.annotations.NullMarked;
