package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import com.grack.nanojson.JsonParserException;
import com.grack.nanojson.JsonWriter;
import io.tapswitch.core.cli.client.CliException;
import io.tapswitch.core.cli.format.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * What {@code start} must know of a {@code run} beyond what the daemon does; a file beside the log, because it concerns
 * the command and not the network. Environment variables are not in it: they may hold secrets, and are those of
 * whoever starts.
 *
 * @param directory in which the command was started
 * @param waits whether its input never ends ({@code -i} or {@code -t})
 */
record Recipe(Path directory, boolean waits) {
    static Path path(Path stateDirectory, String id) {
        return stateDirectory.resolve("logs").resolve(id + ".run");
    }

    /** Keeps it for {@link #read}. */
    void write(Path stateDirectory, String id) {
        Path file = path(stateDirectory, id);
        try {
            Files.createDirectories(file.getParent());
            String text = JsonWriter.string()
                    .object()
                    .value("directory", directory.toString())
                    .value("waits", waits)
                    .end()
                    .done();
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new CliException("tapswitch: cannot write " + file + ": " + e.getMessage());
        }
    }

    /** That of a container; without one, it is started here and with no input. */
    static Recipe read(Path stateDirectory, String id) {
        Path file = path(stateDirectory, id);
        try {
            JsonObject kept = JsonParser.object().from(Files.readString(file));
            Path directory = Path.of(Json.text(kept, "directory"));
            if (!Files.isDirectory(directory)) {
                throw new CliException("tapswitch: the command's working directory " + directory + " is gone");
            }
            return new Recipe(directory, kept.getBoolean("waits"));
        } catch (NoSuchFileException e) {
            return new Recipe(Path.of("").toAbsolutePath(), false);
        } catch (IOException | JsonParserException e) {
            throw new CliException("tapswitch: cannot read " + file + ": " + e.getMessage());
        }
    }
}
