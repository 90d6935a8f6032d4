package io.tapswitch.core.control;

import io.tapswitch.core.config.Configuration;
import io.tapswitch.core.config.Configuration.DeclaredPort;
import io.tapswitch.core.document.Source;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Publication;
import io.tapswitch.wire.IpPrefix;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Theory of operation: what a file's list {@code publish} means for the publications that there are. Pure, as the
 * {@link Reconciler} is, and for the same reasons (P8, P9).
 *
 * <p>An entry is known by its container's name and by what it asks for. One that
 *
 * <ul>
 *   <li>is there is kept, with its rule and its port: nobody's packets notice; its line and whom it allows are noted;
 *   <li>a command made in the same way is the file's from now on;
 *   <li>is not there is made; a port that it leaves open is chosen when it comes into force;
 *   <li>is not declared any more goes.
 * </ul>
 *
 * <p>Most reloads change little of a long list. What stands in the same order at the begin and at the end of the list
 * and of what is there is paired by going along; only the rest is looked up. A publication of which nothing is
 * otherwise stays the very same object, which those after this one take for "nothing to do".
 *
 * <p>A port that somebody else has, in the same file or by a command, is refused with the line of the entry.
 */
final class PublishPlan {
    private final DesiredState state;
    private final Source source;
    private final Map<Integer, Publication> next = new LinkedHashMap<>();
    /** What the file has published so far, in order; null where an entry has taken it. */
    private final List<@Nullable Publication> owned = new ArrayList<>();

    private final Map<Key, Deque<Publication>> commands = new HashMap<>();
    private final List<Publication> declared = new ArrayList<>();
    private final Map<Integer, DeclaredPort> entries = new HashMap<>();

    /** What an entry is known by; the prefixes are those of a command, or null where they may change. */
    private record Key(
            String container, PortSpec asked, @Nullable List<IpPrefix> allow) {}

    private PublishPlan(DesiredState state, String file, Predicate<Origin.File> isOurs) {
        this.state = state;
        this.source = new Source(file);
        for (Publication publication : state.publications()) {
            next.put(publication.id(), publication);
            Container container = state.containersById().get(publication.container());
            if (publication.origin() instanceof Origin.File origin && isOurs.test(origin)) {
                owned.add(publication);
            } else if (container != null) {
                add(commands, new Key(container.name(), publication.asked(), publication.allow()), publication);
            }
        }
    }

    private static void add(Map<Key, Deque<Publication>> to, Key key, Publication publication) {
        to.computeIfAbsent(key, any -> new ArrayDeque<>()).add(publication);
    }

    /**
     * {@return the state in which a file's list is in force; the very same object when nothing is to be done}
     *
     * @param state what there is
     * @param configuration of the file
     * @param isOurs which entries of files the file has to answer for
     */
    static DesiredState plan(DesiredState state, Configuration configuration, Predicate<Origin.File> isOurs) {
        return new PublishPlan(state, configuration.file(), isOurs).plan(configuration.ports());
    }

    /**
     * {@return the state of a daemon that is started without a file: what an earlier file published of containers that
     * there are is everybody's now, and nobody waits for the others}
     *
     * @param isOurs entries of which files
     */
    static DesiredState withoutFile(DesiredState state, Predicate<Origin.File> isOurs) {
        Map<String, Container> byName = new HashMap<>();
        state.containers().forEach(container -> byName.put(container.name(), container));
        List<Publication> left = new ArrayList<>();
        for (Publication publication : state.publications()) {
            Container container = byName.get(publication.container());
            if (!(publication.origin() instanceof Origin.File origin) || !isOurs.test(origin)) {
                left.add(publication);
            } else if (container != null) {
                left.add(publication.by(new Origin.Command(), container.id()));
            }
        }
        return left.equals(state.publications()) ? state : state.withPublications(left);
    }

    private DesiredState plan(List<DeclaredPort> ports) {
        int rule = state.nextRule();
        @Nullable Publication[] there = there(ports);
        for (int i = 0; i < there.length; i++) {
            DeclaredPort port = ports.get(i);
            Publication known = there[i];
            Publication publication = known == null ? made(rule++, port) : kept(known, port);
            next.put(publication.id(), publication);
            declared.add(publication);
            entries.put(publication.id(), port);
        }
        for (Publication left : owned) {
            if (left != null) {
                next.remove(left.id());
            }
        }
        List<Publication> all = List.copyOf(next.values());
        if (all.equals(state.publications())) {
            return state;
        }
        DesiredState wanted = state.withPublications(all);
        refuseCollisions(wanted);
        return wanted;
    }

    private Publication made(int rule, DeclaredPort port) {
        int hostPort = port.asked().isDynamic() ? 0 : port.asked().firstHostPort();
        return new Publication(
                rule,
                port.container(),
                port.asked(),
                hostPort,
                port.allow(),
                new Origin.File(source.file(), port.line()));
    }

    private Publication kept(Publication there, DeclaredPort port) {
        boolean isSame = there.origin() instanceof Origin.File origin
                && origin.line() == port.line()
                && origin.file().equals(source.file())
                && there.allow().equals(port.allow());
        return isSame
                ? there
                : new Publication(
                        there.id(),
                        port.container(),
                        there.asked(),
                        there.firstHostPort(),
                        port.allow(),
                        new Origin.File(source.file(), port.line()));
    }

    /** {@return for each entry the publication that is there already, null for none; those are not owned any more} */
    private @Nullable Publication[] there(List<DeclaredPort> ports) {
        @Nullable Publication[] there = new Publication[ports.size()];
        int least = Math.min(there.length, owned.size());
        int from = 0;
        while (from < least && isSame(owned.get(from), ports.get(from))) {
            there[from] = owned.set(from, null);
            from++;
        }
        int behind = 1;
        while (behind <= least - from
                && isSame(owned.get(owned.size() - behind), ports.get(there.length - behind))
                // Of entries that are alike, as only open ones can be, the first keeps the first port.
                && !ports.get(there.length - behind).asked().isDynamic()) {
            there[there.length - behind] = owned.set(owned.size() - behind, null);
            behind++;
        }
        Map<Key, Deque<Integer>> places = new HashMap<>();
        for (int i = from; i <= owned.size() - behind; i++) {
            Publication ours = owned.get(i);
            if (ours != null) {
                places.computeIfAbsent(new Key(ours.container(), ours.asked(), null), any -> new ArrayDeque<>())
                        .add(i);
            }
        }
        for (int i = from; i <= there.length - behind; i++) {
            DeclaredPort port = ports.get(i);
            Deque<Integer> ours = places.get(new Key(port.container(), port.asked(), null));
            Integer place = ours == null ? null : ours.poll();
            there[i] = place == null ? byCommand(port) : owned.set(place, null);
        }
        return there;
    }

    private static boolean isSame(@Nullable Publication ours, DeclaredPort port) {
        return ours != null
                && ours.asked().equals(port.asked())
                && ours.container().equals(port.container());
    }

    private @Nullable Publication byCommand(DeclaredPort port) {
        Deque<Publication> made = commands.get(new Key(port.container(), port.asked(), port.allow()));
        return made == null ? null : made.poll();
    }

    private void refuseCollisions(DesiredState wanted) {
        Set<Integer> active = new HashSet<>();
        PublishedPorts.active(wanted).forEach(port -> active.add(port.rule()));
        HeldPorts held = new HeldPorts();
        for (Publication publication : wanted.publications()) {
            boolean isExactEntry = entries.containsKey(publication.id())
                    && !publication.asked().isDynamic();
            if (!isExactEntry && (publication.isOfFile() || active.contains(publication.id()))) {
                held.add(publication);
            }
        }
        for (Publication publication : declared) {
            if (!publication.asked().isDynamic()) {
                refuseHeld(held, publication);
                held.add(publication);
            }
        }
    }

    private void refuseHeld(HeldPorts held, Publication publication) {
        Publication holder = held.holder(publication.asked(), publication.firstHostPort());
        DeclaredPort entry = entries.get(publication.id());
        if (holder != null && entry != null) {
            int port = Math.max(publication.firstHostPort(), holder.firstHostPort());
            throw source.refuse(
                    entry.line(), entry.path(), HeldPorts.sentence(publication.asked(), port) + " to " + by(holder));
        }
    }

    /** {@return who has a port} */
    private String by(Publication holder) {
        if (holder.origin() instanceof Origin.File origin) {
            return "container " + holder.container() + ", in "
                    + (origin.file().equals(source.file()) ? "line " : origin.file() + ":") + origin.line();
        }
        Container container = state.containersById().get(holder.container());
        return "container " + (container == null ? holder.container() : container.name()) + ", by a command";
    }
}
