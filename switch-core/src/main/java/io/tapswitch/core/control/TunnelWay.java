package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import java.util.Locale;

/** By what packets of tunnels shall come and go. */
public enum TunnelWay {
    /** By a TAP where the kernel's TAPs take super-frames inside tunnels, else by sockets. */
    AUTO,
    /** By a TAP; where the kernel has none there are no tunnels. */
    TAP,
    /** By sockets. */
    SOCKET;

    /** {@return what {@code --tunnel} says} */
    public static TunnelWay parse(String word) {
        for (TunnelWay way : values()) {
            if (way.name().toLowerCase(Locale.ROOT).equals(word)) {
                return way;
            }
        }
        throw Refusal.badInput("invalid --tunnel " + word + ": must be auto, tap or socket");
    }
}
