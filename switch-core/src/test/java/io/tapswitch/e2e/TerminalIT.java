package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Eventually;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabTerminal;
import io.tapswitch.lab.Outcome;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Commands at a terminal: {@code run -it}, {@code exec -it} and their halves. */
@Tag("netns")
@Timeout(120)
final class TerminalIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    private static final List<String> SHELL = List.of("run", "--rm", "-it", "--", "env", "PS1=> ", "sh");

    @Test
    void shellHasATerminalOfItsOwnWithTheSizeOfOursWhichFollows() {
        Outcome played = LabTerminal.play(
                LAB.daemon(),
                SHELL,
                "see > ",
                "type tty; stty size\\n",
                "see 31 97",
                "size 80x22",
                // The new size arrives when it arrives: the shell waits for it.
                "type until [ \"$(stty size)\" = '22 80' ]; do :; done; echo re''sized\\n",
                "see resized",
                "type exit 5\\n");
        assertThat(played.out()).containsPattern("/dev/pts/[0-9]+\r\n31 97\r\n");
        assertThat(played.lastLine()).isEqualTo("exit 5 modes same");
    }

    @Test
    void controlCAndControlZReachTheCommandAndTheShellHasJobControl() {
        Outcome played = LabTerminal.play(
                LAB.daemon(),
                SHELL,
                "see > ",
                "type sleep 31781\\n",
                "runs sleep 31781",
                "type \\x03",
                "see > ",
                "type sleep 31782\\n",
                "runs sleep 31782",
                "type \\x1a",
                "see Stopped",
                "see > ",
                // The stopped job is no reason to stay for a shell that becomes another command.
                "type jobs; exec sh -c 'exit 6'\\n");
        assertThat(played.out()).contains("^C").contains("^Z");
        assertThat(played.lastLine()).isEqualTo("exit 6 modes same");
    }

    @Test
    void controlCEndsACommandThatIsNoShell() {
        Outcome played = LabTerminal.play(
                LAB.daemon(),
                List.of("run", "--rm", "-it", "--", "sh", "-c", "echo rea''dy; exec sleep 31783"),
                "see ready",
                "runs sleep 31783",
                "type \\x03");
        assertThat(played.lastLine()).isEqualTo("exit 130 modes same");
        assertThat(LAB.daemon().api().get("/containers?all=true").elements()).isEmpty();
    }

    @Test
    void execHasATerminalOfItsOwnToo() {
        LAB.cli("run", "-d", "--name", "box", "--", "sleep", "300");
        Outcome played = LabTerminal.play(
                LAB.daemon(),
                List.of("exec", "-it", "box", "env", "PS1=> ", "sh"),
                "see > ",
                "type tty; hostname; stty size\\n",
                "see 31 97",
                "see > ",
                "type sleep 31784\\n",
                "runs sleep 31784",
                "type \\x03",
                "see > ",
                "type exit 9\\n");
        assertThat(played.out()).containsPattern("/dev/pts/[0-9]+\r\n" + LAB.cli("exec", "box", "hostname") + "\r\n");
        assertThat(played.lastLine()).isEqualTo("exit 9 modes same");
        LAB.cli("rm", "-f", "box");
    }

    @Test
    void execIntoAnAttachedNamespaceHasATerminalOfItsOwnToo() {
        var attached = LAB.attached("blue");
        Outcome played = LabTerminal.play(
                LAB.daemon(),
                List.of("exec", "-it", "blue", "env", "PS1=> ", "sh"),
                "see > ",
                "type ip -o -4 addr show eth0; tty; exit 4\\n");
        assertThat(played.out()).contains(attached.addressOf("eth0")).containsPattern("/dev/pts/[0-9]+\r\n");
        assertThat(played.lastLine()).isEqualTo("exit 4 modes same");
    }

    @Test
    void withoutATerminalOnInputTyIsRefusedAsDockerDoesAndTAloneWorks() {
        LAB.cli("run", "-d", "--name", "box", "--", "sleep", "300");
        assertThat(LAB.refused("run", "--rm", "-it", "tty")).isEqualTo("the input device is not a TTY");
        assertThat(LAB.refused("exec", "-it", "box", "tty")).isEqualTo("the input device is not a TTY");
        assertThat(LAB.cli("run", "--rm", "-t", "tty")).matches("/dev/pts/[0-9]+");
        assertThat(LAB.cli("exec", "-t", "box", "tty")).matches("/dev/pts/[0-9]+");
        LAB.cli("rm", "-f", "box");
    }

    @Test
    void interactiveWithoutATerminalKeepsInputAndBackgroundOnesKeepWaiting() {
        try (var cat = LAB.daemon().startCli("run", "--rm", "-i", "--", "cat")) {
            cat.write("one\n");
            cat.awaitWords("one");
            cat.write("two\n");
            cat.awaitWords("two");
            assertThat(cat.stop().ok().out()).isEqualTo("one\ntwo\n");
        }
        assertThat(LAB.cli("run", "--rm", "--", "cat")).isEmpty();
        LAB.cli("run", "-itd", "--name", "con1", "sh");
        LAB.cli("run", "-d", "--name", "con2", "sh");
        Eventually.until("a shell without input ends", () -> !LAB.cli("ps").contains("con2"));
        assertThat(LAB.cli("ps")).contains("con1");
        LAB.cli("rm", "-f", "con1", "con2");
    }
}
