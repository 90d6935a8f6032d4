package io.tapswitch.core.dataplane;

/**
 * What the dataplane must know of a network.
 *
 * @param id small integer below {@link Dataplane#MAX_NETWORKS}, chosen by the caller, free again after removal
 * @param gatewayAddress the gateway's IPv4 address, or 0 for none
 * @param gatewayMac the gateway's MAC address, low 48 bits
 * @param prefixLength of the gateway's subnet
 * @param mtu largest packet in bytes that a member may send, Ethernet header not counted
 * @param transparentVlan whether tagged frames pass (B11); else they are dropped
 * @param groupForwardMask bit i lets 01:80:c2:00:00:0i pass (B4), as the kernel bridge's option of that name
 * @param stormFramesPerSecond broadcast, multicast and unknown unicast frames a port may send (B9), 0 for no limit
 * @param learnedPerPort addresses that may be learned from one port (B7)
 * @param learnedPerNetwork addresses that may be learned in the network (B7)
 */
public record NetworkSettings(
        int id,
        int gatewayAddress,
        long gatewayMac,
        int prefixLength,
        int mtu,
        boolean transparentVlan,
        int groupForwardMask,
        int stormFramesPerSecond,
        int learnedPerPort,
        int learnedPerNetwork) {}
