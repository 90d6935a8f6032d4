package io.tapswitch.core.dataplane;

import java.util.List;

/**
 * What the dataplane must know of a port: a container's TAP.
 *
 * @param id small integer below {@link io.tapswitch.tapio.FrameIo#MAX_PORTS}, chosen by the caller
 * @param network id of its network
 * @param worker index of the worker that reads it; of the first queue where there are several
 * @param fds the TAP's open files, one a queue; queue i is read by worker (worker + i) mod workers
 * @param mac the endpoint's MAC address, pinned to the port
 * @param address the endpoint's IPv4 address, or 0
 * @param sourceGuard whether frames with another source MAC, IPv4 or ARP sender address are dropped (B12)
 */
public record PortSettings(
        int id, int network, int worker, List<Integer> fds, long mac, int address, boolean sourceGuard) {}
