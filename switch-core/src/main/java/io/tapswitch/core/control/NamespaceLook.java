package io.tapswitch.core.control;

import io.tapswitch.core.control.Plumbing.InterfacePlan;
import io.tapswitch.core.control.Plumbing.Place;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.tapio.NetworkNamespace;
import io.tapswitch.wire.IpAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Looks into a container's namespace before something is made there: what is somebody else's stays as it is. */
final class NamespaceLook {
    private static final int MASK_FIELD = 7;
    private static final String ZERO = "0".repeat(8);
    private static final String ZERO_IPV6 = "0".repeat(32);

    private NamespaceLook() {}

    /** Refuses interfaces whose names or default routes are there already. */
    static void refuseTaken(NetworkNamespace target, Place place, List<InterfacePlan> plans) {
        List<String> devices = lines(target, place, "dev");
        for (InterfacePlan plan : plans) {
            if (devices.stream().anyMatch(line -> line.strip().startsWith(plan.name() + ":"))) {
                throw Refusal.conflict("namespace " + place.path() + " already has an interface " + plan.name()
                        + ": tapswitch makes eth0, eth1 ... in a namespace that has none of these");
            }
            for (IpAddress gateway : plan.defaultGateways()) {
                refuseDefaultRoute(target, place, gateway.isIpv6());
            }
        }
    }

    /** What the kernel says about the namespace in a file of /proc/net (proc(5)). */
    private static List<String> lines(NetworkNamespace target, Place place, String file) {
        try {
            Path path = Path.of("/proc/thread-self/net", file);
            // Without IPv6 there is no file of its routes.
            return target.call(() -> Files.exists(path) ? Files.readAllLines(path) : List.of());
        } catch (IOException e) {
            throw Refusal.failed("cannot look at namespace " + place.path() + ": " + e.getMessage(), e);
        }
    }

    /** A default route that is not ours is somebody's decision: it is neither replaced nor joined by a second one. */
    private static void refuseDefaultRoute(NetworkNamespace target, Place place, boolean ipv6) {
        for (String line : lines(target, place, ipv6 ? "ipv6_route" : "route")) {
            String[] fields = line.strip().split("\\s+", -1);
            // route: interface, destination ... mask; ipv6_route: destination, length ... interface.
            String link = ipv6 ? fields[fields.length - 1] : fields[0];
            boolean all = ipv6
                    ? fields[0].equals(ZERO_IPV6) && fields[1].equals("00")
                    : fields.length > MASK_FIELD && fields[1].equals(ZERO) && fields[MASK_FIELD].equals(ZERO);
            // The kernel's own answer for what has no route, "unreachable by lo", is no way out.
            if (all && !link.equals("lo")) {
                throw Refusal.conflict("namespace " + place.path() + " already has a default route, by " + link
                        + ": remove it there ('ip route del default'), or choose an --internal network, which sets"
                        + " none");
            }
        }
    }
}
