/**
 * Names that nobody here knows: {@link io.tapswitch.core.names.DnsForwarder} asks the upstreams for them, and is the
 * class to open first. Names that somebody here has are answered by the workers, without this package.
 */
@NullMarked
package io.tapswitch.core.names;

import org.jspecify.annotations.NullMarked;
