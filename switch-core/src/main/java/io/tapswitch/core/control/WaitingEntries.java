package io.tapswitch.core.control;

import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.Publication;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a person should know about a file's entries that are not in force. A command says it to who gives it; a file has
 * the log when it comes into force, and the status for what does not mend itself.
 *
 * <p>A container that is not there yet is no fault, entries are made to wait for it: one line says who is waited for.
 * One that is stopped is its owner's wish, so it is said once. One that runs and cannot be reached by what the file
 * says of it stays among the warnings.
 */
final class WaitingEntries {
    private static final Logger LOG = LoggerFactory.getLogger(WaitingEntries.class);

    private List<String> told = List.of();
    private Set<String> awaited = Set.of();

    /** Files' entries that may have to be told of, by the container that they are for. */
    private record Entries(Map<Container, List<Publication>> present, Set<String> absent) {
        static Entries of(DesiredState state) {
            Map<String, Container> byName = new HashMap<>();
            state.containers().forEach(container -> byName.put(container.name(), container));
            Map<Container, List<Publication>> present = new LinkedHashMap<>();
            Set<String> absent = new TreeSet<>();
            Map<String, List<Publication>> lists = new HashMap<>();
            // Of thousands nearly all are in force for everybody: of those there is nothing to say.
            Set<Integer> active = new HashSet<>();
            PublishedPorts.active(state).forEach(port -> active.add(port.rule()));
            for (Publication publication : state.publications()) {
                boolean isOpen = publication.allow().isEmpty() && active.contains(publication.id());
                if (publication.isOfFile() && !isOpen) {
                    lists.computeIfAbsent(publication.container(), name -> {
                                List<Publication> list = new ArrayList<>();
                                Container container = byName.get(name);
                                if (container == null) {
                                    absent.add(name);
                                } else {
                                    present.put(container, list);
                                }
                                return list;
                            })
                            .add(publication);
                }
            }
            return new Entries(present, absent);
        }

        List<String> warnings(DesiredState state, boolean alsoStopped) {
            List<String> warnings = new ArrayList<>();
            present.forEach((container, publications) -> {
                if (alsoStopped || container.isRunning()) {
                    PublishRules.warnings(state, container, publications)
                            .forEach(warning -> warnings.add(named(warning, container, publications.getFirst())));
                }
            });
            return Complaints.shortened(warnings, "containers have entries that are not in force");
        }

        private static String named(String warning, Container container, Publication first) {
            String where =
                    first.origin() instanceof Origin.File origin ? origin.file() + ":" + origin.line() + ": " : "";
            boolean isNamed = !warning.equals(PublishRules.DISCARDED);
            return where + warning + (isNamed ? "" : ": container " + container.name());
        }
    }

    /** {@return what stays so until a person mends the file or the container} */
    static List<String> warnings(DesiredState state) {
        return state.publications().isEmpty() ? List.of() : Entries.of(state).warnings(state, false);
    }

    /** A file came into force: what of it is not, and was not said before. */
    synchronized void tell(DesiredState state) {
        Entries entries = Entries.of(state);
        List<String> now = entries.warnings(state, true);
        now.stream().filter(warning -> !told.contains(warning)).forEach(LOG::warn);
        told = now;
        if (!entries.absent.isEmpty() && !entries.absent.equals(awaited)) {
            int more = entries.absent.size() - Complaints.MOST;
            LOG.info(
                    "published ports wait for containers that are not there yet: {}{}",
                    String.join(
                            ", ", entries.absent.stream().limit(Complaints.MOST).toList()),
                    more > 0 ? " and " + more + " more" : "");
        }
        awaited = entries.absent;
    }
}
