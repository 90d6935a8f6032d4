package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.client.ApiException;
import io.tapswitch.core.cli.client.CliException;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.sandbox.Foreground;
import io.tapswitch.core.cli.sandbox.Sandbox;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code run}. */
@Command(
        name = "run",
        description = {
            "Runs a command in namespaces of its own, attached to a network.",
            "The namespaces are network, mount, UTS and PID; the root filesystem is the host's, except for /etc/hosts,",
            "/etc/hostname and /etc/resolv.conf. The command's exit code is ours; 125 when it could not be started,",
            "126 when it is no program, 127 when it is not found.",
            "",
            "Example:",
            "  tapswitch run --rm --network web -- ping -c 3 172.18.0.2",
            "",
        })
public final class Run extends Verb {
    /** docker waits for the end of a removal, so that a name can be used again at once. */
    private static final Duration REMOVAL_MAX = Duration.ofSeconds(3);

    private static final int HOSTNAME_LENGTH_MAX = 64; // __NEW_UTS_LEN, linux/utsname.h

    @Option(
            names = {"-d", "--detach"},
            description = "in the background; print the id; output goes to a log file")
    private boolean detach;

    @Option(names = "--rm", description = "remove the container when the command ends")
    private boolean remove;

    @Option(
            names = {"-h", "--hostname"},
            paramLabel = "NAME",
            description = "its hostname; else the short id")
    private @Nullable String hostname;

    @Mixin
    private Stdio stdio = new Stdio();

    @Mixin
    private AttachOptions options = new AttachOptions();

    @Parameters(paramLabel = "COMMAND", arity = "1..*", description = "the command and its arguments")
    private List<String> command = new ArrayList<>();

    @Override
    public Integer call() {
        if (hostname != null && !hostname.matches("[A-Za-z0-9]([A-Za-z0-9.-]{0," + (HOSTNAME_LENGTH_MAX - 1) + "})")) {
            throw new CliException("tapswitch: '" + hostname + "' is not a hostname");
        }
        ApiClient daemon = daemon();
        JsonObject status = daemon.getObject("/status"); // Also finds out, before anything is made, that it is there.
        boolean input = !detach && stdio.input();
        if (!detach) {
            Foreground.holdSignals(input);
        }
        try (Sandbox sandbox = Sandbox.open(new Sandbox.Plan(command, detach, input, remove))) {
            String id;
            try {
                id = attach(daemon, sandbox.pid());
                String log = detach
                        ? Logs.create(Path.of(Json.text(status, "stateDir")), id)
                                .toString()
                        : "";
                JsonObject made = daemon.getObject("/containers/" + id);
                sandbox.start(Json.text(made, "Hostname"), address(made), log);
            } catch (RuntimeException e) {
                sandbox.kill();
                throw e;
            }
            if (detach) {
                out().println(id);
                return OK;
            }
            int code = sandbox.await();
            if (remove) {
                awaitRemoval(daemon, id);
            }
            return code;
        }
    }

    private String attach(ApiClient daemon, long pid) {
        Map<String, Object> request = options.request(Long.toString(pid));
        if (hostname != null) {
            request.put("hostname", hostname);
        }
        Map<String, Object> init = new LinkedHashMap<>();
        init.put("pid", pid);
        init.put("command", command);
        init.put("autoRemove", remove);
        request.put("init", init);
        return Json.text(daemon.post("/containers", request), "id");
    }

    /** The address of eth0, for /etc/hosts. */
    private static String address(JsonObject container) {
        JsonObject networks = Json.object(Json.object(container, "NetworkSettings"), "Networks");
        String first = "";
        for (String network : networks.keySet()) {
            JsonObject endpoint = Json.object(networks, network);
            if (first.isEmpty() || Json.text(endpoint, "Interface").equals("eth0")) {
                first = Json.text(endpoint, "IPAddress");
            }
        }
        return first;
    }

    private static void awaitRemoval(ApiClient daemon, String id) {
        long deadline = System.nanoTime() + REMOVAL_MAX.toNanos();
        try {
            while (deadline - System.nanoTime() > 0) {
                daemon.getObject("/containers/" + id);
                Thread.sleep(10);
            }
        } catch (ApiException | CliException e) {
            // Removed, or the daemon is gone and with it the container's record.
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
