package io.tapswitch.core.control;

import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.vxlan.SealHeader;
import io.tapswitch.vxlan.VxlanHeader;
import io.tapswitch.wire.EthernetHeader;
import io.tapswitch.wire.Ipv4Header;
import io.tapswitch.wire.TcpHeader;
import io.tapswitch.wire.UdpHeader;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The options of a network that {@code -o} sets, read and within their limits.
 *
 * <p>Where libnetwork has a name for something, it is that one. Of its options that mean nothing here yet, a value that
 * asks for what is done anyway is taken, so that a file written for docker works; one that asks for something else is
 * refused, because nobody would notice that it is not done.
 *
 * @param mtu of the interfaces inside, in bytes
 * @param icc whether members may talk to each other
 * @param transparentVlan whether tagged frames pass (B11)
 * @param groupForwardMask which reserved group addresses pass (B4)
 * @param stormFramesPerSecond limit of what a port may flood (B9), 0 for none
 * @param learnedPerPort addresses that may be learned behind one port (B7)
 * @param learnedPerNetwork addresses that may be learned in the network (B7)
 * @param openMappings whether anybody outside may send to a port that a container has a connection from (N4)
 * @param vni VXLAN network identifier, 0 when nobody chose one
 * @param encrypted whether nothing passes between hosts in clear (V13)
 */
public record NetworkOptions(
        int mtu,
        boolean icc,
        boolean transparentVlan,
        int groupForwardMask,
        int stormFramesPerSecond,
        int learnedPerPort,
        int learnedPerNetwork,
        boolean openMappings,
        int vni,
        boolean encrypted) {
    /** The option of libnetwork's name for the MTU. */
    public static final String MTU = "com.docker.network.driver.mtu";

    /** Whether members may talk to each other, true by default. */
    public static final String ICC = "com.docker.network.bridge.enable_icc";

    /** Whether packets to elsewhere leave with the host's address; true, as always. */
    public static final String MASQUERADE = "com.docker.network.bridge.enable_ip_masquerade";

    /** Which address of the host ports are published on; 0.0.0.0, as always. */
    public static final String HOST_BINDING = "com.docker.network.bridge.host_binding_ipv4";

    /** Name of the kernel's bridge, which does not exist here. */
    public static final String BRIDGE_NAME = "com.docker.network.bridge.name";

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

    /** {@code address-and-port} (default) or {@code endpoint-independent}, the words of RFC 4787 section 5. */
    public static final String FILTERING = "tapswitch.filtering";

    /** Of the driver overlay alone: its VXLAN network identifier. libnetwork's name, of a list of one. */
    public static final String VNI = "com.docker.network.driver.overlay.vxlanid_list";

    /** Of the driver overlay alone: encrypted between hosts. libnetwork's name; it needs no value. */
    public static final String ENCRYPTED = "encrypted";

    /** Half of what a network's forwarding database holds: the other half is for its own containers' addresses. */
    private static final int LEARNED_MAX = 4096;

    /** What holds when no option is given: Ethernet's MTU, and the limits of B7 and B9. */
    public static final NetworkOptions DEFAULT =
            new NetworkOptions(1500, true, false, 0, 10_000, 256, LEARNED_MAX, false, 0, false);

    /** All that can be given. */
    public static final List<String> NAMES = List.of(
            MTU,
            ICC,
            MASQUERADE,
            HOST_BINDING,
            VLAN,
            GROUP_FORWARD_MASK,
            STORM,
            LEARNED_PER_PORT,
            LEARNED_PER_NETWORK,
            FILTERING,
            VNI,
            ENCRYPTED);

    /** Bytes that an outer packet has for all pieces: an IP packet's most, less the headers of IPv4 and UDP. */
    private static final int OUTER_ROOM = 0xFFFF - Ipv4Header.MIN_LENGTH - UdpHeader.LENGTH;
    /** IPv4, TCP, and its timestamps; where headers are longer or shorter, as many pieces fit, or one less. */
    private static final int TCP_HEADERS = Ipv4Header.MIN_LENGTH + TcpHeader.MIN_LENGTH + 12;
    /** What Linux leaves out of the length for all headers there could be (MAX_TCP_HEADER + 1). */
    private static final int KERNEL_ROOM = 321;

    private static final int SUPER_FRAME_MAX = 65_536;
    /** Ethernet's MTU without the outer headers of a tunnel over IPv4: where {@link UnderlayMtu} knows none (O10). */
    private static final int OVERLAY_MTU = 1450;

    /** Below are those that people number by hand; libnetwork's own begin here too. */
    private static final int VNI_MAX = (1 << 24) - 1;

    /** RFC 791: every host must take 68 bytes without fragmenting. */
    private static final int MTU_MIN = 68;

    /** RFC 8200 section 5: a link that carries IPv6 carries 1280 bytes; Linux takes IPv6 off a device with less. */
    static final int MTU_MIN_IPV6 = 1280;

    /** Jumbo frames as switches in hardware carry them. */
    private static final int MTU_MAX = 9000;

    /** 01:80:C2:00:00:01 is PAUSE of the link itself (IEEE 802.3x), which means nothing on another link. */
    private static final int PAUSE_BIT = 1 << 1;

    private static final int STORM_MAX = 100_000_000;

    /**
     * Reads options.
     *
     * @param driver of the network
     * @param options what a person wrote after {@code -o}
     * @param ipv6 whether IPv6 must work with them
     * @return the options; a key or value that has no meaning is refused by name
     */
    public static NetworkOptions parse(Driver driver, Map<String, String> options, boolean ipv6) {
        NetworkOptions read = parse(driver, options);
        if (ipv6) {
            read.requireIpv6();
        }
        return read;
    }

    /** {@return the options of a network} */
    static NetworkOptions of(Network network) {
        return parse(network.driver(), network.options());
    }

    static NetworkOptions parse(Driver driver, Map<String, String> options) {
        Reader reader = new Reader(driver);
        new TreeMap<>(options).forEach(reader::read);
        if (reader.encrypted && !options.containsKey(MTU)) {
            reader.mtu -= SealHeader.OVERHEAD;
        }
        return reader.options();
    }

    /** {@return the nearest to an MTU that a network can have} */
    static int possibleMtu(int mtu, boolean ipv6) {
        return Math.clamp(mtu, ipv6 ? MTU_MIN_IPV6 : MTU_MIN, MTU_MAX);
    }

    /**
     * {@return most bytes of the super-frames of a container's TCP, 0 for as many as its kernel likes} Those of an
     * encrypted network are cut into pieces, which leave in one write if one outer packet has room for all. As long as
     * the kernel makes them, a few pieces would be left each time and go the whole way alone.
     */
    int superFrameLength() {
        if (!encrypted) {
            return 0;
        }
        int piece = VxlanHeader.LENGTH + SealHeader.OVERHEAD + EthernetHeader.LENGTH + mtu;
        int pieces = Math.clamp(OUTER_ROOM / piece, 1, SealHeader.MAX_PIECES);
        return Math.min(pieces * (mtu - TCP_HEADERS) + KERNEL_ROOM, SUPER_FRAME_MAX);
    }

    private void requireIpv6() {
        if (mtu < MTU_MIN_IPV6) {
            throw Refusal.badInput("invalid value \"" + mtu + "\" for " + MTU + ": a network with IPv6 needs at least "
                    + MTU_MIN_IPV6 + " (RFC 8200); give a larger MTU, or no IPv6 subnet");
        }
    }

    /** Collects the options one by one. */
    private static final class Reader {
        private final Driver driver;
        private int mtu;
        private boolean icc = DEFAULT.icc;
        private boolean transparentVlan = DEFAULT.transparentVlan;
        private int groupForwardMask = DEFAULT.groupForwardMask;
        private int stormFramesPerSecond = DEFAULT.stormFramesPerSecond;
        private int learnedPerPort = DEFAULT.learnedPerPort;
        private int learnedPerNetwork = DEFAULT.learnedPerNetwork;
        private boolean openMappings = DEFAULT.openMappings;
        private int vni = DEFAULT.vni;
        private boolean encrypted = DEFAULT.encrypted;

        Reader(Driver driver) {
            this.driver = driver;
            mtu = driver == Driver.OVERLAY ? OVERLAY_MTU : DEFAULT.mtu;
        }

        void read(String key, String text) {
            switch (key) {
                case MTU, UnderlayMtu.OPTION -> mtu = number(key, text, MTU_MIN, MTU_MAX);
                case ICC -> icc = isTrue(key, text);
                case MASQUERADE -> requireAsAlways(isTrue(key, text), key, text);
                case HOST_BINDING -> requireAsAlways(text.equals("0.0.0.0"), key, text);
                case VLAN -> transparentVlan = isTransparent(text);
                case GROUP_FORWARD_MASK -> groupForwardMask = mask(text);
                case STORM -> stormFramesPerSecond = number(key, text, 0, STORM_MAX);
                case LEARNED_PER_PORT -> learnedPerPort = number(key, text, 0, LEARNED_MAX);
                case LEARNED_PER_NETWORK -> learnedPerNetwork = number(key, text, 0, LEARNED_MAX);
                case FILTERING -> openMappings = isOpen(text);
                case VNI -> vni = vni(text);
                case ENCRYPTED -> encrypted = isEncrypted(text);
                case BRIDGE_NAME ->
                    throw Refusal.badInput("network option " + key + " has no meaning: the switch is no device of the"
                            + " kernel that could be named " + text + "; leave the option out");
                default -> throw unknown(key);
            }
        }

        NetworkOptions options() {
            return new NetworkOptions(
                    mtu,
                    icc,
                    transparentVlan,
                    groupForwardMask,
                    stormFramesPerSecond,
                    learnedPerPort,
                    learnedPerNetwork,
                    openMappings,
                    vni,
                    encrypted);
        }

        private int vni(String text) {
            requireOverlay(VNI);
            return number(VNI, text, 1, VNI_MAX);
        }

        private boolean isEncrypted(String text) {
            requireOverlay(ENCRYPTED);
            return text.isEmpty() || isTrue(ENCRYPTED, text);
        }

        private void requireOverlay(String option) {
            if (driver != Driver.OVERLAY) {
                throw Refusal.badInput("network option " + option + " is for networks of the driver overlay: give"
                        + " '--driver overlay', or leave it out");
            }
        }
    }

    static Refusal unknown(String key) {
        // Words of libnetwork that later versions may know are not mistakes of the writer.
        return key.startsWith("com.docker.network.")
                ? Refusal.notInThisVersion("network option " + key)
                : Refusal.badInput("unknown network option " + key + ": known are " + String.join(", ", NAMES));
    }

    private static void requireAsAlways(boolean asAlways, String key, String text) {
        if (!asAlways) {
            throw Refusal.notInThisVersion("network option " + key + "=" + text);
        }
    }

    private static boolean isOpen(String text) {
        return switch (text) {
            case "address-and-port" -> false;
            case "endpoint-independent" -> true;
            default ->
                throw Refusal.badInput("invalid value \"" + text + "\" for " + FILTERING
                        + ": must be address-and-port or endpoint-independent");
        };
    }

    /** The words that Go's strconv.ParseBool takes, which docker reads its options with. */
    private static boolean isTrue(String key, String text) {
        return switch (text) {
            case "1", "t", "T", "true", "TRUE", "True" -> true;
            case "0", "f", "F", "false", "FALSE", "False" -> false;
            default -> throw Refusal.badInput("invalid value \"" + text + "\" for " + key + ": must be true or false");
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
}
