package io.tapswitch.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The namespace that plays the host, with a veth to an outside: what the daemon would have on a real machine, so that a
 * test can also see what must not happen there.
 */
public final class LabHost extends LabNamespace {
    /** Address of the host on the wire to the outside. */
    public static final String ADDRESS = "192.0.2.1";
    /** Address of the outside. */
    public static final String OUTSIDE_ADDRESS = "192.0.2.9";

    /** The device by which the daemon gives the host a place in its networks. */
    public static final String TAP = "tapswitch0";

    /** How the names of the TAPs begin by which the daemon stands beside the host's devices. */
    private static final String UPLINK_TAP = "tapswitch-u";

    private final LabNamespace outside;
    private final Set<String> own = new HashSet<>(Set.of("lo", "uplink0", "uplink1", TAP));

    /** Makes both namespaces and the wire between them. */
    public LabHost() {
        super("host");
        this.outside = new LabNamespace("outside");
        ip("link add name uplink0 type veth peer name eth0 netns " + outside.name());
        ip("addr add " + ADDRESS + "/24 dev uplink0");
        ip("link set uplink0 up");
        outside.ip("addr add " + OUTSIDE_ADDRESS + "/24 dev eth0");
        outside.ip("link set eth0 up");
    }

    /** {@return the namespace at the other end of the host's wire} */
    public LabNamespace outside() {
        return outside;
    }

    /** {@return the devices in the host's namespace that are neither the lab's own nor the daemon's ways to host and outside} */
    public String foreignDevices() {
        StringBuilder foreign = new StringBuilder();
        for (String line : ip("-o link show").lines().toList()) {
            String device = line.split("[ :@]+", 3)[1];
            if (!own.contains(device) && !device.startsWith(UPLINK_TAP)) {
                foreign.append(line).append('\n');
            }
        }
        return foreign.toString();
    }

    /**
     * Lays a tunnel without Ethernet headers, as VPNs do, to another place: device {@code vpn0} on both sides, here
     * 10.200.0.1, there 10.200.0.2, and behind it 10.50.0.0/16, of which 10.50.0.1 is there.
     */
    public Background tunnel(LabNamespace office) {
        Background relay = startTalk("relay", "far", office.name());
        own.add("vpn0");
        for (LabNamespace side : new LabNamespace[] {this, office}) {
            side.ip("addr add 10.200.0." + (side == this ? 1 : 2) + "/30 dev vpn0");
            side.ip("link set vpn0 up mtu 1400");
        }
        office.ip("addr add 10.50.0.1/32 dev lo");
        ip("route add 10.50.0.0/16 via 10.200.0.2");
        return relay;
    }

    /** {@return the processes that hold the interfaces' files for daemons of this host} */
    public List<ProcessHandle> keepers() {
        List<ProcessHandle> keepers = new ArrayList<>();
        for (String pid :
                Commands.run("ip", "netns", "pids", name()).out().lines().toList()) {
            try {
                if (Files.readString(Path.of("/proc", pid.strip(), "cmdline")).contains("tapswitch-keeper")) {
                    ProcessHandle.of(Long.parseLong(pid.strip())).ifPresent(keepers::add);
                }
            } catch (IOException e) {
                // It ended meanwhile.
            }
        }
        return keepers;
    }

    @Override
    public void close() {
        keepers().forEach(ProcessHandle::destroyForcibly);
        outside.close();
        for (String pid :
                Commands.run("ip", "netns", "pids", name()).out().lines().toList()) {
            ProcessHandle.of(Long.parseLong(pid.strip())).ifPresent(ProcessHandle::destroyForcibly);
        }
        super.close();
    }
}
