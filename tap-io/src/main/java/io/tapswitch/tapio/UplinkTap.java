package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Rtnetlink;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/**
 * The TAP that stands beside a device of the host: what {@link Steering} takes from the device is read here, and what
 * the switch writes here leaves by the device.
 *
 * <p><b>Theory of operation.</b> It is a TAP in the daemon's namespace with one queue for each worker, by which a frame
 * comes to the worker that owns its port ({@link Steering#queueByOwner}). The host's stack shall neither see nor use
 * it: it has no address, no IPv6, asks for no neighbours, and nothing queues in front of it. Queueless it is set before
 * it is up, because a device of 256 queues would get 256 queueing disciplines (0.24 MB in place of 6.6 MB, measured).
 *
 * <p>Frames of any size pass. The largest MTU of a TAP is 65 521 (MAX_MTU less the Ethernet header, drivers/net/tun.c),
 * that of lo 65 536; but the MTU binds only what the host's stack would send here, and neither a redirected frame nor
 * one that we write is measured against it. A read must have room for {@link #LONGEST_FRAME} bytes.
 *
 * <p><b>Outliving.</b> The device is persistent. Its files are to be kept in a {@link FdVault}, from where the next
 * process {@link #adopt}s them; with more workers than before it asks for more queues ({@link #queues}), and tells the
 * vault; queues that it needs no more stay open, but no frame comes through them. A device whose files were lost
 * reaches nobody: it is found by its alias and deleted ({@link #deleteAbandoned}).
 *
 * <p>A {@link TunnelTap} is one of these too, with another header in front of its frames.
 *
 * <p>Limits: {@link TapOptions#MAX_QUEUES} queues. Made and given queues on a thread that is in the daemon's namespace.
 * Any thread may call.
 */
public final class UplinkTap implements AutoCloseable {
    /** The MTU that it gets, the largest that a TAP takes. */
    public static final int MTU = 65_521;
    /** Bytes of the longest frame that can come: virtio header, Ethernet header, packet of lo's MTU. */
    public static final int LONGEST_FRAME = TapDevice.HEADER_LENGTH + 14 + 65_536;
    /** Longest alias in bytes (IFALIASZ of linux/if.h, less the zero). */
    public static final int MAX_ALIAS_LENGTH = 255;

    private static final Path IPV6_SETTINGS = Path.of("/proc/sys/net/ipv6/conf");

    private final TapDevice tap;

    private UplinkTap(TapDevice tap) {
        this.tap = tap;
    }

    /**
     * Makes a persistent one, up.
     *
     * @param namePattern its name, with {@code %d} where the kernel shall put the first free number
     * @param queues how many workers read it
     * @param alias what people read of it in {@code ip link}, and by which it is found when its files are lost
     * @throws DeviceException when it cannot be made; nothing is left then
     */
    public static UplinkTap create(String namePattern, int queues, String alias) {
        return create(namePattern, queues, alias, TapDevice.HEADER_LENGTH);
    }

    static UplinkTap create(String namePattern, int queues, String alias, int headerLength) {
        if (alias.getBytes(StandardCharsets.UTF_8).length > MAX_ALIAS_LENGTH) {
            throw new IllegalArgumentException(
                    "an alias of a link has at most " + MAX_ALIAS_LENGTH + " bytes: '" + alias + "'");
        }
        TapDevice tap = TapDevice.createMultiQueue(namePattern, queues, headerLength);
        try (RouteSocket kernel = RouteSocket.open()) {
            String name = tap.name();
            int index = indexOf(kernel, name);
            kernel.setLink(index, MTU, tap.options().txQueueLength(), alias);
            kernel.queueingDiscipline(index, "noqueue");
            withoutIpv6(name);
            Steering.queueByOwner(tap.fds()[0]);
            kernel.setFlags(index, Rtnetlink.IFF_UP | Rtnetlink.IFF_NOARP);
            // Last, so that it is gone when something before failed.
            tap.persist(true);
            return new UplinkTap(tap);
        } catch (RuntimeException e) {
            tap.close();
            throw e;
        }
    }

    /**
     * Takes over one that an earlier process made, as its files came out of a {@link FdVault}.
     *
     * @param files all of it; they are this object's from now on, unless this throws
     * @throws DeviceException with EBADFD when it is gone
     */
    public static UplinkTap adopt(List<Integer> files) {
        return adopt(files, TapDevice.HEADER_LENGTH);
    }

    static UplinkTap adopt(List<Integer> files, int headerLength) {
        TapDevice tap = TapDevice.adopt(files);
        if (tap.headerLength() != headerLength) {
            throw new DeviceException("the TAP '" + tap.name() + "' has headers of " + tap.headerLength()
                    + " bytes in front of its frames, not of " + headerLength);
        }
        // Of an older version perhaps, whose program said something else.
        Steering.queueByOwner(files.get(0));
        return new UplinkTap(tap);
    }

    /**
     * Deletes those with this alias in the calling thread's namespace: what an earlier process left whose files are
     * lost. None may be in use.
     *
     * @param alias not empty, for most devices of others have none
     * @return how many there were
     */
    public static int deleteAbandoned(String alias) {
        if (alias.isEmpty()) {
            throw new IllegalArgumentException("without an alias our TAPs cannot be told from those of others");
        }
        return deleteWhere(alias::equals);
    }

    /** Deletes those whose alias begins so, as {@link #deleteAbandoned} does: all of one owner. */
    public static int deleteAllOf(String beginOfAlias) {
        if (beginOfAlias.isEmpty()) {
            throw new IllegalArgumentException("all aliases begin with nothing");
        }
        return deleteWhere(alias -> alias.startsWith(beginOfAlias));
    }

    private static int deleteWhere(Predicate<String> isMeant) {
        int deleted = 0;
        try (RouteSocket kernel = RouteSocket.open()) {
            for (HostLink link : HostLinks.read()) {
                if (link.kind().equals("tun") && isMeant.test(link.alias())) {
                    kernel.deleteLink(link.index());
                    deleted++;
                }
            }
        }
        return deleted;
    }

    /** No address of its own (fe80::...), and no frame of the host's: neither solicitations nor listener reports. */
    private static void withoutIpv6(String name) {
        Path setting = IPV6_SETTINGS.resolve(name).resolve("disable_ipv6");
        try {
            if (Files.exists(setting)) {
                Files.writeString(setting, "1");
            }
        } catch (IOException e) {
            throw new DeviceException("cannot switch IPv6 off for the TAP '" + name + "' by " + setting, e);
        }
    }

    private static int indexOf(RouteSocket kernel, String name) {
        LinkState state = kernel.link(-1, name);
        if (state == null) {
            throw new DeviceException("the TAP '" + name + "' is not in this network namespace");
        }
        return state.index();
    }

    /**
     * Lets frames come by the first queues only, one for each worker, and makes those that are missing.
     *
     * @param count how many workers read it
     * @return whether there are more {@link #fds} than before, which the vault has to know
     */
    public boolean queues(int count) {
        int before = tap.fds().length;
        tap.addQueues(count);
        tap.attachedQueues(count);
        return tap.fds().length > before;
    }

    /** {@return its open files, one for each queue in the order of the workers; they stay this object's} */
    public List<Integer> fds() {
        return Arrays.stream(tap.fds()).boxed().toList();
    }

    /** {@return its name} */
    public String name() {
        return tap.name();
    }

    /** {@return its index in the calling thread's namespace, which is to be its own} */
    public int index() {
        try (RouteSocket kernel = RouteSocket.open()) {
            return indexOf(kernel, tap.name());
        }
    }

    /** {@return the device, to be watched as others are} */
    public TapDevice device() {
        return tap;
    }

    /** Deletes the device, once the vault holds none of its files; until then it only lets go. */
    public void delete() {
        tap.persist(false);
        tap.close();
    }

    /** Lets go of the files here; the device stays. */
    @Override
    public void close() {
        tap.close();
    }
}
