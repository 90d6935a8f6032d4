package io.tapswitch.core.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.control.AttachRequest;
import io.tapswitch.core.control.NetworkRequest;
import io.tapswitch.core.model.Refusal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a request's body may be, and what a client hears whose body is not that. */
class BodyTest {
    private static final String NOT_JSON = "the request's body is not the JSON that is needed: ";

    @Test
    void aNullKeyIsAsIfItWereMissing() {
        NetworkRequest request =
                Body.read("{\"name\":\"web\",\"subnets\":null,\"ipv6\":null,\"labels\":null}", NetworkRequest.class);
        assertThat(request.name()).isEqualTo("web");
        assertThat(request.subnets()).isNull();
        assertThat(request.ipv6()).isNull();
        assertThat(request.labels()).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            value = {
                "{\"name\":5} # name must be a string",
                "{\"name\":true} # name must be a string",
                "{\"name\":1.5} # name must be a string",
                "{\"name\":[\"x\"]} # name must be a string",
                "{\"name\":{}} # name must be a string",
                "{\"ipv6\":\"true\"} # ipv6 must be true or false",
                "{\"ipv6\":1} # ipv6 must be true or false",
                "{\"ipv6\":\"\"} # ipv6 must be true or false",
                "{\"subnets\":\"10.0.0.0/8\"} # subnets must be an array",
                "{\"subnets\":\"\"} # subnets must be an array",
                "{\"subnets\":{}} # subnets must be an array",
                "{\"subnets\":[7]} # subnets[0] must be a string",
                "{\"subnets\":[\"10.0.0.0/8\",null]} # subnets[1] must not be null",
                "{\"gateways\":[null]} # gateways[0] must not be null",
                "{\"ipRanges\":[null]} # ipRanges[0] must not be null",
                "{\"labels\":{\"a\":null}} # labels.a must not be null",
                "{\"labels\":{\"a\":7}} # labels.a must be a string",
                "{\"labels\":[]} # labels must be an object",
                "{\"labels\":\"\"} # labels must be an object",
                "{\"options\":{\"a\":null}} # options.a must not be null",
                "{\"auxAddresses\":{\"a\":null}} # auxAddresses.a must not be null",
                "[] # it must be an object",
                "7 # it must be an object",
                "\"\" # it must be an object",
            })
    void networksAreHeldToTheTypesOfTheirKeys(String body, String fault) {
        assertThatThrownBy(() -> Body.read(body, NetworkRequest.class))
                .isInstanceOfSatisfying(Refusal.class, e -> assertThat(e.code()).isEqualTo("invalid_json"))
                .hasMessage(NOT_JSON + fault);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            value = {
                "{\"networks\":[null]} # networks[0] must not be null",
                "{\"aliases\":[null]} # aliases[0] must not be null",
                "{\"dns\":[null]} # dns[0] must not be null",
                "{\"expose\":[null]} # expose[0] must not be null",
                "{\"expose\":[80]} # expose[0] must be a string",
                "{\"labels\":{\"a\":null}} # labels.a must not be null",
                "{\"queues\":\"2\"} # queues must be a whole number",
                "{\"queues\":1.5} # queues must be a whole number",
                "{\"queues\":true} # queues must be a whole number",
                "{\"queues\":99999999999} # queues is a number that is too large",
                "{\"init\":[]} # init must be an object",
                "{\"init\":{\"pid\":\"1\"}} # init.pid must be a whole number",
                "{\"init\":{\"command\":[\"a\",null]}} # init.command[1] must not be null",
            })
    void containersAreHeldToTheTypesOfTheirKeys(String body, String fault) {
        assertThatThrownBy(() -> Body.read(body, AttachRequest.class)).hasMessage(NOT_JSON + fault);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            value = {
                "{\"name\":\"a\",\"name\":\"b\"} # line 1, column",
                "{\"name\": # line 1, column",
                "{\"name\":\"a\"} {} # ",
                "{\"name\":\"a\"} nonsense # line 1, column",
                "{name:1} # line 1, column",
                "nonsense # line 1, column",
            })
    void whatIsNoJsonIsNamedWithItsPlaceAndWithoutAWordOfJava(String body, String fault) {
        assertThatThrownBy(() -> Body.read(body, NetworkRequest.class))
                .hasMessageStartingWith(NOT_JSON + (fault == null ? "" : fault))
                .message()
                .doesNotContain("java", "Deserialization", "tapswitch", "`", "Source", "\n");
    }

    @Test
    void anUnknownKeyIsNamedWithTheWayToIt() {
        assertThatThrownBy(() -> Body.read("{\"init\":{\"colour\":1}}", AttachRequest.class))
                .hasMessage("unknown key \"init.colour\" in the request");
    }
}
