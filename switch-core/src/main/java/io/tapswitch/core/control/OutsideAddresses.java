package io.tapswitch.core.control;

import io.tapswitch.core.control.OutsideKernel.Device;
import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.nat.NatVersion.OutsideAddress;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which addresses packets may be addressed to at this host. Pure; a part of {@link OutsideWiring}. */
final class OutsideAddresses {
    /** Begin of the names of the host's TAP and of the uplinks'. */
    static final String OWN_NAMES = "tapswitch";

    private OutsideAddresses() {}

    /** {@return what the host itself has; of 127.0.0.0/8, which is all its own, what somebody publishes on} */
    static Set<IpAddress> own(List<Device> devices, List<ActivePort> served) {
        Set<IpAddress> addresses = new LinkedHashSet<>();
        for (Device device : devices) {
            if (!device.name().startsWith(OWN_NAMES)) {
                addresses.addAll(device.addresses());
            }
        }
        for (ActivePort port : served) {
            IpAddress address = port.outside();
            if (address instanceof Ipv4Address four && four.bits() >>> 24 == 127) {
                addresses.add(address);
            }
        }
        return addresses;
    }

    /** {@return the gateways, from the version on that has them; and what else the switch's own TAP has} */
    static Set<IpAddress> gateways(List<Device> devices, DesiredState next) {
        Set<IpAddress> addresses = new LinkedHashSet<>();
        HostPortWiring.networks(next)
                .forEach(network -> network.subnets().forEach(subnet -> addresses.add(subnet.gateway())));
        devices.forEach(device -> addresses.addAll(device.addresses()));
        return addresses;
    }

    /** {@return the kernel's index of the uplink that has an address, by slot; of the switch's own there is none} */
    static Map<Integer, Integer> homes(List<Device> uplinks, List<OutsideAddress> addresses) {
        Map<IpAddress, Integer> of = new HashMap<>();
        uplinks.forEach(device -> device.addresses().forEach(address -> of.putIfAbsent(address, device.index())));
        Map<Integer, Integer> homes = new HashMap<>();
        for (OutsideAddress address : addresses) {
            Integer device = of.get(address.address());
            if (device != null) {
                homes.put(address.slot(), device);
            }
        }
        return homes;
    }
}
