package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClientPortsTest {
    @TempDir
    Path sysctls;

    private ClientPorts ports;

    @BeforeEach
    void host() throws IOException {
        Files.writeString(sysctls.resolve("ip_local_port_range"), "32768\t60999\n");
        Files.writeString(sysctls.resolve("ip_local_reserved_ports"), "80,40000-40009\n");
        ports = another();
    }

    private ClientPorts another() {
        return new ClientPorts(sysctls, record());
    }

    private Path record() {
        return sysctls.resolve("record");
    }

    private String reserved() throws IOException {
        return Files.readString(sysctls.resolve("ip_local_reserved_ports")).strip();
    }

    @Test
    void P5_whatLiesInTheKernelsRangeIsReservedAndTheOperatorsStays() throws IOException {
        ClientPorts.Kept large = ports.keep(39_990, 40_019);
        ClientPorts.Kept high = ports.keep(60_990, 65_535);
        ClientPorts.Kept twice = ports.keep(40_015, 40_029);
        assertThat(reserved()).isEqualTo("80,39990-40029,60990-60999");
        large.close();
        assertThat(reserved()).isEqualTo("80,40000-40009,40015-40029,60990-60999");
        twice.close();
        high.close();
        assertThat(reserved()).isEqualTo("80,40000-40009");
    }

    @Test
    void R4_anotherProcessTakesBackWhatTheFirstAdded() throws IOException {
        ports.keep(50_000, 51_000);
        ClientPorts next = another();
        ClientPorts.Kept kept = next.keep(50_500, 51_500);
        assertThat(reserved()).isEqualTo("80,40000-40009,50500-51500");
        kept.close();
        next.keep(50_000, 51_000);
        ClientPorts.restore(sysctls, record());
        assertThat(reserved()).isEqualTo("80,40000-40009");
        assertThat(record()).doesNotExist();
        ClientPorts.restore(sysctls, record());
        assertThat(reserved()).isEqualTo("80,40000-40009");
    }

    @Test
    void clientsKeepSome() {
        assertThat(ports.leftWithout(1, 32_767)).isEqualTo(60_999 - 32_767 - 10);
        ports.keep(32_768, 59_000);
        assertThat(ports.leftWithout(59_001, 60_000)).isEqualTo(999);
        assertThat(ports.leftWithout(1, 65_535)).isZero();
    }

    @Test
    void aSettingThatCannotBeChangedIsSaidAndNothingIsHeld() throws IOException {
        Files.delete(sysctls.resolve("ip_local_reserved_ports"));
        Files.createDirectory(sysctls.resolve("ip_local_reserved_ports"));
        assertThatThrownBy(() -> ports.keep(50_000, 51_000))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("ip_local_reserved_ports");
        Files.delete(sysctls.resolve("ip_local_reserved_ports"));
        assertThat(ports.leftWithout(1, 2)).isEqualTo(60_999 - 32_767);
    }
}
