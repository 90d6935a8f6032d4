package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Publication;
import io.tapswitch.core.model.Refusal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which ports are spoken for, and which one is chosen next. */
class HeldPortsTest {
    private static final BitSet NONE = new BitSet();
    private static final EphemeralPorts RANGE = new EphemeralPorts(100, 109, NONE);

    private final HeldPorts held = new HeldPorts();
    private int rules;

    private void publish(String... specs) {
        for (String text : specs) {
            PortSpec spec = PortSpec.parse(text);
            held.add(new Publication(
                    ++rules, "c".repeat(64), spec, spec.firstHostPort(), List.of(), new Origin.Command()));
        }
    }

    private int choose(String spec, int after) {
        return held.choose(PortSpec.parse(spec), RANGE, after, NONE);
    }

    @ParameterizedTest
    @CsvSource({
        "80:80, 10.0.0.1:80:80, true",
        "10.0.0.1:80:80, 80:80, true",
        "10.0.0.1:80:80, 0.0.0.0:80:80, true",
        "10.0.0.1:80:80, 10.0.0.2:80:80, false",
        "10.0.0.1:80:80, 10.0.0.1:80:81, true",
        "80:80, 80:80/udp, false",
        "80:80, 81:80, false",
        "0.0.0.0:80:80, [::]:80:80, false",
        "80:80, [::1]:80:80, true",
        "[::]:80:80, [::1]:80:80, true",
        "[::1]:80:80, 80:80, true",
        "[::1]:80:80, 10.0.0.1:80:80, false",
        "100-200:100-200, 200:1, true",
        "100-200:100-200, 201:1, false",
        "100-200:100-200, 99:1, false",
        "100-200:100-200, 50-100:50-100, true",
        "100-200:100-200, 50-300:50-300, true",
        "150:1, 100-200:100-200, true",
    })
    void P2_whatHasAnAddressAProtocolAndAPortInCommonCollides(String there, String wanted, boolean collides) {
        publish(there);
        PortSpec spec = PortSpec.parse(wanted);
        assertThat(held.holder(spec, spec.firstHostPort()) != null).isEqualTo(collides);
    }

    @ParameterizedTest
    @CsvSource({
        "443:443, Bind for 0.0.0.0:443 failed: port is already allocated",
        "10.0.0.1:443:1, Bind for 10.0.0.1:443 failed: port is already allocated",
        "[::1]:443:1, Bind for [::1]:443 failed: port is already allocated",
        "400-500:400-500, Bind for 0.0.0.0:443 failed: port is already allocated",
    })
    void A_PORT_03_theSecondIsRefusedInDockersWords(String wanted, String words) {
        publish("443:443");
        PortSpec spec = PortSpec.parse(wanted);
        assertThatThrownBy(() -> held.refuseHeld(spec, spec.firstHostPort(), DesiredState.EMPTY))
                .isInstanceOfSatisfying(Refusal.class, e -> assertThat(e.code()).isEqualTo("port_allocated"))
                .hasMessage(words + " to container " + "c".repeat(64) + ", as 443:443/tcp");
    }

    @Test
    void P3_theSearchGoesOnBehindTheLastOneAndBeginsAgain() {
        assertThat(choose("80", 0)).isEqualTo(100);
        assertThat(choose("80", 104)).isEqualTo(105);
        publish("105-109:1-5");
        assertThat(choose("80", 104)).isEqualTo(100);
        assertThat(choose("80/udp", 104)).isEqualTo(105);
        assertThat(choose("80", 109)).isEqualTo(100);
    }

    @Test
    void P3_aRangeWithoutHostPortsIsOneRunOfFreePorts() {
        publish("102:1", "107:1");
        assertThat(choose("1-4", 0)).isEqualTo(103);
        assertThat(choose("1-3", 104)).isEqualTo(103);
    }

    @Test
    void P3_whenNoneIsLeftDockersWordsSayIt() {
        publish("100-109:1-10");
        assertThatThrownBy(() -> choose("80", 0)).hasMessage("all ports are allocated");
        publish("8000-8002:1-3");
        assertThatThrownBy(() -> choose("8000-8002:80", 0)).hasMessage("all ports are allocated");
    }

    @Test
    void A_PORT_11_aPoolGivesItsFirstFreePort() {
        assertThat(choose("8000-8010:80", 105)).isEqualTo(8000);
        publish("8000:1", "10.0.0.1:8001:1");
        assertThat(choose("8000-8010:80", 105)).isEqualTo(8002);
        assertThat(choose("10.0.0.2:8000-8010:80", 105)).isEqualTo(8001);
    }

    @Test
    void P4_reservedPortsAndThoseOfTheHostAreSkipped() {
        BitSet reserved = new BitSet();
        reserved.set(100, 103);
        BitSet busy = new BitSet();
        busy.set(103);
        EphemeralPorts range = new EphemeralPorts(100, 109, reserved);
        assertThat(held.choose(PortSpec.parse("80"), range, 0, busy)).isEqualTo(104);
        assertThat(held.choose(PortSpec.parse("1-6"), range, 107, busy)).isEqualTo(104);
    }

    @Test
    void P4_theRangeIsThatOfTheKernel(@TempDir Path sysctls) throws Exception {
        Files.writeString(sysctls.resolve("ip_local_port_range"), "40000\t40100\n");
        Files.writeString(sysctls.resolve("ip_local_reserved_ports"), "40000-40002,40005\n");
        EphemeralPorts ports = EphemeralPorts.read(sysctls);
        assertThat(ports.first()).isEqualTo(40_000);
        assertThat(ports.last()).isEqualTo(40_100);
        assertThat(ports.reserved().stream()).containsExactly(40_000, 40_001, 40_002, 40_005);
        Files.writeString(sysctls.resolve("ip_local_reserved_ports"), "\n");
        assertThat(EphemeralPorts.read(sysctls).reserved().isEmpty()).isTrue();
        assertThat(EphemeralPorts.read(sysctls.resolve("none")).first()).isEqualTo(32_768);
    }

    @Test
    void sixtyThousandPortsAreOneEntry_andTenThousandEntriesAreEnteredAndAskedInAMoment() {
        publish("1024-61023:1024-61023/udp");
        long start = System.nanoTime();
        for (int i = 0; i < 10_000; i++) {
            publish("10.0.0." + i % 4 + ":" + (1_024 + i) + ":80");
        }
        PortSpec any = PortSpec.parse("20000:80");
        for (int i = 0; i < 10_000; i++) {
            assertThat(held.holder(any, 20_000) == null).isTrue();
        }
        assertThat(System.nanoTime() - start).isLessThan(1_000_000_000L);
    }
}
