package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.tapio.DeviceException;
import io.tapswitch.tapio.FdVault;
import io.tapswitch.tapio.TapDevice;
import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The devices whose files outlive this process, each under a tag: what the last daemon left, and what this one leaves.
 *
 * <p>Order: into the vault before a device persists, no longer persistent before it is dropped. So a daemon that is
 * killed in between leaves no device that nobody knows. Any thread may call.
 */
final class KeptTaps {
    private final FdVault vault;
    /** What the last daemon left in the vault and nobody has asked for yet. */
    private final Map<String, List<Integer>> left;

    KeptTaps(Path runDirectory) {
        vault = FdVault.open(runDirectory);
        left = new ConcurrentHashMap<>(vault.taken());
    }

    /** Puts a device's files into the vault and makes it stay; when that fails, nothing is under the tag. */
    void keep(String tag, TapDevice tap) {
        vault.put(tag, Arrays.stream(tap.fds()).boxed().toList());
        try {
            tap.persist(true);
        } catch (RuntimeException e) {
            vault.drop(List.of(tag));
            throw e;
        }
    }

    /** Keeps files under a tag. */
    void put(String tag, List<Integer> files) {
        vault.put(tag, files);
    }

    /** Keeps what is under these tags no more. */
    void drop(Collection<String> tags) {
        vault.drop(tags);
    }

    /** Lets devices go, and what the vault has of them: all of them, whatever one of them says. */
    void letGo(List<TapDevice> taps, Collection<String> tags) {
        DeviceException failure = null;
        try {
            for (TapDevice tap : taps) {
                try {
                    tap.persist(false);
                } catch (DeviceException e) {
                    failure = e.errno() == Errno.EBADFD ? failure : e;
                }
            }
            vault.drop(tags);
        } finally {
            taps.forEach(TapDevice::close);
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** {@return the device that was kept under a tag, null when none was or it is gone} */
    @Nullable
    TapDevice taken(String tag) {
        return taken(tag, TapDevice::adopt, TapDevice::name);
    }

    /**
     * {@return what the files that were kept under a tag become, null when none were or the device is gone}
     *
     * @param adopt makes it of the files
     * @param ask asks the device for something, which throws when it is gone
     */
    <T> @Nullable T taken(String tag, Function<List<Integer>, T> adopt, Consumer<T> ask) {
        List<Integer> files = left.remove(tag);
        if (files == null) {
            return null;
        }
        try {
            T tap = adopt.apply(files);
            ask.accept(tap);
            return tap;
        } catch (DeviceException gone) {
            vault.drop(List.of(tag));
            files.forEach(Syscalls::close);
            return null;
        }
    }

    /** Lets go of files that the last daemon kept under a tag; what becomes of their device is the caller's matter. */
    void forget(String tag) {
        List<Integer> files = left.remove(tag);
        if (files != null) {
            files.forEach(Syscalls::close);
        }
        vault.drop(List.of(tag));
    }

    /** Lets go of files that the last daemon kept, nobody asked for, and that are none of these tags'. */
    void dropOthers(Set<String> tags) {
        Set<String> others = new HashSet<>(left.keySet());
        others.removeAll(tags);
        List<TapDevice> taps = new ArrayList<>();
        for (String tag : others) {
            TapDevice tap = taken(tag);
            if (tap != null) {
                taps.add(tap);
            }
        }
        letGo(taps, others);
    }

    /** {@return the file system as who keeps the files sees it} */
    Path root() {
        return vault.holderRoot();
    }

    /** Refuses when what is kept is of another network namespace than this process's: what it left cannot go here. */
    void refuseOtherNamespace() {
        Path holders = root().resolveSibling("ns").resolve("net");
        try {
            if (Files.exists(holders)
                    && !Files.readSymbolicLink(holders).equals(Files.readSymbolicLink(Path.of("/proc/self/ns/net")))) {
                throw Refusal.conflict("the daemon of this run directory was in another network namespace, where its"
                        + " devices and settings are: run this there, such as with 'nsenter --net=" + holders + "'");
            }
        } catch (IOException e) {
            throw new DeviceException("cannot tell in which network namespace " + holder() + " is", e);
        }
    }

    /** {@return who keeps the files, for people} */
    String holder() {
        return vault.holder();
    }

    /** Nothing outlives this process. */
    void end() {
        vault.end();
    }

    /** Ends this process's part; what is kept stays. */
    void close() {
        vault.close();
    }
}
