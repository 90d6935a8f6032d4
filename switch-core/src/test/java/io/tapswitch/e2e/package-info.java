/**
 * End-to-end tests: the real daemon, real TAP devices, and Linux itself at the other end of every wire. Each class is
 * one topic; names begin with the ids of requirements and behaviours that they prove. They need root and run behind
 * {@code -DskipITs=false}, which scripts/test gives.
 */
@NullMarked
package io.tapswitch.e2e;

import org.jspecify.annotations.NullMarked;
