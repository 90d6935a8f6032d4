package io.tapswitch.core.dataplane;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * How a version reaches all workers: which command each gets, and when the next may be sent.
 *
 * <pre>
 *   take on every worker ---------------> begin: readers of added ports start ----------+--> announce --> done
 *      |                                                                                |
 *      +-- rings let go of removed files --> fence on every worker --> readd --> begin -+
 * </pre>
 *
 * <p>Each worker takes all of a version in one command, between two batches: a frame sees the tables before or after,
 * never a half. Workers take it one after the other, within the time of a batch. The fence makes each worker take what
 * is on its rings from the others, so that nothing of a removed port or network is still on the way when its id is used
 * again or its files are closed. With an outside there are two: a frame that is handed over to be translated may be
 * handed over once more, by hairpin, to a worker that was at the first fence already.
 *
 * <p>A step that fails on a worker does not keep the others from going on; the future then ends with that failure.
 * Called on threads of the control plane.
 */
final class Rollout {
    /** Sends commands to workers. */
    @FunctionalInterface
    interface Teller {
        /** {@return a future that ends when the worker has done it, or failed} */
        CompletableFuture<Void> tell(int worker, Worker.Command command);
    }

    private final int workers;
    private final Teller teller;
    private final Executor completions;

    /**
     * A way to so many workers.
     *
     * @param completions where futures end, which must not be a worker's thread
     */
    Rollout(int workers, Teller teller, Executor completions) {
        this.workers = workers;
        this.teller = teller;
        this.completions = completions;
    }

    /** {@return a future that ends when every worker acts on the version and no ring has files of removed ports} */
    CompletableFuture<Void> start(TableChanges changes) {
        List<CompletableFuture<Void>> taken = new ArrayList<>();
        List<CompletableFuture<Void>> released = new ArrayList<>();
        for (int worker = 0; worker < workers; worker++) {
            CompletableFuture<Void> free = new CompletableFuture<>();
            released.add(free);
            taken.add(teller.tell(worker, w -> w.onTake(changes, () -> free.completeAsync(() -> null, completions))));
        }
        CompletableFuture<Void> inForce = all(taken);
        CompletableFuture<Void> added = then(inForce, () -> begin(changes, TableChanges.SoleFiles.ADDED));
        CompletableFuture<Void> gone = then(
                all(released), () -> changes.reusesIds() ? fence(changes) : CompletableFuture.completedFuture(null));
        CompletableFuture<Void> readded = then(all(List.of(inForce, gone)), () -> readd(changes));
        CompletableFuture<Void> done = all(List.of(added, readded));
        return then(done, () -> announce(changes.announced()));
    }

    private CompletableFuture<Void> fence(TableChanges changes) {
        CompletableFuture<Void> first = tellAll(Worker::onFence);
        return changes.outside().table() == null ? first : then(first, () -> tellAll(Worker::onFence));
    }

    private CompletableFuture<Void> begin(TableChanges changes, TableChanges.SoleFiles which) {
        if (!changes.brings(which)) {
            return CompletableFuture.completedFuture(null);
        }
        return tellAll(worker -> worker.onBegin(changes, which));
    }

    private CompletableFuture<Void> readd(TableChanges changes) {
        if (!changes.brings(TableChanges.SoleFiles.READDED)) {
            return CompletableFuture.completedFuture(null);
        }
        CompletableFuture<Void> known = tellAll(worker -> worker.onReadd(changes));
        return then(known, () -> begin(changes, TableChanges.SoleFiles.READDED));
    }

    /** Each by the worker that reads its first queue. */
    private CompletableFuture<Void> announce(List<PortSettings> ports) {
        List<CompletableFuture<Void>> told = new ArrayList<>();
        for (int worker = 0; worker < workers; worker++) {
            int index = worker;
            List<PortSettings> own =
                    ports.stream().filter(port -> port.worker() == index).toList();
            if (!own.isEmpty()) {
                told.add(teller.tell(worker, w -> w.onAnnounce(own)));
            }
        }
        return all(told);
    }

    private CompletableFuture<Void> tellAll(Worker.Command command) {
        List<CompletableFuture<Void>> told = new ArrayList<>();
        for (int worker = 0; worker < workers; worker++) {
            told.add(teller.tell(worker, command));
        }
        return all(told);
    }

    private static CompletableFuture<Void> all(List<CompletableFuture<Void>> futures) {
        return CompletableFuture.allOf(futures.toArray(CompletableFuture[]::new));
    }

    /** {@return a future that ends after {@code next}, which goes on if {@code first} failed; fails if one did} */
    private static CompletableFuture<Void> then(CompletableFuture<Void> first, Supplier<CompletableFuture<Void>> next) {
        CompletableFuture<Void> either = first.exceptionally(failure -> null);
        return all(List.of(first, either.thenCompose(nothing -> next.get())));
    }
}
