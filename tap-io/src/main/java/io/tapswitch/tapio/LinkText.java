package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Tun;
import java.util.regex.Pattern;

/**
 * Checks what is written into lines for iproute2. Forms only: what passes is one word of a batch file and nothing
 * else, whether the kernel likes it is the kernel's.
 */
final class LinkText {
    // The kernel's rule (dev_valid_name of net/core/dev.c), and of printable characters not those that iproute2 reads
    // as quotes, comments and continued lines.
    private static final Pattern LINK = Pattern.compile("[!-~&&[^/:#\"'\\\\]]{1," + Tun.MAX_NAME_LENGTH + "}");
    private static final Pattern MAC = Pattern.compile("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}");
    private static final Pattern ADDRESS = Pattern.compile("[0-9a-fA-F:.]{2,45}");
    private static final Pattern PREFIX = Pattern.compile("[0-9a-fA-F:.]{2,45}/[0-9]{1,3}");

    private LinkText() {}

    static void checkLink(String name) {
        if (!LINK.matcher(name).matches() || name.equals(".") || name.equals("..")) {
            throw new IllegalArgumentException("'" + name + "' is not a name for an interface (1 to "
                    + Tun.MAX_NAME_LENGTH + " printable characters, no spaces, none of / : # \" ' \\)");
        }
    }

    static void checkMacAddress(String address) {
        check(MAC, address, "a MAC address such as 02:42:ac:12:00:02");
    }

    static void checkAddress(String address) {
        check(ADDRESS, address, "an IP address");
    }

    static void checkPrefix(String prefix) {
        check(PREFIX, prefix, "an IP address with a prefix length such as 172.18.0.2/16");
    }

    private static void check(Pattern pattern, String text, String what) {
        if (!pattern.matcher(text).matches()) {
            throw new IllegalArgumentException("'" + text + "' is not " + what);
        }
    }
}
