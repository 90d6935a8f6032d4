package io.tapswitch.core.overlay;

import io.tapswitch.core.overlay.Belief.Place;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.Verification.Row;
import io.tapswitch.core.overlay.Verification.Verdict;
import io.tapswitch.wire.IpAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Compares what hosts have in force of a network with what the store has. Two hosts that differ from each other cannot
 * both be as the store is, so each difference between hosts is told by this, too. Pure.
 */
final class Comparison {
    private static final int SHORT_ID = 12;
    private static final String SILENT = "who is silent cannot reach the store, hangs, or was killed a moment ago:"
            + " it is taken for alive for " + SessionLoop.LEASE.toSeconds() + " s after its last sign of life, and so"
            + " is the old one when a host comes back with another id";

    private final ClusterView store;
    private final ClusterView known;
    private final String network;
    private final String asker;

    /**
     * Compares with a state of the store.
     *
     * @param store all of it, as of about now
     * @param known what the host that asks has of it: it may know hosts that the store lacks at the moment
     * @param network id of the network
     * @param asker the host that asked
     */
    Comparison(ClusterView store, ClusterView known, String network, String asker) {
        this.store = store;
        this.known = known;
        this.network = network;
        this.asker = asker;
    }

    /** {@return the hosts that must answer: those with a sign of life} */
    Set<String> asked() {
        Set<String> all = new HashSet<>(store.hosts().keySet());
        all.removeIf(host -> !store.isAlive(host));
        return all;
    }

    /** {@return the differences of each host, by its id} */
    Map<String, List<String>> differences(Map<String, Belief> beliefs) {
        Map<String, List<String>> all = new LinkedHashMap<>();
        sorted().forEach(host -> {
            Belief belief = beliefs.get(host.id());
            if (belief != null) {
                all.put(host.id(), differences(host, belief));
            }
        });
        return all;
    }

    private List<Host> sorted() {
        return store.hosts().values().stream()
                .sorted(Comparator.comparing(Host::name).thenComparing(Host::id))
                .toList();
    }

    private List<String> differences(Host host, Belief belief) {
        if (!belief.why().isEmpty()) {
            return List.of("host " + host.name() + ": " + belief.why());
        }
        Map<String, Place> places = new TreeMap<>();
        belief.places().forEach(place -> place.addresses().forEach(address -> places.put(address.toString(), place)));
        List<String> differences = new ArrayList<>();
        for (RemoteEndpoint endpoint : store.endpoints(network)) {
            boolean isReached = endpoint.host().equals(host.id()) || store.isReached(endpoint.host());
            for (IpAddress address : isReached ? endpoint.addresses() : List.<IpAddress>of()) {
                Place place = places.remove(address.toString());
                String sentence = place == null ? missing(host, endpoint, address) : other(place, endpoint, address);
                if (!sentence.isEmpty()) {
                    differences.add("host " + host.name() + " " + sentence);
                }
            }
        }
        places.forEach((address, place) -> differences.add("host " + host.name() + " believes " + address + " ("
                + place.name() + ") is at " + name(place.host()) + ", the store has no such endpoint"));
        return differences;
    }

    private String missing(Host host, RemoteEndpoint endpoint, IpAddress address) {
        return "does not have " + address + " (" + endpoint.name() + "), the store says it is at "
                + (host.id().equals(endpoint.host()) ? "this host" : name(endpoint.host()));
    }

    private String other(Place place, RemoteEndpoint endpoint, IpAddress address) {
        if (!place.host().equals(endpoint.host())) {
            return "believes " + address + " is at " + name(place.host()) + ", the store says " + name(endpoint.host());
        }
        if (!place.mac().equals(endpoint.mac())) {
            return "believes " + address + " has the MAC " + place.mac() + ", the store says " + endpoint.mac();
        }
        return place.name().equals(endpoint.name())
                ? ""
                : "believes " + address + " is " + place.name() + ", the store says " + endpoint.name();
    }

    private String name(String host) {
        Host there = store.hosts().get(host);
        if (there != null) {
            return "host " + there.name();
        }
        Host gone = known.hosts().get(host);
        if (gone == null) {
            return "host " + shortId(host);
        }
        // A host that came back with another id has the name of the one that it was.
        boolean isTaken =
                store.hosts().values().stream().anyMatch(other -> other.name().equals(gone.name()));
        return "host " + gone.name() + (isTaken ? " of before (" + shortId(host) + ")" : "");
    }

    /** An address stays as long as it is. */
    private static String shortId(String host) {
        boolean isAddress = host.indexOf('.') >= 0 || host.indexOf(':') >= 0;
        return isAddress ? host : host.substring(0, Math.min(host.length(), SHORT_ID));
    }

    /**
     * {@return the outcome}
     *
     * @param beliefs that came
     * @param isLasting whether a difference is one; not when it was gone at the second look
     */
    Verification verification(Map<String, Belief> beliefs, Predicate<String> isLasting) {
        Map<String, List<String>> all = differences(beliefs);
        List<Row> rows = new ArrayList<>();
        List<String> sentences = new ArrayList<>();
        List<String> causes = new ArrayList<>();
        Set<String> asked = asked();
        for (Host host : sorted()) {
            Belief belief = beliefs.get(host.id());
            List<String> own = all.getOrDefault(host.id(), List.of()).stream()
                    .filter(isLasting)
                    .toList();
            sentences.addAll(own);
            if (belief != null && !own.isEmpty()) {
                belief.warnings().forEach(warning -> causes.add("host " + host.name() + " says: " + warning));
            }
            if (!store.isPeer(host.id())) {
                causes.add(refused(host));
            }
            Verdict verdict;
            if (belief != null) {
                verdict = own.isEmpty() ? Verdict.AGREES : Verdict.DIFFERS;
            } else if (asked.contains(host.id())) {
                verdict = Verdict.SILENT;
                sentences.add(
                        "host " + host.name() + " did not answer within " + Inquiries.PATIENCE.toSeconds() + " s");
            } else {
                verdict = Verdict.UNSEEN;
            }
            rows.add(new Row(
                    host,
                    host.id().equals(asker),
                    belief == null ? 0 : belief.places().size(),
                    verdict));
        }
        if (rows.stream().anyMatch(row -> row.verdict() == Verdict.SILENT)) {
            causes.add(SILENT);
        }
        return new Verification(rows, sentences, causes);
    }

    /** {@return why nobody sends to a host} */
    private String refused(Host host) {
        String owner = store.owner(ClusterKeys.vtep(host.vtep()));
        return "host " + host.name() + " is refused, and its containers are not reached: its tunnel address "
                + host.vtep()
                + (owner == null ? " is not in the store as its own" : " is that of " + name(owner))
                + "; its status says more";
    }
}
