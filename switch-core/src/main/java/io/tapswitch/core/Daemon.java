package io.tapswitch.core;

import io.tapswitch.core.api.ApiServer;
import io.tapswitch.core.api.MetricsServer;
import io.tapswitch.core.api.Routes;
import io.tapswitch.core.config.ConfigFile;
import io.tapswitch.core.config.ConfigText;
import io.tapswitch.core.config.Configuration;
import io.tapswitch.core.config.PortsFile;
import io.tapswitch.core.control.ClusterOptions;
import io.tapswitch.core.control.Controller;
import io.tapswitch.core.control.DataplaneEvents;
import io.tapswitch.core.control.Plumbing;
import io.tapswitch.core.control.StateDirectory;
import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.dataplane.DataplaneListener;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.observe.SwitchMetrics;
import io.tapswitch.tapio.HostWatch;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a running switch, made in this order and ended in the opposite one: the lock on the state directory, the
 * dataplane's workers, what makes devices, the control plane with its networks, the API, metrics where they are wanted.
 * When {@link #start} returns, requests are answered.
 */
public final class Daemon implements AutoCloseable {
    private final Controller controller;
    /** How its parts end, the newest first. */
    private final Deque<Runnable> ends;

    private Daemon(Controller controller, Deque<Runnable> ends) {
        this.controller = controller;
        this.ends = ends;
    }

    /** Starts a switch without a configuration file, as the other {@code start} does. {@return the switch} */
    public static Daemon start(
            Path socket,
            @Nullable String socketGroup,
            Path stateDirectory,
            Function<DataplaneListener, Dataplane> workers,
            Supplier<? extends Plumbing> devices) {
        return start(socket, socketGroup, stateDirectory, workers, devices, null, null, null, null);
    }

    /**
     * Starts a switch. What can be known to be in the way is looked at before anything is made that outlives this
     * process; when something fails later, what was started before is ended, and with nobody attached nothing is left.
     *
     * @param socket where the API listens
     * @param socketGroup who else may use it, null for nobody but the daemon's user and group
     * @param stateDirectory where networks are kept
     * @param workers starts the dataplane
     * @param devices opens what makes devices, under the lock; closed with the daemon
     * @param configuration file that is to be in force, null for none
     * @param ports file that says only what is published, null for none
     * @param metrics where to serve metrics, null for nowhere
     * @param cluster what hosts share networks with this one, null for none
     * @return the switch
     */
    public static Daemon start(
            Path socket,
            @Nullable String socketGroup,
            Path stateDirectory,
            Function<DataplaneListener, Dataplane> workers,
            Supplier<? extends Plumbing> devices,
            @Nullable Path configuration,
            @Nullable Path ports,
            @Nullable InetSocketAddress metrics,
            @Nullable ClusterOptions cluster) {
        // A file with a fault ends the start before anything was begun.
        if (configuration != null) {
            ConfigFile.read(configuration);
        }
        if (ports != null) {
            PortsFile.read(ports);
        }
        Deque<Runnable> ends = new ArrayDeque<>();
        try {
            StateDirectory state = StateDirectory.open(stateDirectory);
            ends.push(state::close);
            ApiServer.check(socket, socketGroup);
            if (metrics != null) {
                MetricsServer.check(metrics);
            }
            DesiredState loaded = state.load();
            DataplaneEvents events = new DataplaneEvents();
            Dataplane dataplane = workers.apply(events);
            ends.push(dataplane::close);
            Plumbing plumbing = devices.get();
            ends.push(plumbing::close);
            Controller controller = Controller.forThisHost(dataplane, plumbing, state, events, cluster);
            ends.push(controller::close);
            try {
                controller.start(loaded);
                controller.configure(configuration, ports);
                HostWatch host = HostWatch.start(now -> controller.hostChanged(), controller::hostNews);
                ends.push(host::close);
                // What changed between the start's look and the watch's first.
                controller.hostChanged();
                Routes.About about = new Routes.About(version(), socket, stateDirectory, () -> configured(controller));
                ApiServer api = ApiServer.start(socket, socketGroup, new Routes(controller, about));
                ends.push(api::close);
                if (metrics != null) {
                    ends.push(metrics(metrics, new SwitchMetrics(controller, about.version()))::close);
                }
            } catch (RuntimeException e) {
                controller.abandonStart(e);
                throw e;
            }
            return new Daemon(controller, ends);
        } catch (RuntimeException e) {
            ends.forEach(Runnable::run);
            throw e;
        }
    }

    private static Routes.Configured configured(Controller controller) {
        List<Configuration> all = controller.configurations();
        return all.isEmpty()
                ? Routes.Configured.NOTHING
                : new Routes.Configured(
                        all.getFirst().file(), ConfigText.of(all.getFirst(), all.subList(1, all.size())));
    }

    private static MetricsServer metrics(InetSocketAddress address, SwitchMetrics metrics) {
        return MetricsServer.start(address, () -> new MetricsServer.Page(metrics.contentType(), metrics.text()));
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
        ends.forEach(Runnable::run);
    }
}
