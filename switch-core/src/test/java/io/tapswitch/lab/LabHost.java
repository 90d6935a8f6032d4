package io.tapswitch.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

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

    private final LabNamespace outside;

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

    /** {@return the devices in the host's namespace that are neither the lab's own nor the daemon's way to the host} */
    public String foreignDevices() {
        StringBuilder foreign = new StringBuilder();
        for (String line : ip("-o link show").lines().toList()) {
            if (!line.contains(": lo:") && !line.contains(": uplink0@") && !line.contains(": " + TAP + ":")) {
                foreign.append(line).append('\n');
            }
        }
        return foreign.toString();
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
