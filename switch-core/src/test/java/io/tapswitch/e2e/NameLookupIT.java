package io.tapswitch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.lab.Json;
import io.tapswitch.lab.Lab;
import io.tapswitch.lab.LabContainer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code tapswitch dns lookup}: what a container is told, by whom, and why. */
@Tag("netns")
@Timeout(120)
final class NameLookupIT {
    @RegisterExtension
    static final Lab LAB = Lab.withDaemon();

    @Test
    void A_DNS_10_itSaysWhichNetworkAnswers() {
        LAB.cli("network", "create", "--subnet", "10.66.0.0/16", "dev");
        LAB.cli("network", "create", "--subnet", "10.67.0.0/16", "prod");
        LabContainer asker = LAB.attached("asker", "--network", "dev", "--network", "prod");
        LAB.attached("one", "--network", "dev", "--ip", "10.66.0.9", "--network-alias", "es");
        LAB.attached("two", "--network", "prod", "--ip", "10.67.0.9", "--network-alias", "es");
        assertThat(LAB.cli("dns", "lookup", "es", "--from", "asker"))
                .contains("10.66.0.9")
                .doesNotContain("10.67.0.9")
                .contains("(network dev)")
                .contains("looked for in dev, prod, in this order");
        assertThat(LAB.cli("dns", "lookup", "es.prod", "--from", "asker"))
                .contains("10.67.0.9")
                .contains("(network prod)");
        assertThat(LAB.cli("dns", "lookup", "10.67.0.9", "--from", "asker")).contains("two.prod");
        asker.exec("dig", "+short", "@169.254.53.53", "one").ok();
        asker.exec("dig", "+short", "AAAA", "@169.254.53.53", "one").ok();
        asker.exec("dig", "+short", "@169.254.53.53", "nobody.dev").ok();
        assertThat(LAB.cli("stats", "-n", "asker").lines()).anyMatch(line -> line.matches("asker +dev +1 +1 +1 +0 +0"));
        Json found = Json.parse(LAB.cli("dns", "lookup", "two", "--from", "asker", "--format", "json"));
        assertThat(found.text("code")).isEqualTo("NOERROR");
        assertThat(found.text("network")).isEqualTo("prod");
        assertThat(found.at("records").at(0).text("data")).isEqualTo("10.67.0.9");
    }

    @Test
    void itSaysWhyThereIsNothing() {
        LAB.cli("network", "create", "--internal", "--subnet", "10.66.0.0/16", "dev");
        LAB.attached("asker", "--network", "dev");
        assertThat(LAB.daemon().cli("dns", "lookup", "asker", "--type", "aaaa", "--from", "asker"))
                .satisfies(outcome -> assertThat(outcome.exit()).isEqualTo(1))
                .satisfies(outcome ->
                        assertThat(outcome.out()).contains("NOERROR: the name is known, but has no records"));
        assertThat(LAB.daemon()
                        .cli("dns", "lookup", "example.org", "--from", "asker")
                        .out())
                .contains("NXDOMAIN: no network of the container knows the name, and all of them are internal: nobody");
        assertThat(LAB.daemon()
                        .cli("dns", "lookup", "a.test", "--from", "asker")
                        .out())
                .contains("NXDOMAIN: a name that is reserved (RFC 6761");
        assertThat(LAB.refused("dns", "lookup", "x", "--type", "nonsense", "--from", "asker"))
                .contains("nonsense")
                .contains("AAAA");
        assertThat(LAB.refused("dns", "lookup", "a..b", "--from", "asker")).contains("a..b");
        assertThat(LAB.refused("dns", "lookup", "x", "--from", "nobody")).contains("nobody");
        assertThat(LAB.refused("dns", "lookup", "x")).contains("--from");
    }
}
