package io.tapswitch.core.control;

import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Refusal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What an attachment may ask for. Called under the controller's lock. */
final class AttachRules {
    /** As many interfaces as a container needs; each costs a device and a port. */
    private static final int NETWORKS_MAX = 64;

    private AttachRules() {}

    /** {@return the container's name: chosen, else the namespace's, else made up} */
    static String name(AttachRequest request, Plumbing.Place namespace, ContainerTable containers) {
        Container there = containers.byNamespace(namespace.identity());
        String wanted = request.name() == null || request.name().isEmpty() ? namespace.name() : request.name();
        if (wanted != null) {
            refuseTaken(ObjectName.check(wanted, "container"), containers);
        }
        if (there != null) {
            throw Refusal.conflict(
                    "namespace " + namespace.path() + " is already attached as container \"" + there.name() + "\"");
        }
        return wanted == null ? ObjectName.generate(name -> containers.byName(name) != null) : wanted;
    }

    private static void refuseTaken(String name, ContainerTable containers) {
        Container owner = containers.byName(name);
        if (owner != null && owner.status() != Container.Status.DETACHED) {
            throw Refusal.conflict("Conflict. The container name \"/" + name + "\" is already in use by container \""
                    + owner.id() + "\". You have to remove (or rename) that container to be able to reuse that name.");
        }
    }

    /** {@return how many queues each interface gets} */
    static int queues(AttachRequest request, int workers) {
        int queues = request.queues() == null ? 1 : request.queues();
        if (queues < 1) {
            throw Refusal.badInput("invalid number of queues " + queues + ": must be 1 or more");
        }
        if (queues > workers) {
            throw Refusal.badInput(queues + " queues need a worker each, and the daemon has " + workers
                    + ": start it with --workers " + queues + " or more (16 at most), or ask for fewer");
        }
        return queues;
    }

    /** {@return the networks, and the chosen address where there is one} */
    static List<Attacher.Place> places(AttachRequest request, NetworkTable networks) {
        List<String> references =
                request.networks() == null || request.networks().isEmpty()
                        ? List.of(Network.BRIDGE)
                        : request.networks();
        if (references.size() > NETWORKS_MAX) {
            throw Refusal.badInput("too many networks: " + references.size() + ", the most is " + NETWORKS_MAX);
        }
        String ip = request.ip() == null || request.ip().isEmpty() ? null : request.ip();
        if (ip != null && references.size() > 1) {
            throw Refusal.badInput("an address can be chosen for one network only, and there are " + references.size());
        }
        int chosen = ip == null ? 0 : Ipv4.parse(ip, "address");
        List<Attacher.Place> places = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (String reference : references) {
            NetworkTable.Entry entry = networks.find(reference);
            if (!seen.add(entry.network().id())) {
                throw Refusal.badInput("network " + entry.network().name() + " is given twice");
            }
            if (ip != null && entry.network().name().equals(Network.BRIDGE)) {
                throw Refusal.badInput("user specified IP address is supported on user defined networks only");
            }
            if (ip != null && chosen == 0) {
                throw Refusal.badInput("invalid address " + ip);
            }
            places.add(new Attacher.Place(entry, chosen));
        }
        return places;
    }
}
