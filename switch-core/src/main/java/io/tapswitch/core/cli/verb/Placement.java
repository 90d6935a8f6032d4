package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.client.CliException;
import io.tapswitch.core.cli.sandbox.Plan.Replaced;
import io.tapswitch.core.cli.sandbox.Surroundings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whose network a container of {@code run} has, and what follows for its names.
 *
 * <pre>
 *   network            namespace        hostname       /etc/hosts            /etc/resolv.conf
 *   any other, none    a new one        its own        its own addresses     what the daemon says
 *   host               the daemon's     the host's     the host's            the host's, or --dns
 *   container:NAME     NAME's           NAME's         a copy of NAME's      a copy of NAME's
 * </pre>
 *
 * <p>"The host" is where the daemon is: its network namespace, which need not be ours. What {@code attach} gave a name
 * has no files of its own that could be copied; then they are made anew, as for one with a network of its own.
 *
 * @param network namespace to join, null for a new one
 * @param replaced the files of /etc that are not the host's
 * @param hostname where it is not the container's own
 * @param hosts lines of /etc/hosts, null to make them of the container's addresses
 * @param resolver lines of /etc/resolv.conf, null for those that the daemon says
 */
record Placement(
        @Nullable Path network,
        Replaced replaced,
        @Nullable String hostname,
        @Nullable List<String> hosts,
        @Nullable List<String> resolver) {
    private static final Path HOSTNAME = Path.of("/proc/sys/kernel/hostname");
    private static final List<String> LOCAL_HOSTS = List.of(
            "127.0.0.1\tlocalhost",
            "::1\tlocalhost ip6-localhost ip6-loopback",
            "fe00::\tip6-localnet",
            "ff00::\tip6-mcastprefix",
            "ff02::1\tip6-allnodes",
            "ff02::2\tip6-allrouters");

    /** That of a container whose joined network is {@code joined}, "" when it has interfaces of its own. */
    static Placement of(ApiClient daemon, JsonObject status, String joined, List<String> dns) {
        if (joined.equals(AttachOptions.HOST)) {
            Path network = Path.of("/proc/" + status.getLong("pid") + "/ns/net");
            Replaced replaced = dns.isEmpty() ? Replaced.NONE : Replaced.RESOLVER;
            return new Placement(network, replaced, lines(HOSTNAME).getFirst(), List.of(), null);
        }
        if (joined.startsWith(AttachOptions.OF_CONTAINER)) {
            return of(ContainerView.of(daemon, joined.substring(AttachOptions.OF_CONTAINER.length())));
        }
        return new Placement(null, Replaced.BOTH, null, null, null);
    }

    private static Placement of(ContainerView other) {
        if (!other.running()) {
            throw new CliException("tapswitch: Error response from daemon: cannot join network of a non running"
                    + " container: " + other.id());
        }
        if (other.command().isEmpty()) {
            List<String> hosts = hosts(other.addresses(), other.hostname());
            return new Placement(other.namespace(), Replaced.BOTH, other.hostname(), hosts, null);
        }
        Path root = Path.of("/proc/" + other.pid() + "/root/etc");
        return new Placement(
                other.namespace(),
                Replaced.BOTH,
                other.hostname(),
                lines(root.resolve("hosts")),
                lines(root.resolve("resolv.conf")));
    }

    /** {@return what the command finds, now that the container is made, whose resolv.conf the daemon says} */
    Surroundings surroundings(ContainerView made, String resolvConf, @Nullable Path log) {
        String name = hostname == null ? made.hostname() : hostname;
        return new Surroundings(
                name,
                hosts == null ? hosts(made.addresses(), name) : hosts,
                resolver == null ? resolvConf.lines().toList() : resolver,
                log);
    }

    private static List<String> hosts(List<String> addresses, String hostname) {
        List<String> lines = new ArrayList<>(LOCAL_HOSTS);
        int dot = hostname.indexOf('.');
        // As docker does it, a hostname with a domain is also known without.
        String names = dot < 0 ? hostname : hostname + ' ' + hostname.substring(0, dot);
        addresses.forEach(address -> lines.add(address + '\t' + names));
        return lines;
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new CliException("tapswitch: cannot read " + file + ": " + e.getMessage());
        }
    }
}
