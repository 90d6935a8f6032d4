package io.tapswitch.core.api;

import io.tapswitch.core.control.Looking;
import io.tapswitch.core.dataplane.FrameCapture;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.observe.CaptureBuffer;
import io.tapswitch.core.observe.CaptureForm;
import io.tapswitch.core.observe.FrameLines;
import io.tapswitch.core.observe.PcapFile;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Looking inside NAT, and at frames: a part of {@link Routes}. */
final class LookRoutes {
    private static final String CAPTURE = "/v1/captures/{ref}";

    /** tcpdump's: more than any frame has. */
    private static final int SNAP_LENGTH = 262_144;

    private static final int ID_LENGTH_MAX = 64;
    private static final int TOP_NAMES = 10;

    private final Looking looking;
    private final Map<String, CaptureStream> captures = new ConcurrentHashMap<>();

    LookRoutes(Looking looking) {
        this.looking = looking;
    }

    /** {@return the routes} */
    List<Route> table() {
        // Tables read as such: spotless:off
        return List.of(
                Route.list("/v1/flows", "Flows across NAT, as they are read: a line each", LookAnswers.Flow.class,
                                call -> FlowStream.open(looking.flows(call.text("network"), call.text("container"))))
                        .with(Parameter.text("network", "only of this network", "web"),
                                Parameter.text("container", "only of this container", "www"))
                        .refusing(404, 409),
                Route.get("/v1/dns/lookup", "What a container is told when it asks for a name",
                                LookAnswers.Lookup.class, call -> LookViews.lookup(looking.names().lookup(
                                        needed(call, "from"), needed(call, "name"), call.text("type"))))
                        .with(Parameter.text("name", "a name, or an address", "db"),
                                Parameter.text("from", "the container that asks", "web"),
                                Parameter.text("type", "type of records; A when missing, PTR of an address", "AAAA"))
                        .refusing(404, 409),
                Route.list("/v1/dns/top", "Names that were asked for most, the first most often",
                                LookAnswers.TopName.class, call -> looking.names().askedForMost(call.text("network"),
                                        atLeast(1, "count", call.number("count", TOP_NAMES))).stream()
                                        .map(LookViews::topName).toList())
                        .with(Parameter.text("network", "only of this network", "web"),
                                Parameter.number("count", "so many at most; " + TOP_NAMES + " when missing", "20"))
                        .refusing(404),
                Route.list("/v1/ports", "What went through published ports", LookAnswers.PortCounters.class, call ->
                                looking.ports(call.text("container")).stream().map(LookViews::port).toList())
                        .with(Parameter.text("container", "only of this container", "www"))
                        .refusing(404, 409),
                Route.get(CAPTURE, "Captures frames, under an id that the client makes up", CaptureStream.class,
                                this::capture)
                        .with(Parameter.text("target", "a container, a network, uplink, or uplink:DEVICE", "www"),
                                Parameter.text("form", "pcap (when missing), or lines for people", "lines"),
                                Parameter.number("count", "end after so many frames; 0 for never", "10"),
                                Parameter.number("snaplen", "bytes of each frame; all when missing", "96"))
                        .refusing(404, 409),
                Route.delete(CAPTURE, "Ends a capture; what was captured is still sent", call -> {
                            CaptureStream stream = captures.get(call.reference());
                            if (stream == null) {
                                throw Refusal.unknown("capture_not_found", "no capture " + call.reference() + " runs");
                            }
                            stream.end();
                            return new Answers.Removed(call.reference());
                        })
                        .refusing(404));
        // spotless:on
    }

    private static String needed(Call call, String parameter) {
        String value = call.text(parameter);
        if (value == null) {
            throw Refusal.badInput("missing_parameter", "the parameter " + parameter + " is missing");
        }
        return value;
    }

    /** Ends what runs, because the daemon ends. */
    void endStreams() {
        captures.values().forEach(CaptureStream::end);
    }

    private CaptureStream capture(Call call) {
        String id = call.reference();
        if (!id.matches("[A-Za-z0-9_-]{1," + ID_LENGTH_MAX + "}")) {
            throw Refusal.badInput(
                    "invalid_capture_id", "invalid id \"" + id + "\" of a capture: up to 64 letters, digits, - and _");
        }
        String word = call.text("target");
        if (word == null) {
            throw Refusal.badInput(
                    "missing_capture_target", "the parameter target is missing: a container, a network or uplink");
        }
        int count = atLeast(0, "count", call.number("count", 0));
        int snapLength = Math.min(atLeast(1, "snaplen", call.number("snaplen", SNAP_LENGTH)), SNAP_LENGTH);
        Looking.Target target = looking.target(word);
        CaptureForm form = form(call.text("form"), snapLength, target);
        CaptureBuffer buffer = new CaptureBuffer(count);
        synchronized (captures) {
            if (captures.containsKey(id)) {
                throw Refusal.conflict("capture_id_in_use", "a capture " + id + " runs already");
            }
            FrameCapture capture = looking.capture(target, snapLength, buffer);
            CaptureStream stream = new CaptureStream(form, buffer, capture, () -> captures.remove(id));
            captures.put(id, stream);
            return stream;
        }
    }

    private static int atLeast(int lowest, String name, int value) {
        if (value < lowest) {
            throw Refusal.badInput(
                    "invalid_parameter",
                    "invalid value \"" + value + "\" for " + name + ": must be " + lowest + " or more");
        }
        return value;
    }

    private static CaptureForm form(@Nullable String word, int snapLength, Looking.Target target) {
        return switch (word) {
            case null -> new PcapFile(snapLength);
            case "pcap" -> new PcapFile(snapLength);
            case "lines" -> new FrameLines(target.ports(), ZoneId.systemDefault());
            default ->
                throw Refusal.badInput(
                        "invalid_parameter", "invalid value \"" + word + "\" for form: must be pcap or lines");
        };
    }
}
