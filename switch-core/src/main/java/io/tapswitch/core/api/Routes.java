package io.tapswitch.core.api;

import io.tapswitch.core.control.AttachRequest;
import io.tapswitch.core.control.Controller;
import io.tapswitch.core.control.Filters;
import io.tapswitch.core.control.NetworkRequest;
import io.tapswitch.core.model.Container;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Everything that the API does, in one table; the description at /openapi.json is made of it. */
public final class Routes {
    private static final List<String> NONE = List.of();

    private final List<Route> table;

    /**
     * Makes the table.
     *
     * @param controller what the routes call
     * @param version of the daemon
     * @param stateDirectory shown by status
     */
    public Routes(Controller controller, String version, String stateDirectory) {
        // A table reads as one: spotless:off
        table = List.of(
                post("/networks", "Makes a network", NetworkRequest.class, Answers.Created.class, call ->
                        new Answers.Created(controller.createNetwork(call.body(NetworkRequest.class)).id())),
                list("/networks", "All networks, by name", NONE, Answers.Network.class, call ->
                        controller.networks(Filters.NONE).stream().map(Views::network).toList()),
                get("/networks/{ref}", "The network of a name or id", NONE, Answers.Network.class, call ->
                        Views.network(controller.network(call.reference()))),
                delete("/networks/{ref}", "Removes a network that nobody is in", NONE, call ->
                        new Answers.Removed(controller.removeNetwork(call.reference()))),
                post("/containers", "Attaches a network namespace", AttachRequest.class, Answers.Attached.class, call ->
                        attached(controller, call.body(AttachRequest.class))),
                list("/containers", "Containers, newest first", List.of("all"), Answers.Container.class, call ->
                        controller.containers(call.flag("all"), Filters.NONE).stream()
                                .map(container -> Views.container(controller.state(), container)).toList()),
                get("/containers/{ref}", "The container of a name or id", NONE, Answers.Container.class, call ->
                        Views.container(controller.state(), controller.container(call.reference()))),
                delete("/containers/{ref}", "Detaches a container; ends its process with force", List.of("force"),
                        call -> new Answers.Removed(
                                controller.removeContainer(call.reference(), call.flag("force")))),
                list("/fdb", "Forwarding databases", List.of("network"), Answers.FdbLine.class, call ->
                        controller.fdb(call.text("network")).stream().map(Views::fdbLine).toList()),
                list("/drops", "Drops by port and reason", NONE, Answers.DropLine.class, call ->
                        Views.drops(controller.counters(null))),
                get("/stats", "Counters", List.of("container"), Answers.Stats.class, call ->
                        Views.stats(controller, controller.counters(call.text("container")))),
                get("/status", "What the daemon is", NONE, Answers.Status.class, call ->
                        status(controller, version, stateDirectory)),
                get("/openapi.json", "This description", NONE, Map.class, call ->
                        OpenApi.describe(table(), version)));
        // spotless:on
    }

    private static Answers.Attached attached(Controller controller, AttachRequest request) {
        Container container = controller.attach(request);
        return Views.attached(controller.state(), container);
    }

    private static Answers.Status status(Controller controller, String version, String stateDirectory) {
        return new Answers.Status(
                version,
                ProcessHandle.current().pid(),
                controller.ioWord(),
                controller.workers(),
                "none",
                stateDirectory,
                controller.networks(Filters.NONE).size(),
                controller.containers(false, Filters.NONE).size(),
                controller.warnings());
    }

    /** {@return all routes} */
    List<Route> table() {
        return table;
    }

    private static Route get(
            String path, String summary, List<String> parameters, Class<?> answer, Function<Call, Object> action) {
        return new Route("GET", path, summary, parameters, null, 200, answer, false, action);
    }

    private static Route list(
            String path, String summary, List<String> parameters, Class<?> answer, Function<Call, Object> action) {
        return new Route("GET", path, summary, parameters, null, 200, answer, true, action);
    }

    private static Route delete(String path, String summary, List<String> parameters, Function<Call, Object> action) {
        return new Route("DELETE", path, summary, parameters, null, 200, Answers.Removed.class, false, action);
    }

    private static Route post(
            String path, String summary, @Nullable Class<?> body, Class<?> answer, Function<Call, Object> action) {
        return new Route("POST", path, summary, NONE, body, 201, answer, false, action);
    }
}
