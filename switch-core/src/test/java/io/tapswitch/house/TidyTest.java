package io.tapswitch.house;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.dataplane.DropReason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Rules of the house that no compiler and no checkstyle checks. */
class TidyTest {
    private static final Path ROOT = root();
    private static final List<Path> FILES = files();

    private static final String SOURCES = "/src/main/java/";
    private static final int MAX_LINES = 450;
    private static final Pattern LINK = Pattern.compile("]\\((?!https?:|#|mailto:)([^)#\\s]+)[^)]*\\)");
    private static final Pattern REASON = Pattern.compile("(?m)^\\| `([a-z0-9_]+)` \\|");
    /** Written so that this file does not contain the words. */
    private static final Pattern UNFINISHED = Pattern.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X)\\b");

    @Test
    void eachPackageSaysWhatItIs() {
        // By name: the benchmarks of package-private classes are in the package of those, in their own module.
        List<Path> sources = FILES.stream()
                .filter(file ->
                        file.toString().contains(SOURCES) && file.toString().endsWith(".java"))
                .toList();
        Set<String> explained = sources.stream()
                .filter(file -> file.endsWith("package-info.java"))
                .map(TidyTest::packageOf)
                .collect(Collectors.toSet());
        assertThat(explained).hasSizeGreaterThan(5);
        assertThat(sources.stream().map(TidyTest::packageOf)).isSubsetOf(explained);
    }

    @Test
    void eachModuleHasAPackageThatSaysWhatItIs() {
        List<String> modules = Pattern.compile("<module>([^<]+)</module>")
                .matcher(text(ROOT.resolve("pom.xml")))
                .results()
                .map(match -> match.group(1))
                .toList();
        assertThat(modules)
                .hasSize(6)
                .allSatisfy(module -> assertThat(FILES)
                        .anyMatch(file -> file.startsWith(ROOT.resolve(module)) && file.endsWith("package-info.java")));
    }

    @Test
    void eachDropReasonIsExplainedOnceAndNothingElseIs() {
        List<String> explained = REASON.matcher(text(ROOT.resolve("docs/drop-reasons.md")))
                .results()
                .map(match -> match.group(1))
                .toList();
        assertThat(explained)
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(DropReason.values()).map(DropReason::word).toList());
    }

    @Test
    void noSourceFileIsTooLongToRead() {
        assertThat(FILES.stream().filter(TidyTest::isSource))
                .isNotEmpty()
                .allSatisfy(file -> assertThat(text(file).lines().count())
                        .as("lines of %s", file)
                        .isLessThanOrEqualTo(MAX_LINES));
    }

    @Test
    void nothingIsLeftForLater() {
        assertThat(FILES.stream()
                        .filter(file -> isSource(file) || file.toString().endsWith(".md")))
                .allSatisfy(file -> assertThat(text(file)).as(file.toString()).doesNotContainPattern(UNFINISHED));
    }

    @Test
    void decisionsAreNumberedWithoutGapsAndBearTheirNumber() {
        List<Path> decisions = FILES.stream()
                .filter(file -> file.getParent().equals(ROOT.resolve("docs/adr")))
                .sorted()
                .toList();
        assertThat(decisions).isNotEmpty();
        for (int i = 0; i < decisions.size(); i++) {
            assertThat(decisions.get(i).getFileName().toString()).matches("%04d-[a-z0-9_-]+\\.md".formatted(i + 1));
            assertThat(text(decisions.get(i)).lines().findFirst().orElse(""))
                    .as("title of %s", decisions.get(i))
                    .startsWith("# ")
                    .containsPattern("\\b0*" + (i + 1) + "\\b");
        }
    }

    @Test
    void linksBetweenPagesLeadSomewhere() {
        Set<String> broken = new TreeSet<>();
        for (Path page : FILES) {
            if (page.toString().endsWith(".md")) {
                LINK.matcher(text(page)).results().map(match -> match.group(1)).forEach(target -> {
                    if (!Files.exists(page.resolveSibling(target))) {
                        broken.add(ROOT.relativize(page) + " -> " + target);
                    }
                });
            }
        }
        assertThat(broken).isEmpty();
    }

    private static String packageOf(Path file) {
        String directory = file.getParent().toString();
        return directory.substring(directory.indexOf(SOURCES) + SOURCES.length());
    }

    private static boolean isSource(Path file) {
        String name = file.toString();
        return name.endsWith(".java") || name.endsWith("pom.xml") || name.startsWith(ROOT.resolve("scripts") + "/");
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path root() {
        Path directory = Path.of("").toAbsolutePath();
        while (!Files.exists(directory.resolve(".mvn"))) {
            directory = directory.getParent();
        }
        return directory;
    }

    /** All files but what is built and what begins with a dot. */
    private static List<Path> files() {
        List<Path> found = new ArrayList<>();
        try {
            Files.walkFileTree(ROOT, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                    String name = directory.getFileName().toString();
                    boolean skipped = name.startsWith(".") || name.equals("target") || name.equals("__pycache__");
                    return skipped ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    found.add(file);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }
}
