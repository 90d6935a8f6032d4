package io.tapswitch.core.cli.verb;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LogTailTest {
    @TempDir
    Path directory;

    private String tail(String text, long lines) throws IOException {
        Path file = Files.writeString(directory.resolve("log"), text);
        try (FileChannel channel = FileChannel.open(file)) {
            return text.substring((int) LogTail.begin(channel, lines));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"a;b;c;|2|b;c;", "a;b;c|2|b;c", "a;b;c;|3|a;b;c;", "a;b;c;|9|a;b;c;", "a;;;|2|;;", "a|1|a", ";|1|;"
            })
    void theLastLinesAreFoundWithAndWithoutANewlineAtTheEnd(String text, long lines, String expected)
            throws IOException {
        assertThat(tail(text.replace(';', '\n'), lines)).isEqualTo(expected.replace(';', '\n'));
    }

    @Test
    void noLinesAllLinesAndAnEmptyLog() throws IOException {
        assertThat(tail("a\nb\n", 0)).isEmpty();
        assertThat(tail("a\nb\n", Long.MAX_VALUE)).isEqualTo("a\nb\n");
        assertThat(tail("", 5)).isEmpty();
    }

    @Test
    void linesLongerThanABlockAreFound() throws IOException {
        String line = "x".repeat(100_000) + '\n';
        assertThat(tail(line + line + line, 2)).isEqualTo(line + line);
    }
}
