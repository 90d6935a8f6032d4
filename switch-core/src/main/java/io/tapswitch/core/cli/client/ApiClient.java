package io.tapswitch.core.cli.client;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import com.grack.nanojson.JsonParserException;
import com.grack.nanojson.JsonWriter;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Requests to the daemon behind a unix socket, a connection each. A status from 400 on is an {@link ApiException}. */
public final class ApiClient {
    /** The API's version, before each path. */
    private static final String VERSION = "/v1";

    private final Path socket;

    /** A client of the daemon that listens on {@code socket}. Connects only when a request is made. */
    public ApiClient(Path socket) {
        this.socket = socket;
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

    private static JsonObject object(@Nullable Object answer) {
        if (answer instanceof JsonObject object) {
            return object;
        }
        throw new CliException("the daemon's answer is not a JSON object");
    }

    private @Nullable Object request(String method, String path, @Nullable String json) {
        HttpAnswer answer;
        try (SocketChannel channel = connect()) {
            send(channel, method, path, json);
            answer = HttpAnswer.read(channel);
        } catch (IOException e) {
            throw new CliException("the connection to the daemon at unix://" + socket + " broke: " + e.getMessage());
        }
        Object parsed = parse(answer);
        if (answer.status() < 400) {
            return parsed;
        }
        String message = parsed instanceof JsonObject object ? object.getString("message") : null;
        throw new ApiException(answer.status(), message == null ? "HTTP status " + answer.status() : message);
    }

    private SocketChannel connect() {
        try {
            return SocketChannel.open(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            // The JDK gives the errno only as text; these are strerror's words for EACCES.
            String reason = e.getMessage();
            if (reason != null && reason.contains("Permission denied")) {
                throw new CliException("permission denied while trying to connect to the tapswitch daemon at unix://"
                        + socket + ". Are you root?");
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
