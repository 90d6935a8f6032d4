package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.NetworkSettings;
import io.tapswitch.core.model.Refusal;
import java.util.Map;
import java.util.TreeMap;

/**
 * The options of a network that {@code -o} sets, read and within their limits.
 *
 * @param mtu of the interfaces inside, in bytes
 * @param transparentVlan whether tagged frames pass (B11)
 * @param groupForwardMask which reserved group addresses pass (B4)
 * @param stormFramesPerSecond limit of what a port may flood (B9), 0 for none
 * @param learnedPerPort addresses that may be learned behind one port (B7)
 * @param learnedPerNetwork addresses that may be learned in the network (B7)
 */
public record NetworkOptions(
        int mtu,
        boolean transparentVlan,
        int groupForwardMask,
        int stormFramesPerSecond,
        int learnedPerPort,
        int learnedPerNetwork) {
    /** The option of libnetwork's name for the MTU. */
    public static final String MTU = "com.docker.network.driver.mtu";

    /** {@code drop} (default) or {@code transparent}. */
    public static final String VLAN = "tapswitch.vlan";

    /** Bit mask, decimal or 0x. */
    public static final String GROUP_FORWARD_MASK = "tapswitch.group-forward-mask";

    /** Frames a second, 0 for no limit. */
    public static final String STORM = "tapswitch.storm-pps";

    /** Number of addresses. */
    public static final String LEARNED_PER_PORT = "tapswitch.learned-per-port";

    /** Number of addresses. */
    public static final String LEARNED_PER_NETWORK = "tapswitch.learned-per-network";

    /** Half of what a network's forwarding database holds: the other half is for its own containers' addresses. */
    private static final int LEARNED_MAX = 4096;

    /** What holds when no option is given: Ethernet's MTU, and the limits of B7 and B9. */
    public static final NetworkOptions DEFAULT = new NetworkOptions(1500, false, 0, 10_000, 256, LEARNED_MAX);

    /** RFC 791: every host must take 68 bytes without fragmenting. */
    private static final int MTU_MIN = 68;

    /** Jumbo frames as switches in hardware carry them. */
    private static final int MTU_MAX = 9000;

    /** 01:80:C2:00:00:01 is PAUSE of the link itself (IEEE 802.3x), which means nothing on another link. */
    private static final int PAUSE_BIT = 1 << 1;

    private static final int STORM_MAX = 100_000_000;

    /**
     * Reads options.
     *
     * @param options what a person wrote after {@code -o}
     * @return the options; a key or value that has no meaning is refused by name
     */
    public static NetworkOptions parse(Map<String, String> options) {
        NetworkOptions read = DEFAULT;
        for (Map.Entry<String, String> option : new TreeMap<>(options).entrySet()) {
            read = read.with(option.getKey(), option.getValue());
        }
        return read;
    }

    private NetworkOptions with(String key, String text) {
        int flood = stormFramesPerSecond;
        return switch (key) {
            case MTU ->
                new NetworkOptions(
                        number(key, text, MTU_MIN, MTU_MAX),
                        transparentVlan,
                        groupForwardMask,
                        flood,
                        learnedPerPort,
                        learnedPerNetwork);
            case VLAN ->
                new NetworkOptions(
                        mtu, isTransparent(text), groupForwardMask, flood, learnedPerPort, learnedPerNetwork);
            case GROUP_FORWARD_MASK ->
                new NetworkOptions(mtu, transparentVlan, mask(text), flood, learnedPerPort, learnedPerNetwork);
            case STORM ->
                new NetworkOptions(
                        mtu,
                        transparentVlan,
                        groupForwardMask,
                        number(key, text, 0, STORM_MAX),
                        learnedPerPort,
                        learnedPerNetwork);
            case LEARNED_PER_PORT ->
                new NetworkOptions(
                        mtu,
                        transparentVlan,
                        groupForwardMask,
                        flood,
                        number(key, text, 0, LEARNED_MAX),
                        learnedPerNetwork);
            case LEARNED_PER_NETWORK ->
                new NetworkOptions(
                        mtu,
                        transparentVlan,
                        groupForwardMask,
                        flood,
                        learnedPerPort,
                        number(key, text, 0, LEARNED_MAX));
            default -> throw Refusal.notInThisVersion("network option " + key);
        };
    }

    private static boolean isTransparent(String text) {
        return switch (text) {
            case "drop" -> false;
            case "transparent" -> true;
            default ->
                throw Refusal.badInput("invalid value \"" + text + "\" for " + VLAN + ": must be drop or transparent");
        };
    }

    private static int mask(String text) {
        int mask = number(GROUP_FORWARD_MASK, text, 0, 0xFFFF);
        if ((mask & PAUSE_BIT) != 0) {
            throw Refusal.badInput("invalid value \"" + text + "\" for " + GROUP_FORWARD_MASK
                    + ": bit 1 (PAUSE frames) is never forwarded");
        }
        return mask;
    }

    private static int number(String key, String text, int min, int max) {
        try {
            long value = text.startsWith("0x") ? Long.parseLong(text.substring(2), 16) : Long.parseLong(text);
            if (value >= min && value <= max) {
                return (int) value;
            }
        } catch (NumberFormatException e) {
            // Falls to the refusal below, which says what is allowed.
        }
        throw Refusal.badInput(
                "invalid value \"" + text + "\" for " + key + ": must be a number from " + min + " to " + max);
    }

    /** {@return what the dataplane must know of a network with these options} */
    NetworkSettings settings(int index, int gateway, int prefixLength) {
        return new NetworkSettings(
                index,
                gateway,
                Ipv4.mac(gateway),
                prefixLength,
                mtu,
                transparentVlan,
                groupForwardMask,
                stormFramesPerSecond,
                learnedPerPort,
                learnedPerNetwork);
    }
}
