package io.tapswitch.core.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.model.Refusal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The table of error codes says all that the sources say, with the same status, and the documents say it too. */
class CodesTest {
    private static final Path SOURCES = Path.of("src/main/java");
    private static final Pattern REFUSAL =
            Pattern.compile("\\b(badInput|unknown|conflict|failed)\\(\\s*(?:\"([a-z]+(?:_[a-z]+)+)\"|([A-Z_]+)),");
    private static final Pattern FAILURE = Pattern.compile("\\bfailure\\(\\s*(\\d+),\\s*\"([a-z_]+)\"");
    private static final Pattern CONSTANT = Pattern.compile("static final String ([A-Z_]+) = \"([a-z]+(?:_[a-z]+)+)\"");
    private static final Map<String, Integer> STATUS =
            Map.of("badInput", 400, "unknown", 404, "conflict", 409, "failed", 500);

    private static Map<String, Integer> described() {
        Map<String, Integer> codes = new TreeMap<>();
        for (JsonNode code : OpenApi.resource("codes.json")) {
            assertThat(code.path("meaning").asString()).isNotEmpty();
            assertThat(codes.put(
                            code.path("code").asString(), code.path("status").asInt()))
                    .as("twice: %s", code)
                    .isNull();
        }
        return codes;
    }

    private static Map<String, Integer> used() throws IOException {
        Map<String, Integer> codes = new TreeMap<>();
        try (Stream<Path> files = Files.walk(SOURCES)) {
            files.filter(file -> file.toString().endsWith(".java"))
                    .filter(file -> !file.toString().contains("/cli/"))
                    .forEach(file -> collect(text(file), codes));
        }
        return codes;
    }

    private static void collect(String source, Map<String, Integer> codes) {
        Map<String, String> constants = CONSTANT.matcher(source)
                .results()
                .collect(Collectors.toMap(match -> match.group(1), match -> match.group(2)));
        Matcher refusal = REFUSAL.matcher(source);
        while (refusal.find()) {
            String code = refusal.group(2) == null ? constants.get(refusal.group(3)) : refusal.group(2);
            if (code != null) {
                codes.put(code, STATUS.getOrDefault(refusal.group(1), 0));
            }
        }
        FAILURE.matcher(source).results().forEach(match -> codes.put(match.group(2), Integer.valueOf(match.group(1))));
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void everyCodeInTheSourcesIsDescribedWithItsStatus() throws IOException {
        Map<String, Integer> used = used();
        assertThat(used).hasSizeGreaterThan(40);
        assertThat(described()).containsAllEntriesOf(used);
        for (Refusal.Kind kind : Refusal.Kind.values()) {
            assertThat(described()).containsKey(kind.code());
        }
    }

    @Test
    void theDocumentHasTheSameTable() {
        String document = text(Path.of("../docs/api.md"));
        for (JsonNode code : OpenApi.resource("codes.json")) {
            assertThat(document)
                    .contains("| `" + code.path("code").asString() + "` | "
                            + code.path("status").asInt() + " | "
                            + code.path("meaning").asString() + " |\n");
        }
        assertThat(document.lines().filter(line -> line.matches("\\| `[a-z_]+` \\| \\d{3} \\|.*")))
                .hasSize(described().size());
    }
}
