package io.tapswitch.house;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Daemon;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.platform.commons.annotation.Testable;
import org.junit.platform.commons.support.AnnotationSupport;

/** The table of docs/behaviours.md is true: no behaviour is missing in it, and each test that it names is there. */
class BehavioursTest {
    private static final Path ROOT = Daemon.projectRoot();
    private static final String E2E = "io.tapswitch.e2e.";
    private static final Pattern ROW =
            Pattern.compile("(?m)^\\| ([AC][A-Z0-9-]+) \\| ([^|]+) \\| ([^|]*) \\| ([a-z]+) \\|$");
    /** Of a table about one part in detail: an id of requirements, or a row of the catalogue. */
    private static final Pattern DETAIL = Pattern.compile("(?m)^\\| ([DVO]\\d+|row \\d+) \\| ([^|]+) \\| ([^|]*) \\|$");

    private static final Pattern NAMED = Pattern.compile("`(\\w+)#(\\w+)`");
    private static final Pattern ID_IN_NAME = Pattern.compile("(A_[A-Z0-9]+)((?:_\\d\\d)+)");

    /** Groups whose behaviours this version has, with the number of the last one. */
    private static final Map<String, Integer> GROUPS = Map.of(
            "A-NET-", 14, "A-IPAM-", 15, "A-ATT-", 14, "A-DRV-", 10, "A-L2-", 6, "A-INT-", 3, "A-OUT-", 2, "A-PORT-",
            21, "A-DNS-", 19, "A-OVL-", 18);

    /** What a later issue builds. */
    private static final Set<String> LATER =
            Set.of("A-DRV-07", "A-DRV-09", "A-DRV-10", "A-OVL-14", "A-OVL-15", "A-OVL-16");

    private record Row(String id, String what, List<String> tests, String state) {}

    @Test
    void everyBehaviourIsInTheTableOnce() {
        Stream<String> behaviours = GROUPS.entrySet().stream()
                .flatMap(group -> IntStream.rangeClosed(1, group.getValue())
                        .mapToObj(number -> "%s%02d".formatted(group.getKey(), number)));
        Stream<String> rules = IntStream.rangeClosed(1, 13).mapToObj(number -> "C" + number);
        assertThat(rows().stream().map(Row::id))
                .containsExactlyInAnyOrderElementsOf(
                        Stream.concat(behaviours, rules).toList());
    }

    @Test
    void everyNamedTestExists() {
        assertThat(rows().stream().flatMap(row -> row.tests().stream()))
                .isNotEmpty()
                .allSatisfy(test -> {
                    String[] parts = test.split("#", -1);
                    assertThat(testsOf(parts[0])).as("tests of %s", parts[0]).contains(parts[1]);
                });
    }

    @Test
    void everyRequirementOfNamesAndTunnelsAndEachRowOfTheCatalogueAboutThemIsThereOnce() {
        Stream<String> ids = Stream.of(
                        numbers("D", 1, 22),
                        numbers("V", 1, 15),
                        numbers("O", 5, 6),
                        numbers("O", 10, 12),
                        numbers("row ", 37, 37),
                        numbers("row ", 55, 75),
                        numbers("row ", 92, 94),
                        numbers("row ", 99, 99))
                .flatMap(some -> some);
        assertThat(DETAIL.matcher(text()).results().map(row -> row.group(1)))
                .containsExactlyInAnyOrderElementsOf(ids.toList());
    }

    private static Stream<String> numbers(String begin, int first, int last) {
        return IntStream.rangeClosed(first, last).mapToObj(number -> begin + number);
    }

    /** Of any module: this one does not have the classes of the others' tests. */
    @Test
    void everyTestOfADetailExists() throws IOException {
        Map<String, String> sources = sources();
        List<MatchResult> rows = DETAIL.matcher(text()).results().toList();
        assertThat(rows).isNotEmpty();
        for (MatchResult row : rows) {
            List<MatchResult> tests = NAMED.matcher(row.group(3)).results().toList();
            assertThat(tests).as("tests of %s", row.group(1)).isNotEmpty();
            for (MatchResult test : tests) {
                assertThat(sources).as(row.group(1)).containsKey(test.group(1) + ".java");
                assertThat(sources.get(test.group(1) + ".java").contains(" void " + test.group(2) + "("))
                        .as("%s: %s is there", row.group(1), test.group())
                        .isTrue();
            }
        }
    }

    /** {@return the tests' texts by the names of their files; two modules may have one of the same name} */
    private static Map<String, String> sources() throws IOException {
        Map<String, String> sources = new LinkedHashMap<>();
        try (Stream<Path> modules = Files.list(ROOT)) {
            for (Path tests : modules.map(module -> module.resolve("src/test/java"))
                    .filter(Files::isDirectory)
                    .toList()) {
                try (Stream<Path> files = Files.walk(tests)) {
                    for (Path file : files.filter(Files::isRegularFile).toList()) {
                        sources.merge(file.getFileName().toString(), Files.readString(file), String::concat);
                    }
                }
            }
        }
        return sources;
    }

    @Test
    void stateIsTrue() {
        assertThat(rows()).allSatisfy(row -> {
            assertThat(row.state()).as(row.id()).isIn("done", "part", "later");
            assertThat(row.state().equals("later")).as("%s is later", row.id()).isEqualTo(LATER.contains(row.id()));
            assertThat(row.what()).as(row.id()).isNotBlank();
            if (!row.state().equals("later")) {
                assertThat(row.tests()).as("tests of %s", row.id()).isNotEmpty();
            }
            if (row.state().equals("part")) {
                assertThat(row.what()).as("%s says what comes later", row.id()).contains("later)");
            }
        });
    }

    @Test
    void testsThatBearAnIdShowABehaviourOfTheTable() throws IOException {
        Map<String, Row> byId = rows().stream().collect(Collectors.toMap(Row::id, row -> row));
        assertThat(idsInTestNames())
                .isNotEmpty()
                .allSatisfy(id -> assertThat(byId).containsKey(id));
    }

    /** {@return the behaviours whose ids the names of end-to-end tests begin with} */
    private static Set<String> idsInTestNames() throws IOException {
        Set<String> ids = new TreeSet<>();
        try (Stream<Path> files = Files.list(ROOT.resolve("switch-core/src/test/java/io/tapswitch/e2e"))) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (name.endsWith("IT.java")) {
                    testsOf(name.replace(".java", ""))
                            .forEach(test -> ID_IN_NAME
                                    .matcher(test)
                                    .results()
                                    .forEach(match -> Arrays.stream(
                                                    match.group(2).substring(1).split("_", -1))
                                            .forEach(number ->
                                                    ids.add(match.group(1).replace('_', '-') + "-" + number))));
                }
            }
        }
        return ids;
    }

    private static List<String> testsOf(String className) {
        try {
            return AnnotationSupport.findAnnotatedMethods(
                            Class.forName(E2E + className),
                            Testable.class,
                            org.junit.platform.commons.support.HierarchyTraversalMode.TOP_DOWN)
                    .stream()
                    .map(Method::getName)
                    .toList();
        } catch (ClassNotFoundException e) {
            throw new AssertionError("no test class " + className, e);
        }
    }

    private static List<Row> rows() {
        Map<String, Row> rows = new LinkedHashMap<>();
        ROW.matcher(text()).results().forEach(match -> {
            Row row = new Row(
                    match.group(1),
                    match.group(2),
                    NAMED.matcher(match.group(3))
                            .results()
                            .map(test -> test.group(1) + "#" + test.group(2))
                            .toList(),
                    match.group(4));
            assertThat(rows.put(row.id(), row)).as("twice: %s", row.id()).isNull();
        });
        return List.copyOf(rows.values());
    }

    private static String text() {
        try {
            return Files.readString(ROOT.resolve("docs/behaviours.md"));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
