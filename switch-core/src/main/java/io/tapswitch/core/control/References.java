package io.tapswitch.core.control;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Refusal;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Finding what people name: by name, by id, or by the beginning of an id that only one object has (A-NET-06). */
final class References {
    private References() {}

    /** {@return the network of a reference} */
    static Network network(DesiredState state, String reference) {
        return find(state.networks(), Network::name, Network::id, reference, "network")
                .orElseThrow(() -> Refusal.unknown("network_not_found", "network " + reference + " not found"));
    }

    /** {@return the container of a reference} */
    static Container container(DesiredState state, String reference) {
        return find(state.containers(), Container::name, Container::id, withoutSlash(reference), "container")
                .orElseThrow(() -> Refusal.unknown("container_not_found", "No such container: " + reference));
    }

    /** {@return a container's name without the slash before it, which docker's messages show and its commands take} */
    static String withoutSlash(String name) {
        return name.startsWith("/") ? name.substring(1) : name;
    }

    /** {@return the container of this name, null when there is none} */
    static @Nullable Container containerNamed(DesiredState state, String name) {
        for (Container container : state.containers()) {
            if (container.name().equals(name)) {
                return container;
            }
        }
        return null;
    }

    private static <T> Optional<T> find(
            Collection<T> objects, Function<T, String> name, Function<T, String> id, String reference, String what) {
        if (reference.isEmpty()) {
            throw Refusal.badInput("invalid " + what + " name or ID: value is empty");
        }
        Optional<T> named = objects.stream()
                .filter(object -> name.apply(object).equals(reference))
                .findFirst();
        if (named.isPresent()) {
            return named;
        }
        List<T> found = objects.stream()
                .filter(object -> id.apply(object).startsWith(reference))
                .toList();
        if (found.size() > 1) {
            throw Refusal.badInput(
                    "ambiguous_reference",
                    what + " " + reference + " is ambiguous (" + found.size() + " matches found based on ID prefix)");
        }
        return found.stream().findFirst();
    }
}
