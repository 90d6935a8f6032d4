package io.tapswitch.core.ipam;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.IpPrefix;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv4Prefix;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.Ipv6Prefix;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;

/**
 * Where the subnet of a network comes from that was given none. IPv4 as docker's ipamutils: 172.17.0.0/16 to
 * 172.31.0.0/16, then 192.168.0.0/16 in pieces of /20 (A-IPAM-01); for overlays 10.0.0.0/8 in pieces of /24. IPv6 as
 * docker since 27: the /64s of one /48 of unique local addresses (RFC 4193) that is the same for the installation's
 * whole life and unlike that of others.
 */
public final class DefaultPools {
    /** RFC 4193 section 3.1: 8 bits of prefix, 40 of global id. */
    private static final int LOCAL_LENGTH = 48;

    private static final int OVERLAY_LENGTH = 24;
    private static final int LOCAL_SUBNET_LENGTH = 64;
    private static final int LOCAL_SUBNETS = 1 << (LOCAL_SUBNET_LENGTH - LOCAL_LENGTH);

    private DefaultPools() {}

    /**
     * {@return the /48 of an installation (RFC 4193 section 3.2.2: a hash is random enough for the global id)}
     *
     * @param identity tells the installation from others, such as the machine's id and the state directory
     */
    public static Ipv6Prefix localPool(String identity) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest(("tapswitch unique local addresses of " + identity).getBytes(StandardCharsets.UTF_8));
            long globalId = ByteBuffer.wrap(hash).getLong() >>> 24;
            return new Ipv6Prefix(Ipv6Address.fromBits(0xfdL << 56 | globalId << 16, 0), LOCAL_LENGTH);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** {@return the first IPv4 pool that is free} */
    static Ipv4Prefix pickIpv4(Collection<Taken> taken) {
        for (int second = 17; second <= 31; second++) {
            Ipv4Prefix pool = new Ipv4Prefix(Ipv4Address.fromBits(172 << 24 | second << 16), 16);
            if (isFree(pool, taken)) {
                return pool;
            }
        }
        for (int third = 0; third < 256; third += 16) {
            Ipv4Prefix pool = new Ipv4Prefix(Ipv4Address.fromBits(192 << 24 | 168 << 16 | third << 8), 20);
            if (isFree(pool, taken)) {
                return pool;
            }
        }
        throw exhausted("IPv4");
    }

    /** {@return the first /24 of 10.0.0.0/8 that is free, as docker's for networks that span hosts (A-OVL-04)} */
    static Ipv4Prefix pickOverlay(Collection<Taken> taken) {
        for (int third = 0; third < 1 << (OVERLAY_LENGTH - 8); third++) {
            Ipv4Prefix pool = new Ipv4Prefix(Ipv4Address.fromBits((10 << 24) | (third << 8)), OVERLAY_LENGTH);
            if (isFree(pool, taken)) {
                return pool;
            }
        }
        throw exhausted("IPv4");
    }

    /** {@return the first /64 of the installation's /48 that is free} */
    static Ipv6Prefix pickIpv6(Ipv6Prefix localPool, Collection<Taken> taken) {
        for (int subnet = 0; subnet < LOCAL_SUBNETS; subnet++) {
            Ipv6Address network = Ipv6Address.fromBits(localPool.network().hi() | subnet, 0);
            Ipv6Prefix pool = new Ipv6Prefix(network, LOCAL_SUBNET_LENGTH);
            if (isFree(pool, taken)) {
                return pool;
            }
        }
        throw exhausted("IPv6");
    }

    private static boolean isFree(IpPrefix pool, Collection<Taken> taken) {
        for (Taken block : taken) {
            if (block.prefix().intersects(pool)) {
                return false;
            }
        }
        return true;
    }

    private static Refusal exhausted(String family) {
        return Refusal.conflict(
                "pools_exhausted",
                "could not find an available, non-overlapping " + family + " address pool among the defaults"
                        + " to assign to the network: give one with --subnet");
    }
}
