/**
 * Linux system calls by the Foreign Function and Memory API, one thin method each, and the kernel's constants and
 * structure offsets with the header they come from.
 *
 * <p>The only package that makes downcall handles. Results are the kernel's: a negative errno where a call failed. It
 * keeps no state and may be called on any thread; a call blocks as its system call does.
 */
@NullMarked
package io.tapswitch.tapio.sys;

import org.jspecify.annotations.NullMarked;
