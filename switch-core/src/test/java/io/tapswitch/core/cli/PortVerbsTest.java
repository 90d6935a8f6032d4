package io.tapswitch.core.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** publish, unpublish, port, the flags of attach and run, and the column of ps. */
class PortVerbsTest extends CliCase {
    private void shows(String ports) {
        daemon.on("GET /containers/www", 200, "{\"NetworkSettings\":{\"Ports\":" + ports + "}}");
    }

    @Test
    void A_PORT_14_portPrintsALineForEachMapping() {
        shows(
                "{\"2000/tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"5000\"},{\"HostIp\":\"::\",\"HostPort\":\"5000\"}],"
                        + "\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"8080\"}],\"443/tcp\":[]}");
        assertThat(line("port www")).isZero();
        assertThat(out).isEqualTo("""
                80/tcp -> 127.0.0.1:8080
                2000/tcp -> 0.0.0.0:5000
                2000/tcp -> [::]:5000
                """);
        assertThat(line("port www 2000/tcp")).isZero();
        assertThat(out).isEqualTo("0.0.0.0:5000\n[::]:5000\n");
        assertThat(line("port www 2000")).isZero();
        assertThat(out).isEqualTo("0.0.0.0:5000\n[::]:5000\n");
    }

    @ParameterizedTest
    @CsvSource({
        "7890/udp, Error: No public port '7890/udp' published for www",
        "443, Error: No public port '443/tcp' published for www",
        "2000/udp, Error: No public port '2000/udp' published for www",
        "http, Error: invalid port (http)",
        "65536/tcp, Error: invalid port (65536)",
    })
    void A_PORT_14_whatIsNotPublishedIsSaidInDockersWords(String port, String sentence) {
        shows("{\"2000/tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"5000\"}],\"443/tcp\":[]}");
        assertThat(run("port", "www", port)).isEqualTo(1);
        assertThat(err).isEqualTo(sentence + "\n");
        assertThat(out).isEmpty();
    }

    @Test
    void portOfOneWithoutMappingsPrintsNothing() {
        shows("{}");
        assertThat(line("port www")).isZero();
        assertThat(out + err).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0.0.0.0 80 8080 1 tcp;:: 80 8080 1 tcp|0.0.0.0:8080->80/tcp, [::]:8080->80/tcp",
                "0.0.0.0 80 32772 1 tcp;0.0.0.0 443 32771 1 tcp|0.0.0.0:32772->80/tcp, 0.0.0.0:32771->443/tcp",
                "0.0.0.0 80 80 1 tcp;0.0.0.0 81 81 1 tcp;0.0.0.0 83 83 1 tcp|0.0.0.0:80-81->80-81/tcp,"
                        + " 0.0.0.0:83->83/tcp",
                "0.0.0.0 2000 5000 101 udp|0.0.0.0:5000-5100->2000-2100/udp",
                "_ 443 0 1 tcp;_ 444 0 1 tcp;0.0.0.0 80 8080 1 tcp|443-444/tcp, 0.0.0.0:8080->80/tcp",
                "0.0.0.0 53 53 1 tcp;0.0.0.0 53 53 1 udp|0.0.0.0:53->53/tcp, 0.0.0.0:53->53/udp",
            })
    void A_PORT_15_psShowsPortsAsDocker(String ports, String column) {
        StringBuilder json = new StringBuilder();
        for (String port : ports.split(";", -1)) {
            String[] words = port.split(" ", -1);
            json.append(json.isEmpty() ? "" : ",")
                    .append("{\"IP\":\"" + words[0].replace("_", "") + "\",\"PrivatePort\":" + words[1]
                            + ",\"PublicPort\":" + words[2] + ",\"Count\":" + words[3] + ",\"Type\":\"" + words[4]
                            + "\"}");
        }
        daemon.on(
                "GET /containers",
                200,
                "[{\"Id\":\"" + ID + "\",\"Name\":\"www\",\"Created\":\"2026-01-02T03:04:05.678901234Z\","
                        + "\"State\":{\"Status\":\"running\"},\"Ports\":[" + json + "]}]");
        assertThat(run("ps", "--format", "{{.Ports}}")).as(() -> err).isZero();
        assertThat(out).isEqualTo(column + "\n");
    }

    @Test
    void publishSendsThemTogether_andPrintsWhereTheyAreAndWhatIsToKnow() {
        daemon.on(
                "POST /containers/www/publish",
                200,
                "{\"ports\":[{\"IP\":\"0.0.0.0\",\"PrivatePort\":80,\"PublicPort\":32768,\"Count\":1,\"Type\":\"tcp\"},"
                        + "{\"IP\":\"::\",\"PrivatePort\":80,\"PublicPort\":32768,\"Count\":1,\"Type\":\"tcp\"}],"
                        + "\"warnings\":[\"to know\"]}");
        assertThat(line("publish --allow 192.0.2.0/24 www 80 [::1]:5000-5100:2000-2100/udp"))
                .isZero();
        assertThat(out).isEqualTo("0.0.0.0:32768->80/tcp\n[::]:32768->80/tcp\n");
        assertThat(err).isEqualTo("WARNING: to know\n");
        assertThat(daemon.requests())
                .containsExactly("POST /containers/www/publish {\"ports\":[\"80\",\"[::1]:5000-5100:2000-2100/udp\"],"
                        + "\"allow\":[\"192.0.2.0/24\"]}");
    }

    @Test
    void A_PORT_03_aRefusalIsDockers() {
        daemon.on(
                "POST /containers/www/publish",
                409,
                "{\"message\":\"Bind for 0.0.0.0:443 failed: port is already allocated\"}");
        assertThat(line("publish www 443:443")).isEqualTo(1);
        assertThat(err)
                .isEqualTo("Error response from daemon: Bind for 0.0.0.0:443 failed: port is already allocated\n");
        assertThat(line("publish www")).isEqualTo(1);
        assertThat(err).startsWith("tapswitch: \"tapswitch publish\" needs PORT");
        assertThat(line("publish www -5:80")).isEqualTo(1);
        assertThat(err).startsWith("tapswitch: unknown flag: -5:80\n");
    }

    @Test
    void unpublishSendsThemTogether() {
        daemon.on("POST /containers/www/unpublish", 200, "{}");
        assertThat(run("unpublish", "www", "8080:80", "81/tcp -> 0.0.0.0:81")).isZero();
        assertThat(out + err).isEmpty();
        assertThat(daemon.requests())
                .containsExactly("POST /containers/www/unpublish {\"ports\":[\"8080:80\",\"81/tcp -> 0.0.0.0:81\"]}");
    }

    @Test
    void A_PORT_01_A_PORT_05_attachSendsWhatIsToBePublished() {
        daemon.on("POST /containers", 201, "{\"id\":\"" + ID + "\",\"warnings\":[\"to know\"]}");
        assertThat(line("attach --netns blue -p 8080:80 --publish=127.0.0.1::53/udp -P --expose 7000-7002"))
                .isZero();
        assertThat(err).isEqualTo("WARNING: to know\n");
        assertThat(daemon.requests())
                .containsExactly("POST /containers {\"netns\":\"blue\",\"networks\":[\"bridge\"],"
                        + "\"expose\":[\"7000-7002\"],\"publish\":[\"8080:80\",\"127.0.0.1::53/udp\"],"
                        + "\"publishAll\":true}");
    }
}
