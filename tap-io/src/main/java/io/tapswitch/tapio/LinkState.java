package io.tapswitch.tapio;

/**
 * What the kernel says of a link at one moment.
 *
 * @param namespaceId the id (nsid) by which the daemon's namespace knows the link's; -1 for the daemon's own
 * @param index the link's index there
 * @param name its name there
 * @param kind what made it, such as {@code tun} or {@code veth}; empty for a physical device
 * @param adminUp set up by somebody (IFF_UP)
 * @param carrier able to carry frames (IFF_LOWER_UP)
 * @param mtuBytes its MTU
 * @param macAddress its MAC address in the low 48 bits, 0 when it has none of that size
 */
public record LinkState(
        int namespaceId,
        int index,
        String name,
        String kind,
        boolean adminUp,
        boolean carrier,
        int mtuBytes,
        long macAddress) {
    /** {@return whether it is in the daemon's own namespace} */
    public boolean isHere() {
        return namespaceId == LinkLocator.OWN;
    }

    /** {@return whether frames can pass} */
    public boolean up() {
        return adminUp && carrier;
    }
}
