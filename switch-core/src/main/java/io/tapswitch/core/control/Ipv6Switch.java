package io.tapswitch.core.control;

import io.tapswitch.tapio.DeviceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Turns IPv6 on for one interface, where it is off for new ones (sysctl net.ipv6.conf.default.disable_ipv6). */
final class Ipv6Switch {
    private Ipv6Switch() {}

    /** Does it in the namespace that the calling thread is in. */
    static void enable(String link) {
        Path setting = Path.of("/proc/sys/net/ipv6/conf", link, "disable_ipv6");
        try {
            if (Files.readString(setting).startsWith("1")) {
                Files.writeString(setting, "0");
            }
        } catch (IOException e) {
            throw new DeviceException(
                    "cannot switch IPv6 on for " + link + " (" + setting
                            + "): does this kernel have IPv6, and is /proc/sys writable?",
                    e);
        }
    }
}
