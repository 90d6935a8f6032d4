package io.tapswitch.core.dataplane;

import io.tapswitch.tapio.FrameIo;
import java.util.Arrays;

/**
 * One network as one worker sees it: its settings, its forwarding database and its members. Owned by that worker.
 *
 * <p>The members are an array that is replaced when it changes, so that flooding walks it without a check. A port whose
 * link is down is not a member: nothing is flooded to it.
 */
final class Bridge {
    /** Addresses that can be learned in a network, whatever it is set to. */
    static final int LEARNED_CAPACITY = 8192;
    /** Addresses that its forwarding database can hold: however many are learned, each port's own has a place. */
    static final int FDB_CAPACITY = LEARNED_CAPACITY + FrameIo.MAX_PORTS;
    /** How long a learned address lives without being seen (802.1D). */
    static final long AGEING_MS = 300_000;
    /** Answers per second that a gateway gives, and how many at once. */
    private static final int GATEWAY_ANSWERS_PER_SECOND = 10_000;

    private static final int GATEWAY_BURST = 1_000;
    /** ICMP errors per second that a network's members get, and how many at once (RFC 1812 section 4.3.2.8). */
    private static final int ERRORS_PER_SECOND = 1_000;

    private static final int ERRORS_BURST = 100;

    /** No ports. */
    static final int[] NOBODY = {};

    final int network;
    final Gateways gateways;
    final long gatewayMac;
    final int mtu;
    final boolean internal;
    /** Whether members may talk to each other. */
    final boolean icc;

    final boolean transparentVlan;
    final int groupForwardMask;
    final int stormFramesPerSecond;
    /** Index of the worker that owns the gateway's state. */
    final int gatewayWorker;

    final Fdb fdb;
    final TokenBucket gatewayAnswers;
    /** What an ICMP error costs: of the gateway, at its worker; about an address that nobody has, at each worker. */
    final TokenBucket errors;
    /** Whether some address could not be told to the other workers because a ring was full. */
    boolean shareRetry;

    int[] members = NOBODY;
    /** The other hosts that the network reaches, as ports. */
    int[] peers = NOBODY;
    /** Whether others may be behind those than the control plane knows. */
    boolean learns;
    /** Whose addresses are known: what ARP and neighbour discovery are answered from (B12). */
    NeighbourTable neighbours = NeighbourTable.EMPTY;

    Bridge(NetworkSettings settings, int workers) {
        network = settings.id();
        gatewayMac = settings.gatewayMac();
        gateways = new Gateways(settings.gateways(), settings.gatewayMac());
        mtu = settings.mtu();
        internal = settings.internal();
        icc = settings.icc();
        transparentVlan = settings.transparentVlan();
        // PAUSE frames (...:01) are for the link alone, whatever is configured.
        groupForwardMask = settings.groupForwardMask() & ~0b10;
        stormFramesPerSecond = settings.stormFramesPerSecond();
        gatewayWorker = settings.id() % workers;
        int learned = Math.min(settings.learnedPerNetwork(), LEARNED_CAPACITY);
        fdb = new Fdb(FDB_CAPACITY, settings.learnedPerPort(), learned, workers > 1);
        gatewayAnswers = new TokenBucket(GATEWAY_ANSWERS_PER_SECOND, GATEWAY_BURST);
        errors = new TokenBucket(ERRORS_PER_SECOND, ERRORS_BURST);
    }

    void addMember(int port) {
        if (!isMember(port)) {
            int[] grown = Arrays.copyOf(members, members.length + 1);
            grown[members.length] = port;
            members = grown;
        }
    }

    void removeMember(int port) {
        int index = indexOf(port);
        if (index >= 0) {
            int[] shrunk = Arrays.copyOf(members, members.length - 1);
            System.arraycopy(members, index + 1, shrunk, index, shrunk.length - index);
            members = shrunk;
        }
    }

    boolean isMember(int port) {
        return indexOf(port) >= 0;
    }

    private int indexOf(int port) {
        for (int i = 0; i < members.length; i++) {
            if (members[i] == port) {
                return i;
            }
        }
        return -1;
    }
}
