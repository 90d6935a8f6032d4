package io.tapswitch.core.overlay.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class EtcdSettingsTest {
    @Test
    void A_OVL_01_membersAreHostsWithPorts() {
        EtcdSettings settings = EtcdSettings.parse("etcd://10.0.0.9:2379,etcd-2,[2001:db8::9]:4001", null, null);
        assertThat(settings.endpoints())
                .containsExactly(
                        URI.create("http://10.0.0.9:2379"),
                        URI.create("http://etcd-2:2379"),
                        URI.create("http://[2001:db8::9]:4001"));
        assertThat(settings.description()).isEqualTo("etcd://10.0.0.9:2379,etcd-2:2379,[2001:db8::9]:4001");
    }

    @Test
    void tlsMakesItHttps() {
        EtcdSettings settings = EtcdSettings.parse("ETCD://store/", new EtcdSettings.Tls(null, null, null), null);
        assertThat(settings.endpoints()).containsExactly(URI.create("https://store:2379"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "etcd", "etcd://", "etcd://,", "etcd://a:b", "etcd://a/b", "etcd://a?b", "etcd://a:70000"})
    void whatIsNoListOfMembersIsRefusedWithAnExample(String text) {
        assertThatThrownBy(() -> EtcdSettings.parse(text, null, null))
                .hasMessageStartingWith("cluster store '" + text + "': ")
                .hasMessageContaining("etcd://HOST:PORT[,HOST:PORT...]");
    }

    @Test
    void otherStoresAreRefusedByName() {
        assertThatThrownBy(() -> EtcdSettings.parse("consul://10.0.0.9:8500", null, null))
                .hasMessageContaining("only etcd is supported");
    }

    @Test
    void aPasswordAmongTheMembersIsRefusedAndNotRepeated() {
        assertThatThrownBy(() -> EtcdSettings.parse("etcd://switch:word@10.0.0.9", null, null))
                .hasMessageContaining("given by a file")
                .hasMessageNotContaining("word@");
        assertThat(new EtcdSettings.Credentials("switch", "word").toString()).doesNotContain("word");
    }

    @Test
    void filesThatAreNotWhatTlsNeedsAreNamed(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("pem"), "-----BEGIN EC PRIVATE KEY-----\n");
        assertThatThrownBy(() -> PemFiles.context(new EtcdSettings.Tls(file, null, null)))
                .hasMessageContaining("--cluster-store-opt: file " + file + " holds no certificate in PEM");
        assertThatThrownBy(() -> PemFiles.context(new EtcdSettings.Tls(directory.resolve("none"), null, null)))
                .hasMessageContaining("cannot be read");
        assertThatThrownBy(() -> new EtcdSettings.Tls(null, file, null)).hasMessageContaining("given together");
    }
}
