package io.tapswitch.core.dataplane;

import io.tapswitch.nat.NatVersion;
import io.tapswitch.tapio.PortMarks;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the dataplane must know of the outside.
 *
 * @param nat the host's addresses, published ports, and who may have flows
 * @param marks of each address, by its slot: which ports are the switch's, and which worker's
 * @param uplinks the devices by which packets come and go
 * @param homes the kernel's index of the device that has an address, by the address's slot; none of gateways
 */
public record OutsideSettings(
        NatVersion nat, Map<Integer, PortMarks> marks, List<UplinkSettings> uplinks, Map<Integer, Integer> homes) {
    /** Copies the collections. */
    public OutsideSettings {
        marks = Map.copyOf(marks);
        uplinks = List.copyOf(uplinks);
        homes = Map.copyOf(homes);
    }

    /** Of addresses of which it is not known where they are: their flows leave by whatever uplink. */
    public OutsideSettings(NatVersion nat, Map<Integer, PortMarks> marks, List<UplinkSettings> uplinks) {
        this(nat, marks, uplinks, Map.of());
    }

    /**
     * A device of the host with an own TAP, by which its packets come and go.
     *
     * @param port small integer below {@link io.tapswitch.tapio.FrameIo#MAX_PORTS}, the TAP's
     * @param fds the TAP's open files; queue i is read by worker i
     * @param device the kernel's index of the host's device, as routes name it
     * @param loopback whether it is lo
     * @param mtu of the device
     * @param link what the switch is there in its own right; null where it shares the host's address
     */
    public record UplinkSettings(
            int port,
            List<Integer> fds,
            int device,
            boolean loopback,
            int mtu,
            @Nullable OwnLink link) {
        /** A device whose address is the host's. */
        public UplinkSettings(int port, List<Integer> fds, int device, boolean loopback, int mtu) {
            this(port, fds, device, loopback, mtu, null);
        }

        /** Copies the list. */
        public UplinkSettings {
            fds = List.copyOf(fds);
        }
    }
}
