/**
 * The cluster's store: what several hosts know together, in etcd. {@link io.tapswitch.core.overlay.store.ClusterStore}
 * is what the rest asks for; {@link io.tapswitch.core.overlay.store.EtcdStore} speaks etcd's documented v3 JSON gateway
 * with Java's own HTTP client. Knows nothing of networks: keys and values are texts. Every call may block, for a stated
 * time at most, so it belongs on virtual threads, never on a worker.
 */
@NullMarked
package io.tapswitch.core.overlay.store;

import org.jspecify.annotations.NullMarked;
