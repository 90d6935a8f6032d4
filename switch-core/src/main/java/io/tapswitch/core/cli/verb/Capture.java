package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.client.ApiException;
import io.tapswitch.core.cli.client.CliException;
import io.tapswitch.core.cli.sandbox.Signals;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code capture}. */
@Command(
        name = "capture",
        description = {
            "Captures frames at the switch's ports, as lines or as a pcap file, without slowing those of others.",
            "",
            "Of a container, of all that are in a network now, or of the host's devices (uplink; one of them:",
            "uplink:eth0). Lines say from whom the switch read a frame and to whom it wrote one; a frame between two",
            "captured ports is there twice.",
            "",
            "It ends with Ctrl-C, after N frames, or when what is captured is gone, and says how many were not",
            "captured because they came too fast.",
            "Frames are as they pass the switch: large ones that the kernel cuts later (super-frames) are whole, and",
            "checksums that the kernel fills in later look wrong.",
            "",
            "Example:",
            "  tapswitch capture www",
            "  tapswitch capture -w web.pcap -c 1000 web",
            "  tapswitch capture -w - uplink | wireshark -k -i -",
            "",
        })
public final class Capture extends Verb {
    @Option(
            names = {"-w", "--write"},
            paramLabel = "FILE",
            description = "write a pcap file instead of lines; - for standard output")
    private @Nullable String file;

    @Option(
            names = {"-c", "--count"},
            paramLabel = "N",
            description = "end after N frames")
    private @Nullable Integer count;

    @Option(
            names = {"-s", "--snaplen"},
            paramLabel = "BYTES",
            description = "take so many bytes of each frame; all is the default")
    private @Nullable Integer snapLength;

    @Parameters(paramLabel = "CONTAINER|NETWORK|uplink", description = "whose frames")
    private String target = "";

    @Override
    public Integer call() {
        if ((count != null && count < 1) || (snapLength != null && snapLength < 1)) {
            throw new CliException("tapswitch: -c and -s take numbers above 0");
        }
        String id = UUID.randomUUID().toString();
        String path = "/captures/" + id + "?target=" + ApiClient.escape(target)
                + (file == null ? "&form=lines" : "")
                + (count == null ? "" : "&count=" + count)
                + (snapLength == null ? "" : "&snaplen=" + snapLength);
        ApiClient daemon = daemon();
        AtomicBoolean interrupted = new AtomicBoolean();
        Signals.handle("INT", () -> end(daemon, id, interrupted));
        Signals.handle("TERM", () -> end(daemon, id, interrupted));
        Map<String, String> counts = file == null ? lines(daemon, path) : write(daemon, path, file);
        out().flush();
        err().println(counts.getOrDefault("tapswitch-captured", "?") + " frames captured");
        err().println(counts.getOrDefault("tapswitch-lost", "?") + " frames lost because they came too fast");
        if (counts.containsKey("tapswitch-ended")) {
            err().println("the capture is over: nothing of " + target + " is attached any more");
        }
        return OK;
    }

    /** Asks for the end, and the answer ends by itself; who asks twice does not want to wait. */
    private static void end(ApiClient daemon, String id, AtomicBoolean interrupted) {
        if (interrupted.getAndSet(true)) {
            Runtime.getRuntime().halt(FAILED);
        }
        try {
            daemon.delete("/captures/" + id);
        } catch (ApiException | CliException e) {
            Runtime.getRuntime().halt(FAILED); // It never began, or nobody is there who could end it.
        }
    }

    private Map<String, String> lines(ApiClient daemon, String path) {
        return daemon.pieces(path, piece -> {
            out().print(new String(piece, StandardCharsets.UTF_8));
            out().flush();
            if (out().checkError()) {
                throw new CliException("", FAILED); // Nobody reads it any more.
            }
        });
    }

    private static Map<String, String> write(ApiClient daemon, String path, String name) {
        try (CaptureFile out = new CaptureFile(name)) {
            return daemon.pieces(path, out::write);
        }
    }
}
