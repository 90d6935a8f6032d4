package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class NetworkNamespaceTest {
    @Test
    void saysHowToMakeANameThatDoesNotExist() {
        assertThatThrownBy(() -> NetworkNamespace.parse("no-such-name"))
                .isInstanceOf(DeviceException.class)
                .hasMessage("no network namespace 'no-such-name': /run/netns/no-such-name does not exist; "
                        + "make it with `ip netns add no-such-name`");
    }

    @Test
    void takesDigitsForAProcess() {
        long pid = ProcessHandle.current().pid();
        try (NetworkNamespace ofPid = NetworkNamespace.parse(Long.toString(pid));
                NetworkNamespace current = NetworkNamespace.current()) {
            assertThat(ofPid.identity()).isEqualTo(current.identity());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"4194305", "99999999999999999999"})
    void saysThatThereIsNoSuchProcess(String pid) {
        assertThatThrownBy(() -> NetworkNamespace.parse(pid))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("no network namespace of process " + pid);
    }

    @Test
    void takesASlashForAPath() {
        try (NetworkNamespace ofPath = NetworkNamespace.parse("/proc/self/ns/net");
                NetworkNamespace current = NetworkNamespace.current()) {
            assertThat(ofPath.identity()).isEqualTo(current.identity());
        }
        assertThatThrownBy(() -> NetworkNamespace.parse("./nowhere"))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("no network namespace at ./nowhere: ./nowhere does not exist");
    }

    @Test
    void refusesFilesThatAreNoNetworkNamespace() {
        assertThatThrownBy(() -> NetworkNamespace.ofPath(Path.of("/proc/self/status")))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("/proc/self/status is not a namespace");
        assertThatThrownBy(() -> NetworkNamespace.ofPath(Path.of("/proc/self/ns/uts")))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("/proc/self/ns/uts is a namespace of another kind");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", ".", ".."})
    void refusesTextThatIsNoName(String text) {
        assertThatThrownBy(() -> NetworkNamespace.parse(text))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("is not a name of a network namespace");
    }

    @Test
    void refusesUseAfterClose() {
        NetworkNamespace namespace = NetworkNamespace.current();
        namespace.close();
        namespace.close();
        assertThatThrownBy(namespace::identity).isInstanceOf(IllegalStateException.class);
    }
}
