package io.tapswitch.core.cli.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class HandshakeTest {
    @TempDir
    Path parent;

    /** As a command leaves it that was killed: with an owner that nobody holds. */
    private Path left() throws IOException {
        Path left = Files.createDirectory(parent.resolve("tapswitch-run-1"));
        for (String file : new String[] {"owner", "up", "init", "messages", "sys"}) {
            Files.createFile(left.resolve(file));
        }
        Files.createDirectory(left.resolve("etc"));
        return left;
    }

    @Test
    void whatAKilledCommandHasLeftGoesWithTheNextOne() throws Exception {
        Path left = left();
        Path mine = Files.createDirectory(parent.resolve("tapswitch-other"));
        Handshake next = Handshake.make(parent);
        assertThat(left).doesNotExist();
        assertThat(mine).exists();
        assertThat(next.directory()).isDirectory();
        next.remove();
        assertThat(next.directory()).doesNotExist();
    }

    @Test
    void whatIsInUseOrBeingMadeStays() throws Exception {
        Handshake first = Handshake.make(parent);
        Path making = Files.createDirectory(parent.resolve("tapswitch-run-2"));
        Handshake second = Handshake.make(parent);
        assertThat(first.directory()).isDirectory();
        assertThat(making).isDirectory();
        first.remove();
        second.remove();
    }

    @Test
    void aLinkToSomewhereElseIsLeftAlone() throws Exception {
        Path elsewhere = Files.createDirectory(parent.resolve("elsewhere"));
        Path precious = Files.createFile(elsewhere.resolve("messages"));
        Files.createFile(elsewhere.resolve("owner"));
        Path link = Files.createSymbolicLink(parent.resolve("tapswitch-run-3"), elsewhere);
        Handshake.make(parent).remove();
        assertThat(precious).exists();
        assertThat(link).isSymbolicLink();
    }

    @Test
    void aFirstProcessThatWaitsForItsCommandIsLetGo() throws Exception {
        Path go = left().resolve("go");
        assertThat(new ProcessBuilder("mkfifo", go.toString()).start().waitFor())
                .isZero();
        Process waiting = new ProcessBuilder("sh", "-c", "exec 3<\"$0\"", go.toString()).start();
        try {
            assertThat(waiting.waitFor(100, TimeUnit.MILLISECONDS)).isFalse();
            Handshake.make(parent).remove();
            assertThat(waiting.waitFor(20, TimeUnit.SECONDS)).isTrue();
        } finally {
            waiting.destroyForcibly();
        }
    }
}
