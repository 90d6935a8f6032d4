package io.tapswitch.core.control;

import io.tapswitch.core.config.Configuration;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Origin;
import java.lang.ref.WeakReference;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A file's {@link PublishPlan} that is made while the file rests, so that nothing is left to do of it when the file
 * counts. It is good for the very state and configuration that it was made of, and for one use. Belongs to who holds
 * the reading of the file.
 */
final class PlannedOnce {
    private final Predicate<Origin.File> isOurs;
    private @Nullable Planned ready;

    private record Planned(
            WeakReference<DesiredState> state, WeakReference<Configuration> declared, DesiredState next) {}

    /**
     * Nothing is planned yet.
     *
     * @param isOurs which entries of files the file has to answer for
     */
    PlannedOnce(Predicate<Origin.File> isOurs) {
        this.isOurs = isOurs;
    }

    /** Makes the plan that is probably asked for next. */
    void prepare(DesiredState state, Configuration declared) {
        DesiredState next = PublishPlan.plan(state, declared, isOurs);
        StateRules.firstFault(next);
        ready = new Planned(new WeakReference<>(state), new WeakReference<>(declared), next);
    }

    /** {@return as {@link PublishPlan#plan}} */
    DesiredState plan(DesiredState state, Configuration declared) {
        Planned planned = ready;
        ready = null;
        return planned != null
                        && planned.state().refersTo(state)
                        && planned.declared().refersTo(declared)
                ? planned.next()
                : PublishPlan.plan(state, declared, isOurs);
    }
}
