package io.tapswitch.core;

import io.tapswitch.core.control.Controller;
import io.tapswitch.core.control.DataplaneEvents;
import io.tapswitch.core.control.Plumbing;
import io.tapswitch.core.control.StateDirectory;
import io.tapswitch.core.control.TapPlumbing;
import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.dataplane.WorkerDataplane;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Init;
import io.tapswitch.core.model.Refusal;
import java.util.Arrays;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code cleanup}: every trace of a state directory is removed, as if the switch had never been: the containers'
 * interfaces, the host's, the process that keeps their files, and what is on the disk. What {@code run} started is
 * ended: without the state no command would find it any more. Refused while a daemon has the directory.
 *
 * <p>It starts a switch as the daemon does and takes everything apart by the same ways, so that there is one way only.
 */
final class Cleanup {
    private static final Logger LOG = LoggerFactory.getLogger(Cleanup.class);
    private static final long MEMORY_BYTES = 16L << 20;

    private Cleanup() {}

    /** {@return whether the arguments ask for it} */
    static boolean isAsked(String... arguments) {
        return arguments.length > 0 && arguments[0].equals("cleanup");
    }

    /** Cleans up. */
    static void run(String... arguments) {
        DaemonOptions options = DaemonOptions.parse(Arrays.copyOfRange(arguments, 1, arguments.length));
        try (StateDirectory state = StateDirectory.open(options.stateDirectory, "end that one first")) {
            DesiredState loaded = state.load();
            DataplaneEvents events = new DataplaneEvents();
            try (Plumbing plumbing = new TapPlumbing(options.runDirectory(), 1);
                    Dataplane dataplane =
                            WorkerDataplane.start(new Dataplane.Config(1, options.ioMode(), MEMORY_BYTES), events);
                    Controller controller = Controller.forThisHost(dataplane, plumbing, state, events, null)) {
                // Nobody is told that what is about to go is not served.
                controller.start(loaded.withPublications(List.of()));
                endProcesses(controller);
                controller.detachAll();
            }
            state.erase();
        }
    }

    /** One that does not end is no reason to leave everything else, but it is named: the state that knows it goes. */
    private static void endProcesses(Controller controller) {
        for (Container container : controller.state().containers()) {
            Init init = container.init();
            if (init != null && container.isRunning()) {
                try {
                    controller.removeContainer(container.id(), true);
                } catch (Refusal e) {
                    LOG.warn(
                            "{} of container {} may go on: {}",
                            String.join(" ", init.command()),
                            container.name(),
                            e.sentence());
                }
            }
        }
    }
}
