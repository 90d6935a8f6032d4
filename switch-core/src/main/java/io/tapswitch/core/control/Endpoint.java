package io.tapswitch.core.control;

/**
 * A container's place in a network: an interface inside, a port at the switch.
 *
 * @param id 64 hex digits, new with every attachment
 * @param networkId of its network
 * @param networkName of its network
 * @param containerId of its container
 * @param containerName of its container
 * @param address its IPv4 address
 * @param prefixLength of the network's subnet
 * @param gateway of the network
 * @param mac made of the address
 * @param interfaceName inside the container; follows renames
 * @param port its id in the dataplane
 * @param worker that reads its first queue
 * @param queues of its device
 */
public record Endpoint(
        String id,
        String networkId,
        String networkName,
        String containerId,
        String containerName,
        int address,
        int prefixLength,
        int gateway,
        long mac,
        String interfaceName,
        int port,
        int worker,
        int queues) {
    Endpoint withInterfaceName(String name) {
        return new Endpoint(
                id,
                networkId,
                networkName,
                containerId,
                containerName,
                address,
                prefixLength,
                gateway,
                mac,
                name,
                port,
                worker,
                queues);
    }
}
