package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Which way to the outside a daemon shall have.
 *
 * @param mode of it
 * @param device the one device that is to be used besides lo, null for all that have an address
 * @param chosen whether a person asked for it: then a kernel that cannot is a refusal, else a warning
 * @param grace how long after its last sign of life the daemon's ports stay its own
 */
public record UplinkChoice(Mode mode, @Nullable String device, boolean chosen, Duration grace) {
    /** No way out, and nobody asked. */
    public static final UplinkChoice NONE = new UplinkChoice(Mode.NONE, null, true, Duration.ZERO);

    /** The modes there are. */
    public enum Mode {
        /** On the host's own addresses. */
        SHARED,
        /** There is no outside. */
        NONE
    }

    /** {@return what MODE or MODE:INTERFACE says} */
    public static UplinkChoice parse(String text, boolean chosen, Duration grace) {
        int colon = text.indexOf(':');
        String mode = colon < 0 ? text : text.substring(0, colon);
        String device = colon < 0 ? null : text.substring(colon + 1);
        if (mode.equals("dedicated")) {
            throw Refusal.notInThisVersion("--uplink dedicated");
        }
        if (mode.equals("none") && device == null) {
            return new UplinkChoice(Mode.NONE, null, chosen, grace);
        }
        if (mode.equals("shared") && (device == null || !device.isEmpty())) {
            return new UplinkChoice(Mode.SHARED, device, chosen, grace);
        }
        throw Refusal.badInput("invalid --uplink " + text + ": must be shared, shared:INTERFACE or none");
    }
}
