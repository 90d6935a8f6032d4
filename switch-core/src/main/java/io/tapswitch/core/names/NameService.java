package io.tapswitch.core.names;

import io.tapswitch.core.config.DnsEntries;
import io.tapswitch.core.config.DnsSettings;
import io.tapswitch.core.dataplane.ClientViews;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.overlay.Remotes;
import io.tapswitch.wire.Ipv4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Names as the control plane has them: what a version says of them, for the workers, and who the clients are, for those
 * who answer what the workers cannot.
 *
 * <p>Compiling and settings are under the lock of the desired state; {@link #client} is for any thread.
 */
public final class NameService {
    private final NameTables tables = new NameTables();
    private volatile DnsSettings settings = DnsSettings.DEFAULT;
    private volatile Map<Integer, NameClient> clients = Map.of();
    private volatile Set<InetAddress> own = Set.of();
    private volatile @Nullable Forwarder forwarder;

    /** {@return what the workers need to know of a state that is about to come into force} */
    public ClientViews compile(DesiredState state, Remotes remotes) {
        NameTables.Compilation compiled = tables.compile(state, settings, remotes);
        clients = compiled.clients();
        own = own(state);
        return compiled.views();
    }

    private Set<InetAddress> own(DesiredState state) {
        Set<InetAddress> addresses = new HashSet<>();
        addresses.add(DnsEntries.server(settings.address().toString()).getAddress());
        for (Network network : state.networks()) {
            network.subnets()
                    .forEach(subnet -> addresses.add(
                            DnsEntries.server(subnet.gateway().toString()).getAddress()));
        }
        return Set.copyOf(addresses);
    }

    /** Takes other settings; {@return whether they are others} They are in force with the next version. */
    public boolean settings(DnsSettings wanted) {
        boolean others = !wanted.equals(settings);
        settings = wanted;
        return others;
    }

    /** {@return how names are answered} */
    public DnsSettings settings() {
        return settings;
    }

    /** {@return where the resolver is} */
    public Ipv4Address resolver() {
        return settings.address();
    }

    /** {@return who asks others what no network knows, null for nobody} */
    public @Nullable Forwarder forwarder() {
        return forwarder;
    }

    /** {@return who is asked for the client behind a port what no network knows} */
    public Upstreams upstreams(int port) {
        NameClient client = client(port);
        return client == null ? Upstreams.NONE : client.upstreams();
    }

    /** {@return all whom queries go to: of the settings, and of containers and networks that have others} */
    Set<Upstreams> upstreamsInUse() {
        Set<Upstreams> all = new LinkedHashSet<>();
        List<InetSocketAddress> servers = settings.upstream();
        all.add(servers == null ? Upstreams.HOST : Upstreams.of(servers));
        clients.values().forEach(client -> all.add(client.upstreams()));
        return all;
    }

    /** {@return whether an address is the switch's own, where asking would be asking ourselves (D15)} */
    public boolean isOwn(InetAddress address) {
        return own.contains(address);
    }

    /** From now on this one asks others what no network knows. */
    public void forwarder(Forwarder asking) {
        forwarder = asking;
    }

    /**
     * {@return what the container behind a port is told when it asks; null when nobody is there}
     *
     * @param name a name or an address
     * @param type a type's name, null for the usual one
     * @throws IllegalArgumentException if the name or the type is none; the message says why
     */
    public NameLookup.@Nullable Found lookup(int port, String name, @Nullable String type) {
        NameClient client = client(port);
        return client == null ? null : NameLookup.ask(name, type, client, port, forwarder, this::isOwn);
    }

    /** {@return who is behind a port, null when nobody is} */
    public @Nullable NameClient client(int port) {
        return clients.get(port);
    }
}
