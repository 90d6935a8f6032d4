package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.CliException;
import io.tapswitch.core.cli.format.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code attach}. */
@Command(
        name = "attach",
        description = {
            "Gives an existing network namespace an interface in a network, and prints the container's id.",
            "On standard error it prints the resolv.conf with which others are found by name, unless",
            "--write-resolv-conf writes that.",
            "",
            "Example:",
            "  ip netns add blue",
            "  tapswitch attach --netns blue --network web",
            "",
        })
public final class Attach extends Verb {
    private static final List<Path> NAMED = List.of(Path.of("/run/netns"), Path.of("/var/run/netns"));
    private static final Path FILES = Path.of("/etc/netns");

    @Option(
            names = "--netns",
            required = true,
            paramLabel = "NAME|PATH|PID",
            description = "a name under /run/netns, a path if there is a slash in it, a process if it is all digits")
    private String netns = "";

    @Option(names = "--queues", paramLabel = "N", description = "queues of the interface; 1 is the default")
    private @Nullable Integer queues;

    @Option(
            names = "--write-resolv-conf",
            description = "write the resolver to /etc/netns/NAME/resolv.conf, which 'ip netns exec' and 'exec' then"
                    + " show; it stays when the container is removed")
    private boolean writeResolvConf;

    @Mixin
    private AttachOptions options = new AttachOptions();

    @Override
    public Integer call() {
        options.check();
        if (!options.joined().isEmpty()) {
            throw new CliException("tapswitch: attach cannot take --network " + options.joined()
                    + ": the namespace has interfaces of its own; 'run' starts a command in that one");
        }
        Path resolvConf = writeResolvConf ? resolvConf() : null;
        // The daemon has another working directory than this process.
        String where = netns.indexOf('/') >= 0
                ? Path.of(netns).toAbsolutePath().normalize().toString()
                : netns;
        Map<String, Object> request = options.request(where);
        if (queues != null) {
            request.put("queues", queues);
        }
        JsonObject made = daemon().post("/containers", request);
        warn(made);
        out().println(Json.text(made, "id"));
        String resolver = Json.text(made, "resolvConf");
        if (resolvConf != null) {
            write(resolvConf, resolver);
        } else if (!resolver.isEmpty()) {
            err().println("# resolv.conf of " + Json.text(made, "name") + ":");
            err().print(resolver);
            err().flush();
        }
        return OK;
    }

    private Path resolvConf() {
        Path path = Path.of(netns).toAbsolutePath().normalize();
        String name = netns.indexOf('/') < 0 ? netns : NAMED.contains(path.getParent()) ? "" + path.getFileName() : "";
        if (name.isEmpty() || name.chars().allMatch(Character::isDigit)) {
            throw new CliException("tapswitch: --write-resolv-conf needs a namespace under /run/netns, because it"
                    + " writes /etc/netns/NAME/resolv.conf");
        }
        return FILES.resolve(name).resolve("resolv.conf");
    }

    /** In one step, because somebody may be reading it. */
    private static void write(Path file, String text) {
        Path next = file.resolveSibling(".resolv.conf.next");
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(next, text);
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new CliException(
                    "tapswitch: the container is attached, but " + file + " cannot be written: " + e.getMessage());
        }
    }
}
