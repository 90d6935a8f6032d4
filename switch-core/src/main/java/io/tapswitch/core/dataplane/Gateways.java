package io.tapswitch.core.dataplane;

import static io.tapswitch.core.dataplane.SubnetTable.hostBits;

import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.MacAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * The switch's own addresses in a network, as arrays that a frame's addresses are compared with: those that were
 * configured, and the IPv6 link-local address of the gateway's MAC. A network has a handful, so a loop finds them.
 * Immutable.
 */
final class Gateways {
    /** No addresses, but the link-local one of no MAC address. */
    static final Gateways NONE = new Gateways(List.of(), 0);

    private static final int LINK_LOCAL_PREFIX = 0x3fa;

    private final int[] ipv4;
    private final int[] hostBits4;
    private final long[] ipv6Hi;
    private final long[] ipv6Lo;
    private final long[] hostBitsHi;
    private final long[] hostBitsLo;

    /** Addresses of these subnets, on an interface with this MAC address. The link-local address is the last. */
    Gateways(List<GatewayAddress> addresses, long mac) {
        List<GatewayAddress> four = new ArrayList<>();
        List<GatewayAddress> six = new ArrayList<>();
        for (GatewayAddress gateway : addresses) {
            (gateway.address().isIpv6() ? six : four).add(gateway);
        }
        six.add(new GatewayAddress(Ipv6Address.linkLocalOf(MacAddress.fromBits(mac)), Long.SIZE));
        ipv4 = new int[four.size()];
        hostBits4 = new int[four.size()];
        for (int i = 0; i < ipv4.length; i++) {
            ipv4[i] = bits(four.get(i));
            hostBits4[i] = (int) (0xffff_ffffL >>> four.get(i).prefixLength());
        }
        ipv6Hi = new long[six.size()];
        ipv6Lo = new long[six.size()];
        hostBitsHi = new long[six.size()];
        hostBitsLo = new long[six.size()];
        for (int i = 0; i < ipv6Hi.length; i++) {
            GatewayAddress gateway = six.get(i);
            ipv6Hi[i] = six(gateway).hi();
            ipv6Lo[i] = six(gateway).lo();
            hostBitsHi[i] = hostBits(gateway.prefixLength());
            hostBitsLo[i] = hostBits(gateway.prefixLength() - Long.SIZE);
        }
    }

    private static int bits(GatewayAddress gateway) {
        return ((Ipv4Address) gateway.address()).bits();
    }

    private static Ipv6Address six(GatewayAddress gateway) {
        return (Ipv6Address) gateway.address();
    }

    /** {@return whether the address is the gateway's} */
    boolean isOwn(int address) {
        return indexOf(address) >= 0;
    }

    /** {@return whether the address is the gateway's} */
    boolean isOwn(long hi, long lo) {
        return indexOf(hi, lo) >= 0;
    }

    /** {@return index of the gateway's address, for {@link #address}; -1 when it is none} */
    int indexOf(int address) {
        for (int i = 0; i < ipv4.length; i++) {
            if (ipv4[i] == address) {
                return i;
            }
        }
        return -1;
    }

    /** {@return index of the gateway's address, for {@link #hi} and {@link #lo}; -1 when it is none} */
    int indexOf(long hi, long lo) {
        for (int i = 0; i < ipv6Hi.length; i++) {
            if (ipv6Hi[i] == hi && ipv6Lo[i] == lo) {
                return i;
            }
        }
        return -1;
    }

    /** {@return how many IPv4 addresses the gateway has} */
    int size4() {
        return ipv4.length;
    }

    /** {@return how many IPv6 addresses the gateway has, the link-local one with them} */
    int size6() {
        return ipv6Hi.length;
    }

    int address(int index) {
        return ipv4[index];
    }

    /** {@return whether the address is the directed broadcast address of a subnet} */
    boolean isBroadcast(int address) {
        for (int i = 0; i < ipv4.length; i++) {
            // A /31 and a /32 have none (RFC 3021).
            boolean hasBroadcast = Integer.bitCount(hostBits4[i]) > 1;
            if (hasBroadcast && (ipv4[i] | hostBits4[i]) == address) {
                return true;
            }
        }
        return false;
    }

    /** {@return whether the address is of one of the network's subnets} */
    boolean isOnLink(int address) {
        return subnetOf(address) >= 0;
    }

    /** {@return whether the address is of one of the network's subnets, or link-local} */
    boolean isOnLink(long hi, long lo) {
        return isLinkLocal(hi) || subnetOf(hi, lo) >= 0;
    }

    static boolean isLinkLocal(long hi) {
        return hi >>> 54 == LINK_LOCAL_PREFIX;
    }

    /** {@return the gateway's address in the subnet of an address, or its first; 0 when it has none} */
    int nearest(int address) {
        int subnet = subnetOf(address);
        return ipv4.length == 0 ? 0 : ipv4[Math.max(0, subnet)];
    }

    /** {@return index of the gateway's address in the subnet of an address, or of its first, for the next two} */
    int nearest(long hi, long lo) {
        return Math.max(0, subnetOf(hi, lo));
    }

    long hi(int index) {
        return ipv6Hi[index];
    }

    long lo(int index) {
        return ipv6Lo[index];
    }

    private int subnetOf(int address) {
        for (int i = 0; i < ipv4.length; i++) {
            if (((address ^ ipv4[i]) & ~hostBits4[i]) == 0) {
                return i;
            }
        }
        return -1;
    }

    private int subnetOf(long hi, long lo) {
        for (int i = 0; i < ipv6Hi.length; i++) {
            if ((((hi ^ ipv6Hi[i]) & ~hostBitsHi[i]) | ((lo ^ ipv6Lo[i]) & ~hostBitsLo[i])) == 0) {
                return i;
            }
        }
        return -1;
    }
}
