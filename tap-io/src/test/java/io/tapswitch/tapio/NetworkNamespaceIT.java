package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class NetworkNamespaceIT {
    private final NetworkNamespace.Identity own = identityOfCurrent();

    @Test
    void namesPathsAndProcessesOfOneNamespaceHaveOneIdentity() throws IOException {
        try (TestNamespace test = new TestNamespace();
                NetworkNamespace ofName = NetworkNamespace.parse(test.name);
                NetworkNamespace ofPath = NetworkNamespace.parse("/run/netns/" + test.name)) {
            Process inside = ofName.call(() -> new ProcessBuilder("sleep", "60").start());
            try (NetworkNamespace ofPid = NetworkNamespace.parse(Long.toString(inside.pid()))) {
                assertThat(ofName.identity()).isEqualTo(ofPath.identity()).isNotEqualTo(own);
                assertThat(ofPid.identity())
                        .as("a child process is born into it")
                        .isEqualTo(ofName.identity());
            } finally {
                inside.destroyForcibly();
            }
        }
    }

    @Test
    void callsOnAThreadThatIsInsideAndLeavesTheCallerOutside() {
        try (TestNamespace test = new TestNamespace();
                NetworkNamespace namespace = test.open()) {
            assertThat(namespace.call(NetworkNamespaceIT::identityOfCurrent)).isEqualTo(namespace.identity());
            assertThat(namespace.call(() -> Thread.currentThread().isVirtual())).isFalse();
            assertThat(identityOfCurrent()).isEqualTo(own);
        }
    }

    @Test
    void callPassesTheExceptionOfTheWorkOn() {
        try (NetworkNamespace namespace = NetworkNamespace.current()) {
            assertThatThrownBy(() -> namespace.call(() -> {
                        throw new IOException("of the work");
                    }))
                    .isInstanceOf(IOException.class)
                    .hasMessage("of the work");
        }
    }

    @Test
    void holdsADeletedNamespaceUntilItIsClosed() {
        try (TestNamespace test = new TestNamespace()) {
            String link = TestNamespace.uniqueName();
            // The other end of a pair dies with the namespace: a witness of its life.
            TestNamespace.sh("ip link add " + link + " type veth peer name inside netns " + test.name);
            Path witness = Path.of("/sys/class/net", link);
            try (NetworkNamespace namespace = test.open()) {
                test.delete();
                assertThat(namespace.call(() -> TestNamespace.sh("ip -o link show dev inside")))
                        .contains("inside");
                assertThat(witness).exists();
            }
            TestNamespace.await(
                    "the namespace dies once it is let go",
                    3_000,
                    () -> !witness.toFile().exists());
        }
    }

    private static NetworkNamespace.Identity identityOfCurrent() {
        try (NetworkNamespace current = NetworkNamespace.current()) {
            return current.identity();
        }
    }
}
