package io.tapswitch.core.cli.client;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import com.grack.nanojson.JsonParserException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** Takes a JSON array apart that has each of its objects on a line of its own, as the daemon writes long ones. */
final class ArrayLines {
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private final Consumer<JsonObject> each;

    ArrayLines(Consumer<JsonObject> each) {
        this.each = each;
    }

    /** Takes bytes, which may begin and end anywhere. */
    void piece(byte[] bytes) {
        for (byte b : bytes) {
            if (b == '\n') {
                end();
            } else {
                line.write(b);
            }
        }
    }

    /** What is left is a line, too. */
    void end() {
        String text = line.toString(StandardCharsets.UTF_8);
        line.reset();
        if (!text.startsWith("{")) {
            return; // The brackets of the array.
        }
        try {
            each.accept(JsonParser.object().from(text.endsWith(",") ? text.substring(0, text.length() - 1) : text));
        } catch (JsonParserException e) {
            throw new CliException("the daemon's answer is not JSON: " + e.getMessage());
        }
    }
}
