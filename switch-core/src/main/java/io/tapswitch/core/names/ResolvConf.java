package io.tapswitch.core.names;

import io.tapswitch.core.config.DnsSettings;
import io.tapswitch.core.model.Address;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Endpoint;
import io.tapswitch.core.model.NetworkMode;
import java.util.List;

/**
 * The resolv.conf that a container should have. It names the resolver and nothing that changes with the container's
 * networks, so that it need not be written again when one comes or goes; the servers of {@code --dns} are asked by the
 * resolver. Names of one label are asked for as they are (D20).
 */
public final class ResolvConf {
    private ResolvConf() {}

    /** {@return the text of the file; empty where the host's is right} */
    public static String of(Container container, DesiredState state, DnsSettings settings) {
        StringBuilder text = new StringBuilder();
        if (container.mode() instanceof NetworkMode.Host) {
            container.dns().forEach(server -> nameserver(text, server));
            return text.toString();
        }
        Container whose = container.mode() instanceof NetworkMode.Shared shared
                ? state.containersById().getOrDefault(shared.containerId(), container)
                : container;
        nameserver(text, server(whose.endpoints(), settings));
        if (!settings.search().isEmpty()) {
            text.append("search ").append(String.join(" ", settings.search())).append('\n');
        }
        return text.append("options ndots:0\n").toString();
    }

    /** The resolver's address is IPv4: where there is none of it, the gateway's is asked. */
    private static String server(List<Endpoint> endpoints, DnsSettings settings) {
        boolean hasIpv4 = endpoints.isEmpty() || endpoints.stream().anyMatch(endpoint -> endpoint.ipv4() != null);
        Address six = endpoints.isEmpty() ? null : endpoints.getFirst().ipv6();
        return hasIpv4 || six == null
                ? settings.address().toString()
                : six.gateway().toString();
    }

    private static void nameserver(StringBuilder text, String server) {
        text.append("nameserver ").append(server).append('\n');
    }
}
