package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.MacAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A kernel without root: every namespace whose name does not begin with "no" is there. The kernel outlives a daemon:
 * give the same one to the next controller.
 */
public final class FakePlumbing implements Plumbing {
    /** Interfaces that exist: plan by plug. */
    public final Map<Plug, InterfacePlan> plugs = new LinkedHashMap<>();
    /** Who hears of which interface. */
    public final Map<Plug, LinkListener> listeners = new LinkedHashMap<>();
    /** Default routes that were set, by namespace. */
    public final Map<String, List<ContainerRoute>> defaultRoutes = new HashMap<>();

    public final Map<String, ContainerRoute> resolverRoutes = new HashMap<>();
    /** An interface name that cannot be made. */
    public String refusedInterface = "";
    /** What each namespace is, by path, when it is not what the path says. */
    public final Map<String, String> identities = new HashMap<>();
    /** Tags whose files the keeper lost. */
    public final Set<String> lost = new LinkedHashSet<>();
    /** Tags whose device cannot be had now. */
    public final Set<String> busy = new LinkedHashSet<>();
    /** Why default routes cannot be set, empty when they can. */
    public String routeRefusal = "";
    /** Why the host's interface cannot be made, empty when it can. */
    public String hostRefusal = "";
    /** What breaks when the host's interface is made, null for nothing. */
    public @Nullable RuntimeException hostDefect;
    /** The host's interface, null before it was asked for and when somebody deleted it. */
    public @Nullable FakeHostPlug host;
    /** Tags of the host's interface in the vault: what is there must go before anything else is put there. */
    public final Set<String> kept = new LinkedHashSet<>();

    /** Namespaces without interfaces that are watched: who hears of their end, by container id. */
    public final Map<String, Runnable> namespaces = new HashMap<>();
    /** The way to the outside, null for none. */
    public @Nullable OutsideKernel outside;
    /** Whether the keeper was ended. */
    public boolean ended;

    /** A host without a way to the outside. */
    public FakePlumbing() {}

    /** A host with eth0; what must outlive a daemon is kept in that directory. */
    public FakePlumbing(Path directory) {
        outside = new FakeOutside(directory);
    }

    /** What the last daemon left in the vault and the next one may have once. */
    private final Set<String> left = new LinkedHashSet<>();

    private int files = 100;

    /** An interface of this kernel. */
    public static class FakePlug implements Plug {
        private final String tag;
        private final List<Integer> fds;

        FakePlug(String tag, List<Integer> fds) {
            this.tag = tag;
            this.fds = fds;
        }

        @Override
        public String tag() {
            return tag;
        }

        @Override
        public List<Integer> fds() {
            return fds;
        }
    }

    /** The host's interface. */
    public static final class FakeHostPlug extends FakePlug implements HostPlug {
        /** What it carries. */
        public List<HostNetwork> networks = List.of();
        /** What it says that it cannot do. */
        public List<String> complaints = List.of();

        FakeHostPlug(String tag, List<Integer> fds) {
            super(tag, fds);
        }

        @Override
        public String name() {
            return "tapswitch0";
        }

        @Override
        public MacAddress mac() {
            return MacAddress.parse("02:00:00:00:00:01");
        }

        @Override
        public List<String> set(Collection<HostNetwork> wanted, boolean nothingElse) {
            networks = List.copyOf(wanted);
            return complaints;
        }
    }

    @Override
    public @Nullable OutsideKernel outside() {
        return outside;
    }

    @Override
    public synchronized Place place(String netns) {
        if (netns.startsWith("no")) {
            throw Refusal.unknown("no network namespace '" + netns + "'");
        }
        boolean named = netns.indexOf('/') < 0 && !Character.isDigit(netns.charAt(0));
        String last = netns.substring(netns.lastIndexOf('/') + 1);
        String path = named ? "/run/netns/" + netns : netns;
        return new Place(path, identities.getOrDefault(path, last), named ? netns : null);
    }

    private List<Integer> files(int queues) {
        List<Integer> fds = new ArrayList<>();
        for (int queue = 0; queue < queues; queue++) {
            fds.add(files++);
        }
        return List.copyOf(fds);
    }

    @Override
    public synchronized List<Plug> plug(Place place, List<InterfacePlan> plans) {
        for (InterfacePlan plan : plans) {
            if (plan.name().equals(refusedInterface)) {
                throw Refusal.failed("cannot make " + plan.name(), new IllegalStateException());
            }
        }
        List<Plug> made = new ArrayList<>();
        for (InterfacePlan plan : plans) {
            Plug plug = new FakePlug(plan.tag(), files(plan.queues()));
            plugs.put(plug, plan);
            made.add(plug);
        }
        return made;
    }

    @Override
    public synchronized @Nullable Plug adopt(String tag) {
        if (lost.contains(tag)) {
            return null;
        }
        return tagged(tag);
    }

    @Override
    public synchronized @Nullable Plug reattach(String tag, Place place, String name, int queues) {
        if (busy.contains(tag)) {
            throw Refusal.failed("device or resource busy", new IllegalStateException());
        }
        return tagged(tag);
    }

    /** {@return who hears of the interface of this tag} */
    public synchronized LinkListener listener(String tag) {
        return listeners.entrySet().stream()
                .filter(entry -> entry.getKey().tag().equals(tag))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElseThrow();
    }

    private @Nullable Plug tagged(String tag) {
        for (Plug plug : plugs.keySet()) {
            if (plug.tag().equals(tag)) {
                return plug;
            }
        }
        return null;
    }

    @Override
    public synchronized void unplug(Collection<? extends Plug> gone) {
        for (Plug plug : gone) {
            plugs.remove(plug);
            listeners.remove(plug);
            kept.remove(plug.tag());
            host = plug == host ? null : host;
        }
    }

    @Override
    public synchronized void dropOthers(Set<String> tags) {
        plugs.keySet().removeIf(plug -> !tags.contains(plug.tag()));
    }

    @Override
    public synchronized void routes(Place place, List<ContainerRoute> routes) {
        if (!routeRefusal.isEmpty()) {
            throw Refusal.failed(routeRefusal, new IllegalStateException());
        }
        List<ContainerRoute> all =
                routes.stream().filter(route -> route.to() == null).toList();
        if (!all.isEmpty()) {
            defaultRoutes.put(place.path(), all);
        }
        routes.stream().filter(route -> route.to() != null).forEach(route -> resolverRoutes.put(place.path(), route));
    }

    @Override
    public synchronized HostPlug host(String tag) {
        if (!hostRefusal.isEmpty()) {
            throw Refusal.failed(hostRefusal, new IllegalStateException());
        }
        if (hostDefect != null) {
            throw hostDefect;
        }
        FakeHostPlug there = host;
        if (left.remove(tag)) {
            if (there != null) {
                return there;
            }
            kept.remove(tag);
        }
        if (!kept.add(tag)) {
            throw new IllegalStateException("the vault has files under " + tag + " already");
        }
        FakeHostPlug made = new FakeHostPlug(tag, files(1));
        host = made;
        return made;
    }

    @Override
    public synchronized void watch(Plug plug, String name, LinkListener listener) {
        listeners.put(plug, listener);
    }

    @Override
    public synchronized void watchNamespace(String key, Place place, Runnable gone) {
        namespaces.put(key, gone);
    }

    @Override
    public synchronized void forgetNamespace(String key) {
        namespaces.remove(key);
    }

    @Override
    public synchronized void end() {
        ended = true;
    }

    @Override
    public String keeper() {
        return "nobody";
    }

    @Override
    public synchronized void close() {
        left.addAll(kept);
    }
}
