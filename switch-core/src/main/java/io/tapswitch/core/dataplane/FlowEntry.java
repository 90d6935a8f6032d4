package io.tapswitch.core.dataplane;

import io.tapswitch.wire.IpAddress;

/**
 * A flow across NAT, as the control plane sees it.
 *
 * @param worker whose it is
 * @param inbound whether it began outside, at a published port
 * @param protocol IP protocol number
 * @param network id of the container's network
 * @param endpoint id of the container's port
 * @param rule id of the publication, of an inbound flow
 * @param inside the container's address
 * @param insidePort its port
 * @param outside the host's address, also when the host has lost it since
 * @param outsidePort its port
 * @param peer the other side's address
 * @param peerPort its port
 * @param state the protocol's state, as a number of {@link io.tapswitch.nat.TcpState} for TCP
 * @param packetsToPeer from the container
 * @param bytesToPeer from the container
 * @param packetsToInside to the container
 * @param bytesToInside to the container
 * @param idleMs since the last packet
 */
public record FlowEntry(
        int worker,
        boolean inbound,
        int protocol,
        int network,
        int endpoint,
        int rule,
        IpAddress inside,
        int insidePort,
        IpAddress outside,
        int outsidePort,
        IpAddress peer,
        int peerPort,
        int state,
        long packetsToPeer,
        long bytesToPeer,
        long packetsToInside,
        long bytesToInside,
        long idleMs) {}
