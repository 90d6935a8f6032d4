package io.tapswitch.core.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.tapswitch.core.model.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The schema for editors and the parser accept the same documents. Documents are made at random, most of them nearly
 * right, and given to both: to the parser as JSON text, which is YAML too. Replay with {@code -Dseed=}.
 */
class SchemaTest {
    private static final Path DOCS = docs();
    private static final JsonMapper JSON = new JsonMapper();
    private static final Schema SCHEMA = schema();

    /** Refusals for what a pattern cannot say. */
    private static final List<String> BEYOND_PATTERNS = List.of(
            "has bits behind its length",
            "invalid ranges specified for container and host Ports",
            "it must be a neighbour on the LAN",
            "needs an address of its family",
            " is possible, not ");

    private static final List<String> ADDRESSES = List.of(
            "10.1.0.1",
            "255.255.255.255",
            "0.0.0.0",
            "fd00::1",
            "::",
            "1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:1.2.3.4",
            "::1.2.3.4",
            "1::",
            "FD00:0:0::A",
            "1::2:3:4:5:6:7",
            "1:2:3:4:5::1.2.3.4",
            "10.1.0.256",
            "10.1.0",
            "10.1.0.01",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "1::2::3",
            ":1",
            "1:",
            "12345::",
            "g::",
            "1:2:3:4:5:6:7::8",
            "1:2:3:4:5:6::1.2.3.4",
            "1.2.3.4::",
            "::1.2.3",
            "",
            " ",
            "10.1.0.1 ",
            "web",
            "1:::2");
    private static final List<String> PREFIXES = List.of(
            "10.0.0.0/8",
            "0.0.0.0/0",
            "10.0.0.0/32",
            "10.0.0.0/33",
            "10.0.0.0/08",
            "10.0.0.0/",
            "10.0.0.0",
            "fd00::/64",
            "::/0",
            "fd00::/128",
            "fd00::/129",
            "fd00::/064",
            "fd00::/",
            "fd00::/1000",
            "10.0.0.0/8/8",
            "/8",
            "",
            "10.0.0.0/-1");
    private static final List<String> NAMES = List.of(
            "web",
            "db",
            "a",
            "A_1.x-y",
            "0",
            "123",
            "true",
            "null",
            "bridge",
            "host",
            "none",
            "bridge2",
            "-a",
            "a b",
            "",
            ".a",
            "\u00e9",
            "a/b",
            "x".repeat(255),
            "x".repeat(256),
            "container:x");

    private static final List<String> PORTS = List.of(
            "80",
            "8080:80",
            "80/udp",
            "80/TCP",
            "53:53/sctp",
            "127.0.0.1:8080:80",
            "127.0.0.1::80",
            "[::1]:8080:80",
            "[2001:db8::1]::80/udp",
            "::1:8080:80",
            "5000-5100:2000-2100",
            "8000-8010:80",
            ":80",
            "::80",
            "65535:65535",
            "3000-3005",
            "0",
            "65536",
            "0:80",
            "80:0",
            "80:65536",
            "-1",
            "80:",
            "",
            "80/",
            "80/icmp",
            "80/tcp/udp",
            "1-2-3",
            "http",
            " 80",
            "127.0.0.1:80",
            "5000-5100:2000-2001");

    private final long seed = Long.getLong("seed", System.nanoTime());
    private final Random random = new Random(seed);
    /** How often, of a hundred times, something other than what belongs there is put. */
    private int wrongness;

    @Test
    void P8_theSchemaAcceptsWhatTheParserAccepts() {
        int accepted = 0;
        int refused = 0;
        for (int round = 0; round < 20_000; round++) {
            wrongness = random.nextInt(3) * random.nextInt(4);
            Object document = document();
            String text = JSON.writeValueAsString(document);
            String refusal = refusal(text);
            if (refusal != null && BEYOND_PATTERNS.stream().anyMatch(refusal::contains)) {
                continue;
            }
            List<com.networknt.schema.Error> errors = SCHEMA.validate(JSON.valueToTree(document));
            assertThat(errors.isEmpty())
                    .as("seed %d: %s%nparser: %s%nschema: %s", seed, text, refusal, errors)
                    .isEqualTo(refusal == null);
            accepted += refusal == null ? 1 : 0;
            refused += refusal == null ? 0 : 1;
        }
        assertThat(accepted).isGreaterThan(3_000);
        assertThat(refused).isGreaterThan(3_000);
    }

    @Test
    void P8_eachKeyOfTheSchemaIsExplainedInTheReferenceAndTheOtherWayRound() throws Exception {
        JsonNode schema = JSON.readTree(Files.readString(DOCS.resolve("tapswitch.schema.json")));
        List<String> known = new ArrayList<>();
        schema.path("properties").propertyNames().forEach(known::add);
        schema.path("properties")
                .path("default-network")
                .path("properties")
                .propertyNames()
                .forEach(known::add);
        schema.path("properties")
                .path("uplink")
                .path("properties")
                .propertyNames()
                .forEach(known::add);
        schema.path("properties").path("nat").path("properties").propertyNames().forEach(known::add);
        schema.path("$defs").path("network").path("properties").propertyNames().forEach(known::add);
        schema.path("$defs")
                .path("published")
                .path("properties")
                .propertyNames()
                .forEach(known::add);
        Matcher row = Pattern.compile("(?m)^\\| `([a-z0-9-]+)` \\|")
                .matcher(Files.readString(DOCS.resolve("configuration.md")));
        List<String> explained = row.results().map(match -> match.group(1)).toList();
        assertThat(explained).containsExactlyInAnyOrderElementsOf(known);
    }

    @Test
    void P8_theExampleIsAcceptedByBoth() throws Exception {
        Configuration example = ConfigFile.read(DOCS.resolve("tapswitch.example.yaml"));
        assertThat(example.networks()).isNotEmpty();
        for (String block : examples(Files.readString(DOCS.resolve("configuration.md")))) {
            assertThat(refusal(block)).as(block).isNull();
        }
    }

    private static List<String> examples(String markdown) {
        return Pattern.compile("(?s)```yaml\\n(.*?)```")
                .matcher(markdown)
                .results()
                .map(match -> match.group(1))
                .toList();
    }

    private static @Nullable String refusal(String text) {
        try {
            ConfigFile.parse("f", text);
            return null;
        } catch (Refusal e) {
            return e.sentence();
        }
    }

    private @Nullable Object document() {
        return mostly(() -> {
            Map<String, @Nullable Object> map = new LinkedHashMap<>();
            sometimes(map, "uplink", () -> mostly(this::uplink));
            sometimes(map, "publish", () -> mostly(this::publish));
            sometimes(map, "publish-address", () -> mostly(this::address));
            sometimes(
                    map,
                    "nat",
                    () -> mostly(() -> keys(Map.of(
                            "udp-timeout",
                            () -> pick("300s", "120s", "86400s", "2m", "24h", wrong() ? "119s" : "1h"),
                            "port-range",
                            () -> pick("auto", "20000-30000", wrong() ? "80-90" : "1024-65535")))));
            sometimes(
                    map,
                    "default-network",
                    () -> mostly(() -> keys(Map.of("subnet", this::prefix, "gateway", this::address))));
            sometimes(map, "networks", () -> mostly(this::networks));
            stray(map, "ports", "dns", "overlay", "macvlan", "extra");
            return map;
        });
    }

    private Object uplink() {
        String mode = pick("none", "shared", "dedicated", wrong() ? "bridged" : "shared");
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        if (!wrong()) {
            map.put("mode", mode);
        }
        if (mode.equals("dedicated") ? !wrong() : wrong()) {
            map.put("parent", mostly(() -> pick("eth0", "en p", "en/0")));
            map.put(
                    "address",
                    oneOrMore(() -> pick("192.0.2.2/24", "2001:db8::2/64", wrong() ? "192.0.2.2" : "10.0.0.2/8")));
        }
        if (mode.equals("shared") && random.nextBoolean()) {
            map.put("interface", mostly(() -> pick("eth0", "eth0.5", "0123456789abcde", wrong() ? "" : "wlan0")));
        }
        if (mode.equals("dedicated") && random.nextBoolean()) {
            map.put("gateway", oneOrMore(random.nextBoolean() ? () -> "192.0.2.1" : this::address));
        }
        stray(map, "interface", "parent", "extra");
        return map;
    }

    private Object publish() {
        List<@Nullable Object> entries = new ArrayList<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            entries.add(mostly(() -> {
                Map<String, @Nullable Object> entry = new LinkedHashMap<>();
                if (!wrong()) {
                    entry.put("container", mostly(() -> NAMES.get(random.nextInt(wrong() ? NAMES.size() : 6))));
                }
                if (!wrong()) {
                    entry.put("ports", oneOrMore(this::ports));
                }
                if (random.nextBoolean()) {
                    entry.put("allow", random.nextBoolean() ? prefix() : List.of(prefix(), address()));
                }
                stray(entry, "port", "extra");
                return entry;
            }));
        }
        return entries;
    }

    private Object ports() {
        if (random.nextInt(4) == 0) {
            return wrong() ? random.nextInt(100_000) - 100 : 1 + random.nextInt(65_535);
        }
        return PORTS.get(random.nextInt(wrong() ? PORTS.size() : 16));
    }

    private Object networks() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            map.put(NAMES.get(random.nextInt(wrong() ? NAMES.size() : 6)), mostly(this::network));
        }
        return map;
    }

    private Object network() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        sometimes(
                map,
                "driver",
                () -> pick("bridge", "bridge", wrong() ? "macvlan" : "bridge", wrong() ? "host" : "bridge"));
        if (random.nextBoolean()) {
            map.put("subnet", oneOrMore(this::prefix));
            sometimes(map, "gateway", () -> oneOrMore(this::address));
            sometimes(map, "ip-range", () -> oneOrMore(this::prefix));
            sometimes(map, "aux-addresses", () -> mostly(() -> Map.of("router", address(), "x", address())));
        } else if (wrong()) {
            map.put(pick("gateway", "ip-range", "aux-addresses"), mostly(this::address));
        }
        for (String flag : List.of("internal", "ipv6", "attachable")) {
            sometimes(map, flag, () -> mostly(random::nextBoolean));
        }
        for (String words : List.of("options", "labels")) {
            sometimes(
                    map,
                    words,
                    () -> mostly(() -> {
                        Map<String, @Nullable Object> values = new LinkedHashMap<>();
                        values.put(pick("a", "com.docker.network.driver.mtu"), random.nextBoolean() ? 1400 : "b");
                        values.put(
                                "c",
                                wrong()
                                        ? anything()
                                        : List.of(1.5, true, "", -3).get(random.nextInt(4)));
                        return values;
                    }));
        }
        stray(map, "subnets", "ip_range", "gatewy", "parent");
        return map;
    }

    private Map<String, @Nullable Object> keys(Map<String, Supplier<Object>> all) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        all.forEach((key, value) -> {
            if (!wrong()) {
                map.put(key, mostly(value));
            }
        });
        stray(map, "interface", "extra");
        return map;
    }

    private void stray(Map<String, @Nullable Object> map, String... keys) {
        if (wrong()) {
            map.put(pick(keys), random.nextBoolean() ? Map.of() : anything());
        }
    }

    private void sometimes(Map<String, @Nullable Object> map, String key, Supplier<@Nullable Object> value) {
        if (random.nextInt(3) > 0) {
            map.put(key, value.get());
        }
    }

    private @Nullable Object mostly(Supplier<Object> value) {
        return wrong() ? anything() : value.get();
    }

    private @Nullable Object oneOrMore(Supplier<Object> value) {
        if (random.nextBoolean()) {
            return mostly(value);
        }
        List<@Nullable Object> list = new ArrayList<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            list.add(mostly(value));
        }
        return list;
    }

    private Object address() {
        return wrong() ? mutated(ADDRESSES.get(random.nextInt(ADDRESSES.size()))) : ADDRESSES.get(random.nextInt(12));
    }

    private Object prefix() {
        return wrong()
                ? mutated(PREFIXES.get(random.nextInt(PREFIXES.size())))
                : pick("10.0.0.0/8", "10.66.0.0/16", "fd00::/64", "2001:db8::/32");
    }

    private String mutated(String text) {
        StringBuilder mutated = new StringBuilder(text);
        for (int i = random.nextInt(3); i > 0 && !mutated.isEmpty(); i--) {
            int at = random.nextInt(mutated.length());
            char c = "0159af:./".charAt(random.nextInt(9));
            switch (random.nextInt(3)) {
                case 0 -> mutated.setCharAt(at, c);
                case 1 -> mutated.insert(at, c);
                default -> mutated.deleteCharAt(at);
            }
        }
        return mutated.toString();
    }

    private boolean wrong() {
        return random.nextInt(100) < wrongness;
    }

    private String pick(String... values) {
        return values[random.nextInt(values.length)];
    }

    private @Nullable Object anything() {
        return switch (random.nextInt(9)) {
            case 0 -> null;
            case 1 -> 7;
            case 2 -> 1.5;
            case 3 -> true;
            case 4 -> "text";
            case 5 -> "";
            case 6 -> List.of();
            case 7 -> List.of("10.0.0.0/8", 3);
            default -> Map.of("x", Set.of());
        };
    }

    private static Schema schema() {
        try {
            return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                    .getSchema(JSON.readTree(Files.readString(docs().resolve("tapswitch.schema.json"))));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static Path docs() {
        Path here = Path.of("").toAbsolutePath();
        return Files.isDirectory(here.resolve("docs"))
                ? here.resolve("docs")
                : here.resolve("../docs").normalize();
    }
}
