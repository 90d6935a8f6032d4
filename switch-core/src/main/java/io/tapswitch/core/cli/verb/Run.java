package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.client.ApiException;
import io.tapswitch.core.cli.client.CliException;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.sandbox.Foreground;
import io.tapswitch.core.cli.sandbox.Plan;
import io.tapswitch.core.cli.sandbox.Sandbox;
import io.tapswitch.core.cli.sandbox.Streams;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
            "As networks, 'none' brings lo only, 'host' is the network namespace of the daemon, and container:NAME",
            "that of another container. With -d there is no terminal: -i or -t then give an input that never ends.",
            "",
            "Example:",
            "  tapswitch run --rm --network web -- ping -c 3 172.18.0.2",
            "  tapswitch run -it --rm --network web --hostname box bash",
            "",
        })
public final class Run extends Verb {
    /** As docker does it: when run returns, ps does not say any more that it runs, and with --rm the name is free. */
    private static final Duration END_MAX = Duration.ofSeconds(3);

    @Option(
            names = {"-d", "--detach"},
            description = "in the background; print the id; output goes to a log file")
    private boolean detach;

    @Option(names = "--rm", description = "remove the container when the command ends")
    private boolean remove;

    @Mixin
    private Stdio stdio = new Stdio();

    @Mixin
    private AttachOptions options = new AttachOptions();

    @Parameters(paramLabel = "COMMAND", arity = "1..*", description = "the command and its arguments")
    private List<String> command = new ArrayList<>();

    @Override
    public Integer call() {
        options.check();
        Streams streams = detach ? Streams.EMPTY : stdio.streams();
        ApiClient daemon = daemon();
        JsonObject status = daemon.getObject("/status"); // Also finds out, before anything is made, that it is there.
        Placement placement = Placement.of(daemon, status, options.joined(), options.dns());
        Foreground foreground = detach ? null : Foreground.prepare(streams);
        Plan plan =
                new Plan(command, null, placement.network(), placement.replaced(), foreground, detach && stdio.waits());
        Path state = Launch.stateDirectory(status);
        try (Sandbox sandbox = Sandbox.open(plan)) {
            String id = Launch.start(daemon, sandbox, placement, detach ? state : null, pid -> {
                JsonObject made = attach(daemon, placement, pid);
                if (!remove) {
                    // Before the command starts: one that 'start' could not run again as it was is not run at all.
                    new Recipe(Path.of("").toAbsolutePath(), stdio.waits()).write(state, Json.text(made, "id"));
                }
                return made;
            });
            if (detach) {
                out().println(id);
                return OK;
            }
            int code = sandbox.await();
            awaitEnd(daemon, id);
            return code;
        }
    }

    private JsonObject attach(ApiClient daemon, Placement placement, long pid) {
        Map<String, Object> request = options.request(Long.toString(pid));
        if (options.joined().equals(AttachOptions.HOST)) {
            request.putIfAbsent("hostname", placement.hostname());
        }
        request.put("init", Launch.init(pid, command, remove));
        JsonObject made = daemon.post("/containers", request);
        warn(made);
        return made;
    }

    private void awaitEnd(ApiClient daemon, String id) {
        long deadline = System.nanoTime() + END_MAX.toNanos();
        try {
            while ((ContainerView.of(daemon, id).running() || remove) && deadline - System.nanoTime() > 0) {
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
