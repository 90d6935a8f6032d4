package io.tapswitch.core.dataplane;

import io.tapswitch.tapio.FrameIo;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What one worker knows of every port, as arrays by port id. Owned by that worker: commands change it, frames read it.
 */
final class PortTable {
    /** The port is in no network. */
    static final int NONE = -1;
    /** The port is the host's. */
    static final int HOST = -2;
    /** The port is an uplink. */
    static final int UPLINK = -3;
    /** The port is that of the listener for names. */
    static final int LISTENER = -4;
    /** The port is the TAP by which tunnels to other hosts come and go. */
    static final int TUNNEL = -5;

    private final int[] networks = new int[FrameIo.MAX_PORTS];
    private final long[] macs = new long[FrameIo.MAX_PORTS];
    private final int[] addresses = new int[FrameIo.MAX_PORTS];
    private final long[] addressesHi = new long[FrameIo.MAX_PORTS];
    private final long[] addressesLo = new long[FrameIo.MAX_PORTS];
    private final int[] workers = new int[FrameIo.MAX_PORTS];
    private final int[] generations = new int[FrameIo.MAX_PORTS];
    private final boolean[] up = new boolean[FrameIo.MAX_PORTS];
    private final boolean[] remote = new boolean[FrameIo.MAX_PORTS];
    private final boolean[] guarded = new boolean[FrameIo.MAX_PORTS];
    private final @Nullable CaptureTap[] captures = new CaptureTap[FrameIo.MAX_PORTS];
    private final @Nullable TokenBucket[] storms = new TokenBucket[FrameIo.MAX_PORTS];

    PortTable() {
        Arrays.fill(networks, NONE);
    }

    void add(PortSettings settings, TokenBucket storm) {
        generations[settings.id()]++;
        replace(settings, storm);
    }

    /** Takes over all of a port that stays, in a network that may have other settings. */
    void replace(PortSettings settings, TokenBucket storm) {
        int port = settings.id();
        networks[port] = settings.network();
        workers[port] = settings.worker();
        storms[port] = storm;
        up[port] = true;
        change(settings);
    }

    /** Takes over the addresses and the guard of a port that stays in its network. */
    void change(PortSettings settings) {
        int port = settings.id();
        macs[port] = settings.mac();
        addresses[port] = settings.ipv4() == null ? 0 : settings.ipv4().bits();
        addressesHi[port] = settings.ipv6() == null ? 0 : settings.ipv6().hi();
        addressesLo[port] = settings.ipv6() == null ? 0 : settings.ipv6().lo();
        guarded[port] = settings.sourceGuard();
    }

    /** Adds the host's port, which is in no network and in every one that is not internal. */
    void addHost(int port) {
        addOutside(port, HOST);
    }

    /** Adds an uplink, which is in no network. */
    void addUplink(int port) {
        addOutside(port, UPLINK);
    }

    /** Adds the listener's port, which is in no network and serves every one. */
    void addListener(int port) {
        addOutside(port, LISTENER);
    }

    /** Adds the tunnels' TAP, which is in no network. */
    void addTunnel(int port) {
        addOutside(port, TUNNEL);
    }

    /** Adds another host as a port of a network. */
    void addPeer(int port, int network, TokenBucket storm) {
        generations[port]++;
        networks[port] = network;
        storms[port] = storm;
        remote[port] = true;
        guarded[port] = false;
        up[port] = true;
    }

    private void addOutside(int port, int kind) {
        networks[port] = kind;
        storms[port] = null;
        up[port] = true;
    }

    void remove(int port) {
        networks[port] = NONE;
        CaptureTap tap = captures[port];
        if (tap != null) {
            tap.portGone();
            captures[port] = null;
        }
        storms[port] = null;
        remote[port] = false;
        up[port] = false;
    }

    /** {@return whether the port is another host, behind a tunnel} */
    boolean isRemote(int port) {
        return remote[port];
    }

    /** {@return the port's network, HOST, UPLINK, LISTENER, TUNNEL or NONE} */
    int network(int port) {
        return networks[port];
    }

    boolean isKnown(int port) {
        return networks[port] != NONE;
    }

    /** {@return the worker that has the flows of a container's port, which reads its first queue} */
    int worker(int port) {
        return workers[port];
    }

    /** {@return another number each time that the id is another port's, at this worker} */
    int generation(int port) {
        return generations[port];
    }

    /** {@return where copies of the port's frames go, null for nowhere} */
    @Nullable
    CaptureTap capture(int port) {
        return captures[port];
    }

    /** Copies the frames of a port that is there, from now on. */
    void capture(int port, CaptureTap tap) {
        if (isKnown(port)) {
            captures[port] = tap;
        } else {
            tap.portGone();
        }
    }

    /** Ends that, unless it is another's now. */
    void captureEnd(int port, CaptureTap tap) {
        captures[port] = captures[port] == tap ? null : captures[port];
    }

    long mac(int port) {
        return macs[port];
    }

    /** {@return the port's IPv4 address, 0 for none} */
    int address(int port) {
        return addresses[port];
    }

    /** {@return first half of the port's IPv6 address; both halves are 0 for none} */
    long addressHi(int port) {
        return addressesHi[port];
    }

    /** {@return second half of the port's IPv6 address} */
    long addressLo(int port) {
        return addressesLo[port];
    }

    /** {@return whether the port's link is up, so that somebody can be there} */
    boolean isUp(int port) {
        return up[port];
    }

    void linkUp(int port, boolean isUp) {
        up[port] = isUp && isKnown(port);
    }

    boolean isGuarded(int port) {
        return guarded[port];
    }

    /** {@return whether the port may flood one more frame now (B9)} */
    boolean mayFlood(int port, long nowNs) {
        TokenBucket storm = storms[port];
        return storm == null || storm.tryTake(nowNs);
    }
}
