package io.tapswitch.core.cli.client;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import com.grack.nanojson.JsonParserException;
import com.grack.nanojson.JsonWriter;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Requests to the daemon behind a unix socket, a connection each. A status from 400 on is an {@link ApiException}. */
public final class ApiClient {
    /** The API's version, before each path. */
    private static final String VERSION = "/v1";

    /** A start of hundreds of containers may hold everybody up for seconds; nothing takes a minute. */
    public static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Path socket;
    private final Duration patience;

    /**
     * A client of the daemon that listens on {@code socket}. Connects only when a request is made.
     *
     * @param patience how long it waits for an answer
     */
    public ApiClient(Path socket, Duration patience) {
        this.socket = socket;
        this.patience = patience;
    }

    /** {@return the same client, for a request that may take so much longer} */
    public ApiClient withPatience(Duration more) {
        return new ApiClient(socket, patience.plus(more));
    }

    /** GET of an object. */
    public JsonObject getObject(String path) {
        return object(request("GET", path, null));
    }

    /** GET of an array. */
    public JsonArray getArray(String path) {
        if (request("GET", path, null) instanceof JsonArray array) {
            return array;
        }
        throw new CliException("the daemon's answer to GET " + path + " is not a JSON array");
    }

    /** POST of an object, whose answer is an object. */
    public JsonObject post(String path, Map<String, ?> body) {
        return object(request("POST", path, JsonWriter.string(body)));
    }

    /** DELETE. */
    public void delete(String path) {
        request("DELETE", path, null);
    }

    /** A segment of a path or a value of a query; escaped is all that RFC 3986 does not call unreserved. */
    public static String escape(String text) {
        StringBuilder escaped = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            if (c < 0x80 && (Character.isLetterOrDigit(c) || "-._~".indexOf(c) >= 0)) {
                escaped.append(c);
            } else {
                escaped.append(String.format(Locale.ROOT, "%%%02X", (int) c));
            }
        }
        return escaped.toString();
    }

    /** {@return the path of a container: its name, id, or the beginning of its id} */
    public static String container(String reference) {
        return "/containers/" + segment("container", reference);
    }

    /** {@return the path of a network: its name, id, or the beginning of its id} */
    public static String network(String reference) {
        return "/networks/" + segment("network", reference);
    }

    /** An empty one would be another path, so it is refused here, as docker's client does it. */
    private static String segment(String what, String reference) {
        if (reference.isEmpty()) {
            throw new CliException("invalid " + what + " name or ID: value is empty");
        }
        return escape(reference);
    }

    private static JsonObject object(@Nullable Object answer) {
        if (answer instanceof JsonObject object) {
            return object;
        }
        throw new CliException("the daemon's answer is not a JSON object");
    }

    /** GET of an event stream: gives each event's data, and returns when the daemon ends it. */
    public void stream(String path, Consumer<String> each) {
        HttpAnswer answer = exchange("GET", path, null, channel -> EventLines.read(channel, each), null);
        Object refusal = parse(answer);
        if (answer.status() >= 400) {
            throw refusal(answer.status(), refusal);
        }
    }

    /**
     * GET of an answer that is made while it is sent: gives its pieces, however long it takes.
     *
     * @return the trailing headers, by name in lower case
     */
    public Map<String, String> pieces(String path, Consumer<byte[]> each) {
        Map<String, String> trailers = new HashMap<>();
        HttpAnswer answer = exchange("GET", path, null, channel -> BodyPieces.read(channel, each, trailers), null);
        if (answer.status() >= 400) {
            throw refusal(answer.status(), parse(answer));
        }
        return trailers;
    }

    /** GET of an array whose objects stand on lines of their own: gives each, before the next one is read. */
    public void objects(String path, Consumer<JsonObject> each) {
        ArrayLines lines = new ArrayLines(each);
        pieces(path, lines::piece);
        lines.end();
    }

    private @Nullable Object request(String method, String path, @Nullable String json) {
        HttpAnswer answer = exchange(method, path, json, HttpAnswer::read, patience);
        Object parsed = parse(answer);
        if (answer.status() < 400) {
            return parsed;
        }
        throw refusal(answer.status(), parsed);
    }

    private static ApiException refusal(int status, @Nullable Object parsed) {
        String message = parsed instanceof JsonObject object ? object.getString("message") : null;
        return new ApiException(status, message == null ? "HTTP status " + status : message);
    }

    /** How an answer is read. */
    private interface Reading {
        HttpAnswer of(SocketChannel channel) throws IOException;
    }

    private HttpAnswer exchange(
            String method, String path, @Nullable String json, Reading reading, @Nullable Duration limit) {
        try (SocketChannel channel = connect()) {
            if (limit != null) {
                closeAfter(limit, channel);
            }
            return answer(channel, method, path, json, reading);
        } catch (AsynchronousCloseException e) {
            throw new CliException("the daemon at unix://" + socket + " did not answer within " + patience.toSeconds()
                    + " s; its log may say why");
        } catch (IOException e) {
            throw new CliException("the connection to the daemon at unix://" + socket + " broke: " + e.getMessage());
        }
    }

    /**
     * A daemon that does not want the request, because it has too many connections or the request is too large, answers
     * and closes before it has read all of it. That answer says more than the write that failed.
     */
    private static HttpAnswer answer(
            SocketChannel channel, String method, String path, @Nullable String json, Reading reading)
            throws IOException {
        IOException unsent = null;
        try {
            send(channel, method, path, json);
        } catch (AsynchronousCloseException e) {
            throw e;
        } catch (IOException e) {
            unsent = e;
        }
        try {
            return reading.of(channel);
        } catch (IOException e) {
            throw unsent == null || e instanceof AsynchronousCloseException ? e : unsent;
        }
    }

    /** A channel has no time limit of its own, and a selector costs more than a thread that sleeps. */
    private static void closeAfter(Duration limit, SocketChannel channel) {
        Thread.ofPlatform().daemon().name("patience").start(() -> {
            try {
                Thread.sleep(limit);
                channel.close();
            } catch (InterruptedException | IOException e) {
                Thread.currentThread().interrupt(); // Nobody does that, and nothing is left to close.
            }
        });
    }

    private SocketChannel connect() {
        try {
            return SocketChannel.open(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            // The JDK gives the errno only as text; these are strerror's words for EACCES.
            String reason = e.getMessage();
            if (reason != null && reason.contains("Permission denied")) {
                throw new CliException("permission denied while trying to connect to the tapswitch daemon at unix://"
                        + socket + ": be root, or a member of the group that the daemon was given with --group");
            }
            throw new CliException(
                    "Cannot connect to the tapswitch daemon at unix://" + socket + ". Is the daemon running?");
        }
    }

    private static void send(SocketChannel channel, String method, String path, @Nullable String json)
            throws IOException {
        byte[] body = json == null ? new byte[0] : json.getBytes(StandardCharsets.UTF_8);
        StringBuilder head = new StringBuilder(160)
                .append(method)
                .append(' ')
                .append(VERSION)
                .append(path)
                .append(" HTTP/1.1\r\n")
                .append("Host: tapswitch\r\nConnection: close\r\nAccept: application/json\r\n");
        if (json != null) {
            head.append("Content-Type: application/json\r\nContent-Length: ")
                    .append(body.length)
                    .append("\r\n");
        }
        byte[] start = head.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII);
        ByteBuffer out = ByteBuffer.allocate(start.length + body.length)
                .put(start)
                .put(body)
                .flip();
        while (out.hasRemaining()) {
            channel.write(out);
        }
    }

    private static @Nullable Object parse(HttpAnswer answer) {
        String text = answer.body();
        if (text.isBlank()) {
            return null;
        }
        try {
            return JsonParser.any().from(text);
        } catch (JsonParserException e) {
            if (answer.status() >= 400) {
                throw new ApiException(answer.status(), text.strip());
            }
            throw new CliException("the daemon's answer is not JSON: " + e.getMessage());
        }
    }
}
