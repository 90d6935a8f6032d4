package io.tapswitch.core.control;

import io.tapswitch.core.config.OwnAddress;
import io.tapswitch.core.model.Refusal;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Which way to the outside a daemon shall have.
 *
 * @param mode of it
 * @param device of the mode shared: the one device that is to be used besides lo, null for all that have an address
 * @param own of the mode dedicated: where, and with which addresses
 * @param chosen whether a person asked for it: then a kernel that cannot is a refusal, else a warning
 * @param grace how long after its last sign of life the daemon's ports stay its own
 */
public record UplinkChoice(
        Mode mode, @Nullable String device, @Nullable OwnAddress own, boolean chosen, Duration grace) {
    /** No way out, and nobody asked. */
    public static final UplinkChoice NONE = new UplinkChoice(Mode.NONE, null, null, true, Duration.ZERO);

    /** What a person can do whose kernel cannot share the host's addresses. */
    static final String WITHOUT_BPF =
            "--uplink dedicated:INTERFACE,ADDRESS/LENGTH,GATEWAY needs no BPF, but an address of its own on the LAN";

    /** The modes there are. */
    public enum Mode {
        /** On the host's own addresses. */
        SHARED,
        /** On an address of its own. */
        DEDICATED,
        /** There is no outside. */
        NONE
    }

    /** {@return what MODE, shared:INTERFACE or dedicated:INTERFACE,ADDRESS/LENGTH,GATEWAY says} */
    public static UplinkChoice parse(String text, boolean chosen, Duration grace) {
        int colon = text.indexOf(':');
        String mode = colon < 0 ? text : text.substring(0, colon);
        String rest = colon < 0 ? null : text.substring(colon + 1);
        if (mode.equals("none") && rest == null) {
            return new UplinkChoice(Mode.NONE, null, null, chosen, grace);
        }
        if (mode.equals("shared") && (rest == null || !rest.isEmpty())) {
            return new UplinkChoice(Mode.SHARED, rest, null, chosen, grace);
        }
        if (mode.equals("dedicated") && rest != null) {
            try {
                return new UplinkChoice(Mode.DEDICATED, null, OwnAddress.parse(rest), chosen, grace);
            } catch (IllegalArgumentException e) {
                throw Refusal.badInput("invalid --uplink " + text + ": " + e.getMessage());
            }
        }
        throw Refusal.badInput("invalid --uplink " + text + ": must be shared, shared:INTERFACE, none, or"
                + " dedicated:INTERFACE,ADDRESS/LENGTH,GATEWAY such as dedicated:eth0,192.0.2.10/24,192.0.2.1");
    }
}
