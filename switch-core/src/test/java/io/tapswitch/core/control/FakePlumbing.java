package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A kernel without root: every namespace whose name does not begin with "no" is there. */
public final class FakePlumbing implements Plumbing {
    /** Interfaces that exist: plan by plug. */
    public final Map<Plug, InterfacePlan> plugs = new LinkedHashMap<>();
    /** Who hears of which interface. */
    public final Map<Plug, LinkListener> listeners = new LinkedHashMap<>();
    /** An interface name that cannot be made. */
    public String refusedInterface = "";

    private int files = 100;

    @Override
    public Place place(String netns) {
        if (netns.startsWith("no")) {
            throw Refusal.unknown("no network namespace '" + netns + "'");
        }
        boolean named = netns.indexOf('/') < 0 && !Character.isDigit(netns.charAt(0));
        String last = netns.substring(netns.lastIndexOf('/') + 1);
        return named ? new Place("/run/netns/" + netns, last, netns) : new Place(netns, last, null);
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
            List<Integer> fds = new ArrayList<>();
            for (int queue = 0; queue < plan.queues(); queue++) {
                fds.add(files++);
            }
            Plug plug = new Plug() {
                @Override
                public List<Integer> fds() {
                    return fds;
                }

                @Override
                public void close() {
                    synchronized (FakePlumbing.this) {
                        plugs.remove(this);
                        listeners.remove(this);
                    }
                }
            };
            plugs.put(plug, plan);
            made.add(plug);
        }
        return made;
    }

    @Override
    public synchronized void watch(Plug plug, String name, LinkListener listener) {
        listeners.put(plug, listener);
    }

    @Override
    public void close() {}
}
