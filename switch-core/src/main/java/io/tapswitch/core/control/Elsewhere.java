package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.ClusterView;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Containers of other hosts, for whoever names one here, where nothing can be done with it. Each host carries out
 * commands about its own containers only; this says which host that is. Pure.
 *
 * @param members the endpoints of other hosts in all networks, each with its host and whether that has a sign of life
 */
record Elsewhere(List<Member> members) {
    /** No cluster. */
    static final Elsewhere NONE = new Elsewhere(List.of());

    /** As many digits of an id as tables show. */
    private static final int SHORT_ID = 12;

    private static final String PREFIX = "ep-";

    /** An endpoint of another host. */
    record Member(RemoteEndpoint endpoint, String network, Host host, boolean isAlive) {}

    /** Copies the list. */
    Elsewhere {
        members = List.copyOf(members);
    }

    /**
     * {@return the containers of the other hosts of a cluster}
     *
     * @param self id of this host
     */
    static Elsewhere of(ClusterView view, String self) {
        Map<String, Host> hosts = view.hosts();
        List<Member> members = new ArrayList<>();
        view.networks().forEach((id, network) -> {
            for (RemoteEndpoint endpoint : view.endpoints(id)) {
                Host host = hosts.get(endpoint.host());
                if (host != null && !host.id().equals(self)) {
                    members.add(new Member(endpoint, network.name(), host, view.isAlive(host.id())));
                }
            }
        });
        members.sort(Comparator.comparing((Member member) -> member.endpoint().name())
                .thenComparing(member -> member.host().name())
                .thenComparing(Member::network));
        return new Elsewhere(members);
    }

    /** {@return who of other hosts is in a network: the containers by the names of their hosts} */
    SortedMap<String, List<String>> in(String networkId) {
        SortedMap<String, List<String>> hosts = new TreeMap<>();
        members.stream()
                .filter(member -> member.endpoint().network().equals(networkId))
                .forEach(member -> hosts.computeIfAbsent(member.host().name(), host -> new ArrayList<>())
                        .add(member.endpoint().name()));
        return hosts;
    }

    /** {@return the refusal of a command about another host's container; null when no other host has it} */
    @Nullable
    Refusal refusal(String reference) {
        List<Member> meant = members.stream()
                .filter(member -> isMeant(member.endpoint(), References.withoutSlash(reference)))
                .toList();
        if (meant.isEmpty()) {
            return null;
        }
        Member first = meant.getFirst();
        List<String> hosts = meant.stream()
                .map(member ->
                        "host " + member.host().name() + " (" + member.host().vtep() + ")")
                .distinct()
                .toList();
        String what = "No such container: " + reference + " on this host. "
                + (hosts.size() == 1 ? "It is on " : "Those of that name are on ") + String.join(" and ", hosts);
        boolean isDead = meant.stream().noneMatch(Member::isAlive);
        return Refusal.conflict(
                "container_elsewhere",
                isDead
                        ? what + ", which has no sign of life: run the command there when it is back, or free the"
                                + " container's address with 'tapswitch network disconnect -f " + first.network() + " "
                                + first.endpoint().name() + "'"
                        : what + ": run the command there");
    }

    /**
     * {@return whether a reference means an endpoint} It is the container's name or id, or the endpoint's id with or
     * without {@code ep-} before it. The container's id is known by its first digits, which are a name of it.
     */
    static boolean isMeant(RemoteEndpoint endpoint, String reference) {
        if (endpoint.name().equals(reference)) {
            return true;
        }
        String id = reference.startsWith(PREFIX) ? reference.substring(PREFIX.length()) : reference;
        return id.length() >= SHORT_ID
                && (endpoint.id().startsWith(id) || endpoint.aliases().contains(id.substring(0, SHORT_ID)));
    }
}
