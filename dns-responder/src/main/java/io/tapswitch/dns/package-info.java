/**
 * Names: the DNS message codec, zones, answers, and the decision whether to forward.
 *
 * <p>Nothing lives here before container names do. It will be bytes in, bytes out: no sockets, no switch types, called
 * by the workers' threads for local answers and by the control plane's threads for forwarded ones.
 */
@NullMarked
package io.tapswitch.dns;

import org.jspecify.annotations.NullMarked;
