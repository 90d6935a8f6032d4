package io.tapswitch.core.api;

import io.tapswitch.core.control.AttachRequest;
import io.tapswitch.core.control.ConnectRequest;
import io.tapswitch.core.control.Controller;
import io.tapswitch.core.control.NetworkRequest;
import io.tapswitch.core.control.OutsideState;
import io.tapswitch.core.control.PublishAnswer;
import io.tapswitch.core.control.PublishRequest;
import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.core.control.StartRequest;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Refusal;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the API does, in one table; the description at /openapi.json is made of it. The version in the paths
 * grows when an answer or a request changes so that a client of before would not understand it; a new key is no such
 * change.
 */
public final class Routes {
    private static final String NETWORKS = "/v1/networks";
    private static final String NETWORK = NETWORKS + "/{ref}";
    private static final String CONTAINERS = "/v1/containers";
    private static final String CONTAINER = CONTAINERS + "/{ref}";

    /** Docker's: how long stop waits before it kills. */
    private static final int STOP_SECONDS = 10;

    private final Controller controller;
    private final About about;
    private final LookRoutes looks;
    private final List<Route> table;

    /**
     * What the daemon knows of itself.
     *
     * @param version of the jar
     * @param socket where the API is
     * @param stateDirectory where the state is
     * @param configuration asks for the one in force
     */
    public record About(String version, Path socket, Path stateDirectory, Supplier<Configured> configuration) {}

    /**
     * The configuration in force.
     *
     * @param file its path, null when the daemon was started without one
     * @param yaml what it says
     */
    public record Configured(@Nullable String file, String yaml) {
        /** Nothing is declared. */
        public static final Configured NOTHING = new Configured(null, "");
    }

    /**
     * Makes the table.
     *
     * @param controller what the routes call
     * @param about shown by status
     */
    public Routes(Controller controller, About about) {
        this.controller = controller;
        this.about = about;
        this.looks = new LookRoutes(controller.looking());
        this.table = Stream.of(
                        networks(),
                        members(),
                        containers(),
                        lives(),
                        ports(),
                        looks(),
                        looks.table(),
                        new ClusterRoutes(controller.looking()).table())
                .flatMap(List::stream)
                .toList();
    }

    /** {@return all routes} */
    List<Route> table() {
        return table;
    }

    /** Ends all event streams, because the daemon ends. */
    void endStreams() {
        controller.events().close();
        looks.endStreams();
    }

    // Tables read as such: spotless:off
    private List<Route> networks() {
        return List.of(
                Route.post(NETWORKS, "Makes a network", 201, Answers.Created.class, call ->
                                new Answers.Created(controller.createNetwork(call.body(NetworkRequest.class)).id()))
                        .taking(NetworkRequest.class, "name").refusing(404, 409, 501),
                Route.list(NETWORKS, "Networks, by name", Answers.Network.class, call ->
                                controller.networks(call.filters()).stream().map(Views::network).toList())
                        .with(Parameter.FILTERS),
                Route.get(NETWORK, "The network of a name, an id or the beginning of an id", Answers.Network.class,
                                call -> Views.network(controller.network(call.reference())))
                        .refusing(404),
                Route.delete(NETWORK, "Removes a network that nobody is in", call ->
                                new Answers.Removed(controller.removeNetwork(call.reference())))
                        .refusing(404, 409),
                Route.post(NETWORKS + "/prune", "Removes the networks that nobody is in, but for those that always"
                                + " exist and those of the configuration file", 200, Answers.Pruned.class, call ->
                                new Answers.Pruned(controller.pruneNetworks(call.filters())))
                        .with(Parameter.FILTERS));
    }

    private List<Route> members() {
        return List.of(
                Route.post(NETWORK + "/connect", "Gives a running container an interface in the network", 200,
                                Answers.Done.class, call -> {
                            controller.connect(call.reference(), call.body(ConnectRequest.class));
                            return new Answers.Done();
                        })
                        .taking(ConnectRequest.class, "container").refusing(404, 409, 501),
                Route.post(NETWORK + "/disconnect", "Takes a container's interface in the network away", 200,
                                Answers.Done.class, call -> {
                            Requests.DisconnectRequest request = call.body(Requests.DisconnectRequest.class);
                            controller.disconnect(
                                    call.reference(),
                                    needed(request.container(), "container"),
                                    Boolean.TRUE.equals(request.force()));
                            return new Answers.Done();
                        })
                        .taking(Requests.DisconnectRequest.class, "container").refusing(404, 409));
    }

    private List<Route> containers() {
        return List.of(
                Route.post(CONTAINERS, "Attaches a network namespace", 201, Answers.Attached.class, call ->
                                attached(call.body(AttachRequest.class)))
                        .taking(AttachRequest.class, "netns").refusing(404, 409, 501),
                Route.list(CONTAINERS, "Containers, newest first", Answers.Container.class, call ->
                                listed(controller.containers(call.flag("all"), call.filters())))
                        .with(Parameter.flag("all", "also those that ended or lost their namespace"),
                                Parameter.FILTERS)
                        .refusing(404, 501),
                Route.get(CONTAINER, "The container of a name, an id or the beginning of an id",
                                Answers.Container.class, call -> shown(controller.container(call.reference())))
                        .refusing(404, 409),
                Route.delete(CONTAINER, "Detaches and forgets a container", call ->
                                new Answers.Removed(controller.removeContainer(call.reference(), call.flag("force"))))
                        .with(Parameter.flag("force", "also end the process that run started"))
                        .refusing(404, 409));
    }

    private List<Route> lives() {
        return List.of(
                Route.post(CONTAINER + "/rename", "Gives a container another name", 200, Answers.Container.class,
                                call -> shown(controller.rename(
                                        call.reference(),
                                        needed(call.body(Requests.RenameRequest.class).name(), "name"))))
                        .taking(Requests.RenameRequest.class, "name").refusing(404, 409),
                Route.post(CONTAINER + "/stop", "Ends the process that run started, at first with SIGTERM", 200,
                                Answers.Container.class, call -> shown(controller.stop(
                                        call.reference(), call.number("timeout", STOP_SECONDS))))
                        .with(Parameter.number("timeout", "seconds until SIGKILL; 10 when missing", "10"))
                        .refusing(404, 409),
                Route.post(CONTAINER + "/start", "Gives a container that ended a new namespace and process", 200,
                                Answers.Attached.class, call -> started(controller.start(
                                        call.reference(), call.body(StartRequest.class))))
                        .taking(StartRequest.class, "netns").refusing(404, 409));
    }

    private List<Route> ports() {
        return List.of(
                Route.post(CONTAINER + "/publish", "Publishes ports of a container, all of them or none", 200,
                                Answers.Published.class, call -> {
                            PublishAnswer published =
                                    controller.publish(call.reference(), call.body(PublishRequest.class));
                            return new Answers.Published(PortViews.lines(published.active()), published.warnings());
                        })
                        .taking(PublishRequest.class, "ports").refusing(404, 409),
                Route.post(CONTAINER + "/unpublish", "Takes published ports of a container back, all of them or none",
                                200, Answers.Done.class, call -> {
                            Requests.UnpublishRequest request = call.body(Requests.UnpublishRequest.class);
                            controller.unpublish(call.reference(), new PublishRequest(request.ports(), null));
                            return new Answers.Done();
                        })
                        .taking(Requests.UnpublishRequest.class, "ports").refusing(404, 409));
    }

    private List<Route> looks() {
        return List.of(
                Route.list("/v1/fdb", "Which MAC address is behind which port", Answers.FdbLine.class, call ->
                                controller.fdb(call.text("network")).stream().map(Views::fdbLine).toList())
                        .with(Parameter.text("network", "only of this network", "web")).refusing(404),
                Route.list("/v1/drops", "Drops by port and reason", Answers.DropLine.class, call ->
                        Views.drops(controller)),
                Route.get("/v1/stats", "Counters", Answers.Stats.class, call ->
                                Views.stats(controller, call.text("container")))
                        .with(Parameter.text("container", "only of this container", "www"))
                        .refusing(404, 409),
                Route.get("/v1/status", "What the daemon is", Answers.Status.class, call -> status()),
                Route.get("/v1/config", "The configuration file in force", Answers.Configuration.class, call ->
                        configuration()),
                Route.get("/v1/events", "What changes, as it happens", EventStream.class, call ->
                                EventStream.open(controller.events(), call.text("since"), call.text("until"),
                                        call.filters()))
                        .with(Parameter.text("since", "begin with what happened from then on; else with what happens"
                                        + " next", "10m"),
                                Parameter.text("until", "end then; else never", "2026-01-02T15:04:05Z"),
                                Parameter.FILTERS),
                Route.get("/openapi.json", "This description", Map.class, call ->
                        OpenApi.describe(table(), about.version())));
    }
    // spotless:on

    private static String needed(@Nullable String value, String key) {
        if (value == null) {
            throw Refusal.badInput("missing_key", "the key \"" + key + "\" is missing in the request");
        }
        return value;
    }

    private Answers.Container shown(Container container) {
        List<ActivePort> active = controller.ports().stream()
                .filter(port -> port.containerId().equals(container.id()))
                .toList();
        return ContainerViews.inspected(container, controller.state(), active);
    }

    private List<Answers.Container> listed(List<Container> containers) {
        Map<String, List<ActivePort>> active =
                controller.ports().stream().collect(Collectors.groupingBy(ActivePort::containerId));
        DesiredState state = controller.state();
        return containers.stream()
                .map(container ->
                        ContainerViews.listed(container, state, active.getOrDefault(container.id(), List.of())))
                .toList();
    }

    private Answers.Attached attached(AttachRequest request) {
        Container container = controller.attach(request);
        return attached(container, controller.portWarnings(container, request));
    }

    private Answers.Attached started(Container container) {
        return attached(container, controller.portWarnings(container, null));
    }

    private Answers.Attached attached(Container container, List<String> warnings) {
        return Views.attached(
                container,
                controller.state().networksById(),
                controller.looking().names().resolvConf(container),
                warnings);
    }

    private Answers.Configuration configuration() {
        Configured configured = about.configuration().get();
        return new Answers.Configuration(configured.file(), configured.yaml());
    }

    private static String uplink(@Nullable OutsideState outside) {
        return outside == null ? "none" : outside.shared() ? "shared" : "dedicated";
    }

    private Answers.Status status() {
        long running = controller.state().containers().stream()
                .filter(Container::isRunning)
                .count();
        return new Answers.Status(
                about.version(),
                ProcessHandle.current().pid(),
                controller.ioWord(),
                controller.workers(),
                System.getProperty("os.version"),
                uplink(controller.looking().outside()),
                LookViews.outside(controller.looking().outside()),
                ClusterRoutes.cluster(controller.looking().cluster().state()),
                LookViews.publications(controller.looking().portTotals()),
                LookViews.names(controller.looking().names().status()),
                controller.keeper(),
                about.socket().toAbsolutePath().toString(),
                about.stateDirectory().toAbsolutePath().toString(),
                controller.state().networksById().size(),
                (int) running,
                controller.warnings());
    }
}
