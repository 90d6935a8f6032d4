package io.tapswitch.core;

import io.tapswitch.core.api.ApiServer;
import io.tapswitch.core.api.Routes;
import io.tapswitch.core.config.ConfigFile;
import io.tapswitch.core.config.ConfigText;
import io.tapswitch.core.config.Configuration;
import io.tapswitch.core.control.Controller;
import io.tapswitch.core.control.DataplaneEvents;
import io.tapswitch.core.control.Plumbing;
import io.tapswitch.core.control.StateDirectory;
import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.dataplane.DataplaneListener;
import io.tapswitch.tapio.HostWatch;
import java.nio.file.Path;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a running switch, made in this order and ended in the opposite one: the lock on the state directory, the
 * dataplane's workers, the control plane with its networks, the API. When {@link #start} returns, requests are
 * answered.
 */
public final class Daemon implements AutoCloseable {
    private final StateDirectory state;
    private final Dataplane dataplane;
    private final Plumbing plumbing;
    private final Controller controller;
    private final HostWatch host;
    private final ApiServer api;

    private Daemon(
            StateDirectory state,
            Dataplane dataplane,
            Plumbing plumbing,
            Controller controller,
            HostWatch host,
            ApiServer api) {
        this.state = state;
        this.dataplane = dataplane;
        this.plumbing = plumbing;
        this.controller = controller;
        this.host = host;
        this.api = api;
    }

    /** Starts a switch without a configuration file, as the other {@code start} does. {@return the switch} */
    public static Daemon start(
            Path socket,
            @Nullable String socketGroup,
            Path stateDirectory,
            Function<DataplaneListener, Dataplane> workers,
            Supplier<? extends Plumbing> devices) {
        return start(socket, socketGroup, stateDirectory, workers, devices, null);
    }

    /**
     * Starts a switch; when something fails, what was started before is ended.
     *
     * @param socket where the API listens
     * @param socketGroup who else may use it, null for nobody but the daemon's user and group
     * @param stateDirectory where networks are kept
     * @param workers starts the dataplane
     * @param devices opens what makes devices, under the lock; closed with the daemon
     * @param configuration file that is to be in force, null for none
     * @return the switch
     */
    public static Daemon start(
            Path socket,
            @Nullable String socketGroup,
            Path stateDirectory,
            Function<DataplaneListener, Dataplane> workers,
            Supplier<? extends Plumbing> devices,
            @Nullable Path configuration) {
        if (configuration != null) {
            // A file with a fault ends the start before anything was begun.
            ConfigFile.read(configuration);
        }
        StateDirectory state = StateDirectory.open(stateDirectory);
        try {
            Plumbing plumbing = devices.get();
            DataplaneEvents events = new DataplaneEvents();
            Dataplane dataplane = workers.apply(events);
            Controller controller = Controller.forThisHost(dataplane, plumbing, state, events);
            try {
                controller.start();
                controller.configure(configuration);
                HostWatch host = HostWatch.start(now -> controller.hostChanged());
                // What changed between the start's look and the watch's first.
                controller.hostChanged();
                ApiServer api = ApiServer.start(
                        socket,
                        socketGroup,
                        new Routes(
                                controller,
                                new Routes.About(version(), socket, stateDirectory, () -> configured(controller))));
                return new Daemon(state, dataplane, plumbing, controller, host, api);
            } catch (RuntimeException e) {
                controller.close();
                dataplane.close();
                throw e;
            }
        } catch (RuntimeException e) {
            state.close();
            throw e;
        }
    }

    private static Routes.Configured configured(Controller controller) {
        Configuration configuration = controller.configuration();
        return configuration == null
                ? Routes.Configured.NOTHING
                : new Routes.Configured(configuration.file(), ConfigText.of(configuration));
    }

    /** Asks for another reading of the configuration file. {@return whether there is one} */
    boolean reload() {
        return controller.reload();
    }

    /** {@return the version in the jar's manifest} */
    static String version() {
        String version = Daemon.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    /** Takes every interface out of its container and off the host; comes before the close. */
    public void detachAll() {
        controller.detachAll();
    }

    /** Ends the switch; the containers' devices stay. */
    @Override
    public void close() {
        api.close();
        host.close();
        controller.close();
        plumbing.close();
        dataplane.close();
        state.close();
    }
}
