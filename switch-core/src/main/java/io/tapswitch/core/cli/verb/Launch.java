package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.sandbox.Sandbox;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/** What {@code run} and {@code start} share: a sandbox is made known to the daemon, then its command may start. */
final class Launch {
    private Launch() {}

    /**
     * Registers the sandbox's first process, by the function that returns the daemon's answer, and lets it go. A log is
     * kept in {@code stateDirectory}, unless that is null. {@return the container's id}
     */
    static String start(
            ApiClient daemon,
            Sandbox sandbox,
            Placement placement,
            @Nullable Path stateDirectory,
            LongFunction<JsonObject> register) {
        try {
            JsonObject answer = register.apply(sandbox.pid());
            String id = Json.text(answer, "id");
            Path log = stateDirectory == null ? null : Logs.open(stateDirectory, id);
            sandbox.start(placement.surroundings(ContainerView.of(daemon, id), Json.text(answer, "resolvConf"), log));
            return id;
        } catch (RuntimeException e) {
            sandbox.kill();
            throw e;
        }
    }

    /** {@return the part of a request that tells of the first process} */
    static Map<String, Object> init(long pid, List<String> command, boolean autoRemove) {
        Map<String, Object> init = new LinkedHashMap<>();
        init.put("pid", pid);
        init.put("command", command);
        init.put("autoRemove", autoRemove);
        return init;
    }

    /** {@return the state directory of the daemon with this status} */
    static Path stateDirectory(JsonObject status) {
        return Path.of(Json.text(status, "stateDir"));
    }
}
