package io.tapswitch.core.names;

import java.util.ArrayList;
import java.util.List;

/** Servers that are asked the same questions, in the order in which they were named. Answers are kept by group. */
final class UpstreamGroup {
    final List<UpstreamServer> servers;

    UpstreamGroup(List<UpstreamServer> servers) {
        this.servers = List.copyOf(servers);
    }

    /** {@return the servers, those that live first, those that are dead last} */
    List<UpstreamServer> inOrder() {
        List<UpstreamServer> order = new ArrayList<>(servers);
        order.sort((a, b) -> Integer.compare(a.state().ordinal(), b.state().ordinal()));
        return order;
    }

    /** {@return whether no server has answered for some time} */
    boolean isDead() {
        return servers.stream().allMatch(server -> server.state() == UpstreamServer.State.DEAD);
    }
}
