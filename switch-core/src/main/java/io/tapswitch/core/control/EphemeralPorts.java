package io.tapswitch.core.control;

import io.tapswitch.tapio.ClientPorts;
import io.tapswitch.tapio.DeviceException;
import io.tapswitch.tapio.Sysctl;
import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ports that are chosen from when nobody says which: those that the kernel gives out to programs (P4).
 *
 * @param first of the range
 * @param last of the range
 * @param reserved ports of the range that are never chosen
 */
record EphemeralPorts(int first, int last, BitSet reserved) {
    private static final Logger LOG = LoggerFactory.getLogger(EphemeralPorts.class);

    /** Copies the set. */
    EphemeralPorts {
        reserved = (BitSet) reserved.clone();
    }

    /** {@return those of this host, as of now} */
    static EphemeralPorts now() {
        return read(ClientPorts.SYSCTLS);
    }

    /** {@return what stands in a directory of the kernel's settings; the kernel's own defaults when nothing does} */
    static EphemeralPorts read(Path directory) {
        int first = 32_768;
        int last = 60_999;
        BitSet reserved = new BitSet();
        try {
            BitSet range = ClientPorts.range(directory);
            first = range.nextSetBit(0);
            last = range.length() - 1;
            reserved = ClientPorts.ports(Sysctl.read(directory.resolve("ip_local_reserved_ports")));
        } catch (IOException | IllegalArgumentException | DeviceException e) {
            LOG.warn("which ports the kernel gives out cannot be read: {} to {} are taken", first, last, e);
        }
        return new EphemeralPorts(first, last, reserved);
    }
}
