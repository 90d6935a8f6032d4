package io.tapswitch.core.dataplane;

import io.tapswitch.wire.Ipv4Address;
import java.util.List;

/**
 * What the dataplane must know of a network.
 *
 * @param id small integer below {@link Dataplane#MAX_NETWORKS}, chosen by the caller, free again after removal
 * @param gateways the switch's own addresses, IPv4 first; empty for none
 * @param gatewayMac the gateway's MAC address, low 48 bits
 * @param mtu largest packet in bytes that a member may send, Ethernet header not counted
 * @param internal whether nothing of it reaches the host, and nothing of the host reaches it
 * @param icc whether members may talk to each other; the gateway and the host always may
 * @param transparentVlan whether tagged frames pass (B11); else they are dropped
 * @param groupForwardMask bit i lets 01:80:c2:00:00:0i pass (B4), as the kernel bridge's option of that name
 * @param stormFramesPerSecond broadcast, multicast and unknown unicast frames a port may send (B9), 0 for no limit
 * @param learnedPerPort addresses that may be learned from one port (B7)
 * @param learnedPerNetwork addresses that may be learned in the network (B7)
 */
public record NetworkSettings(
        int id,
        List<GatewayAddress> gateways,
        long gatewayMac,
        int mtu,
        boolean internal,
        boolean icc,
        boolean transparentVlan,
        int groupForwardMask,
        int stormFramesPerSecond,
        int learnedPerPort,
        int learnedPerNetwork) {
    /** Copies the list. */
    public NetworkSettings {
        gateways = List.copyOf(gateways);
    }

    /** A network with one IPv4 subnet, whose members may talk to each other and to the host. */
    public NetworkSettings(
            int id,
            int gateway,
            long gatewayMac,
            int prefixLength,
            int mtu,
            boolean transparentVlan,
            int groupForwardMask,
            int stormFramesPerSecond,
            int learnedPerPort,
            int learnedPerNetwork) {
        this(
                id,
                List.of(new GatewayAddress(Ipv4Address.fromBits(gateway), prefixLength)),
                gatewayMac,
                mtu,
                false,
                true,
                transparentVlan,
                groupForwardMask,
                stormFramesPerSecond,
                learnedPerPort,
                learnedPerNetwork);
    }
}
