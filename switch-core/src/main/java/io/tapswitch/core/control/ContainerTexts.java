package io.tapswitch.core.control;

import io.tapswitch.core.config.DnsEntries;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.IpAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What people write about a container beside its networks, read and brought into one form. */
final class ContainerTexts {
    private static final Pattern PORTS = Pattern.compile("(\\d{1,5})(?:-(\\d{1,5}))?(?:/(tcp|udp|sctp))?");
    private static final int PORT_MAX = 65_535;

    /** HOST_NAME_MAX of Linux (linux/utsname.h, __NEW_UTS_LEN). The command line has the same rule, to ask it first. */
    private static final Pattern HOSTNAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9.-]{0,63}");

    private ContainerTexts() {}

    /** {@return the servers, when each is an address that can be asked} */
    static List<String> dns(@Nullable List<String> servers) {
        List<String> checked = new ArrayList<>();
        for (String server : servers == null ? List.<String>of() : servers) {
            try {
                checked.add(IpAddress.parse(server).toString());
            } catch (IllegalArgumentException e) {
                throw Refusal.badInput("invalid DNS server: " + server + " is not an ip address");
            }
            try {
                DnsEntries.askable(checked.getLast());
            } catch (IllegalArgumentException e) {
                throw Refusal.badInput("invalid DNS server: " + e.getMessage());
            }
        }
        return checked;
    }

    /** {@return each port with its protocol, such as 80/tcp} */
    static List<String> exposed(@Nullable List<String> ports) {
        List<String> checked = new ArrayList<>();
        for (String text : ports == null ? List.<String>of() : ports) {
            Matcher parts = PORTS.matcher(text);
            if (!parts.matches()) {
                throw portRefusal(text, "it is written as PORT[-PORT][/tcp|udp|sctp]");
            }
            int first = Integer.parseInt(parts.group(1));
            int last = parts.group(2) == null ? first : Integer.parseInt(parts.group(2));
            if (first < 1 || last > PORT_MAX || last < first) {
                throw portRefusal(text, "ports are 1 to " + PORT_MAX + ", the lower one first");
            }
            String protocol = parts.group(3) == null ? "tcp" : parts.group(3);
            for (int port = first; port <= last; port++) {
                checked.add(port + "/" + protocol);
            }
        }
        return checked.stream().distinct().toList();
    }

    private static Refusal portRefusal(String text, String why) {
        return Refusal.badInput("invalid range format for --expose: " + text + ": " + why);
    }

    /** {@return the name, when it is one} */
    static String hostname(String name) {
        if (!HOSTNAME.matcher(name).matches()) {
            throw Refusal.badInput("invalid hostname " + name
                    + ": at most 64 letters, digits, '.' and '-', the first a letter or a digit");
        }
        return name;
    }

    /** {@return what the host calls itself} */
    static String hostsOwnName() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
        } catch (IOException e) {
            return "localhost";
        }
    }
}
