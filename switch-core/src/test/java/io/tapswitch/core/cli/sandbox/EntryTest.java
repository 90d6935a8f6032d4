package io.tapswitch.core.cli.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EntryTest {
    @TempDir
    Path directory;

    @Test
    void aNamedNamespaceIsEnteredAsIpDoesIt() {
        assertThat(Entry.ofNetworkNamespace(Path.of("/run/netns/blue")).words(List.of("ls"), Streams.EMPTY))
                .startsWith("ip", "netns", "exec", "blue", "sh", "-c")
                .endsWith("ls");
        assertThat(Entry.ofNetworkNamespace(Path.of("/proc/7/ns/net")).words(List.of("ls"), Streams.EMPTY))
                .startsWith("nsenter", "--net=/proc/7/ns/net", "--", "sh");
        assertThat(Entry.ofProcess(7).words(List.of("ls", "-l"), Streams.EMPTY))
                .startsWith("nsenter", "--target", "7")
                .endsWith("-l");
    }

    private String lookUp(String command) throws IOException, InterruptedException {
        String script = Scripts.read("find-command.sh") + "find_command \"$1\"\necho found\n";
        ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", script, "x", command).redirectErrorStream(true);
        builder.environment().put("PATH", directory + ":/nope");
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        return process.waitFor() + " " + output;
    }

    @Test
    void aCommandThatCannotRunHasDockersCodes() throws IOException, InterruptedException {
        Path program = Files.createFile(
                directory.resolve("prog ram"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        Path file = Files.createFile(
                directory.resolve("file"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r--r--")));
        assertThat(lookUp("prog ram")).isEqualTo("0 found");
        assertThat(lookUp(program.toString())).isEqualTo("0 found");
        assertThat(lookUp("file")).isEqualTo("126 tapswitch: exec: \"file\": permission denied");
        assertThat(lookUp(file.toString())).startsWith("126 ");
        assertThat(lookUp(directory.toString())).startsWith("126 ");
        assertThat(lookUp("no-such")).isEqualTo("127 tapswitch: exec: \"no-such\": executable file not found in $PATH");
        assertThat(lookUp("/no/such")).isEqualTo("127 tapswitch: exec: \"/no/such\": no such file or directory");
    }
}
