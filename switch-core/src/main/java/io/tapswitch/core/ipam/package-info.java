/**
 * Address management: which subnets a network gets and which addresses its members get. Pure functions of the desired
 * state and of what the host reaches by itself; nothing here remembers anything, so nothing can leak. The controller
 * calls it under its lock. Where docker refuses the same thing, the words are docker's.
 */
@NullMarked
package io.tapswitch.core.ipam;

import org.jspecify.annotations.NullMarked;
