/**
 * The daemon's start: {@link io.tapswitch.core.SwitchMain} reads the flags and composes the parts by constructors, top
 * to bottom. Nothing else uses this package.
 */
@NullMarked
package io.tapswitch.core;

import org.jspecify.annotations.NullMarked;
