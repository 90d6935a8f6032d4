package io.tapswitch.tapio;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the host must allow on lo, so that answers from behind a TAP to 127.0.0.1 and to its own addresses reach its
 * sockets: addresses of 127/8 routed, and its own addresses as sources. Of lo only, where no remote frame enters.
 *
 * <p>What was there before is kept in the control map, so that another process than the one that changed it puts it
 * back.
 */
final class LoopbackSettings {
    private static final int CONTROL_SAVED = 16;
    private static final Path DIRECTORY = Path.of("/proc/sys/net/ipv4/conf/lo");
    private static final String[] NAMES = {"route_localnet", "accept_local"};

    private final SteeringMaps maps;

    LoopbackSettings(SteeringMaps maps) {
        this.maps = maps;
    }

    /** Allows both, and keeps which of them we changed. */
    void allow() {
        long saved = maps.controlAt(CONTROL_SAVED);
        for (int i = 0; i < NAMES.length; i++) {
            if (!"1".equals(read(NAMES[i]))) {
                saved |= 1L << i;
                // First kept, then changed: a process that dies between the two puts back what was not changed.
                maps.control(CONTROL_SAVED, saved);
                write(NAMES[i], "1");
            }
        }
    }

    /** Puts back what {@link #allow} changed. */
    void restore() {
        long saved = maps.controlAt(CONTROL_SAVED);
        for (int i = 0; i < NAMES.length; i++) {
            if ((saved & 1L << i) != 0) {
                write(NAMES[i], "0");
            }
        }
        maps.control(CONTROL_SAVED, 0);
    }

    private static String read(String name) {
        try {
            return Files.readString(DIRECTORY.resolve(name)).strip();
        } catch (IOException e) {
            throw new DeviceException("cannot read the setting net.ipv4.conf.lo." + name, e);
        }
    }

    private static void write(String name, String value) {
        try {
            Files.writeString(DIRECTORY.resolve(name), value);
        } catch (IOException e) {
            throw new DeviceException("cannot set net.ipv4.conf.lo." + name + " to " + value, e);
        }
    }
}
