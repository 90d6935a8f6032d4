package io.tapswitch.core.control;

import io.tapswitch.core.dataplane.NatResources;
import io.tapswitch.core.dataplane.RouteSource;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.nat.DnatRule;
import io.tapswitch.nat.FlowLimits;
import io.tapswitch.tapio.BootId;
import io.tapswitch.tapio.DeviceException;
import io.tapswitch.tapio.FlowFile;
import io.tapswitch.tapio.MappedMemory;
import io.tapswitch.tapio.RouteQuery;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the workers' NAT stands on, for the life of a daemon: a file for each worker, in the run directory, with the
 * flows that the next daemon goes on with; memory for what is found again from these; and somebody to ask for routes.
 *
 * <p>With another number of workers or flows than before, or with a daemon that lays them out in another way, the files
 * are others: the flows of the last daemon are lost then, and the connections go on only as far as their ends take them
 * up again (N14). A worker's files are this process's alone.
 */
public final class FlowMemory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FlowMemory.class);
    private static final String FILES = "flows-*";

    private final List<FlowFile> files = new ArrayList<>();
    private final List<MappedMemory> memories = new ArrayList<>();
    private final List<RouteQuery> queries = new ArrayList<>();
    private final NatResources resources;

    /**
     * Opens the files that are there, or makes them.
     *
     * @param runDirectory where they are
     * @param workers how many there are
     * @param flows each of them can have
     * @throws DeviceException when there is no room for them
     */
    public FlowMemory(Path runDirectory, int workers, int flows) {
        int capacity = Integer.highestOneBit(Math.max(2, flows - 1)) << 1;
        // One container alone leaves half of the table to the others (N17): a quarter is for each of its two kinds.
        FlowLimits limits = new FlowLimits(capacity, 1 << 16, DnatRule.SLOTS, Math.max(1, capacity / 4));
        try {
            Files.createDirectories(runDirectory);
            String suffix = "-of-" + workers + "-" + capacity + "-" + FlowLimits.LAYOUT;
            boolean lost = remove(runDirectory, path -> !path.toString().endsWith(suffix));
            BootId boot = BootId.read();
            List<NatResources.Share> shares = new ArrayList<>();
            for (int worker = 0; worker < workers; worker++) {
                FlowFile file = FlowFile.open(runDirectory.resolve("flows-" + worker + suffix), limits.keptLength());
                files.add(file);
                if (!file.isMemory() && worker == 0) {
                    LOG.warn(
                            "the run directory {} is on a disk: put it on a tmpfs (--run-dir), or the disk stalls the"
                                    + " frames of connections to the outside",
                            runDirectory);
                }
                MappedMemory derived = MappedMemory.map(limits.derivedLength());
                memories.add(derived);
                RouteQuery query = RouteQuery.open();
                queries.add(query);
                shares.add(new NatResources.Share(
                        file.buffer(), derived.buffer(), (hi, lo, into) -> ask(query, hi, lo, into)));
            }
            resources = new NatResources(limits, boot.high(), boot.low(), shares, lost);
        } catch (IOException e) {
            close();
            throw Refusal.failed("cannot use the run directory " + runDirectory + ": " + e.getMessage(), e);
        } catch (DeviceException e) {
            close();
            throw e;
        }
    }

    /** {@return whether there was one} */
    private static boolean remove(Path runDirectory, Predicate<Path> isMeant) throws IOException {
        boolean any = false;
        try (DirectoryStream<Path> flows = Files.newDirectoryStream(runDirectory, FILES)) {
            for (Path path : flows) {
                if (isMeant.test(path)) {
                    Files.delete(path);
                    any = true;
                }
            }
        }
        return any;
    }

    private static void ask(RouteQuery query, long hi, long lo, RouteSource.Route into) {
        query.ask(hi, lo, 0, 0);
        into.kind = switch (query.kind()) {
            case UNICAST -> RouteSource.Route.UNICAST;
            case LOCAL -> RouteSource.Route.LOCAL;
            default -> RouteSource.Route.UNREACHABLE;
        };
        into.device = query.device();
        into.sourceHi = query.sourceHigh();
        into.sourceLo = query.sourceLow();
        into.mtu = query.mtu();
    }

    /** {@return what the dataplane is started with} */
    public NatResources resources() {
        return resources;
    }

    /** Removes the files of a directory; no process may use them. */
    static void removeFiles(Path runDirectory) {
        try {
            if (Files.isDirectory(runDirectory)) {
                remove(runDirectory, path -> true);
            }
        } catch (IOException e) {
            throw Refusal.failed("cannot remove the flows in " + runDirectory, e);
        }
    }

    /** Lets go of the files, which stay; the workers must have ended. */
    @Override
    public void close() {
        queries.forEach(RouteQuery::close);
        memories.forEach(MappedMemory::close);
        files.forEach(FlowFile::close);
    }
}
