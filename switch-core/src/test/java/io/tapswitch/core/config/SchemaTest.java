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
            "cannot be asked",
            "is the resolver itself",
            " is possible, not ");

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
        schema.path("properties").path("dns").path("properties").propertyNames().forEach(known::add);
        schema.path("properties")
                .path("overlay")
                .path("properties")
                .propertyNames()
                .forEach(known::add);
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
            sometimes(map, "dns", () -> mostly(this::dns));
            sometimes(
                    map,
                    "default-network",
                    () -> mostly(() -> keys(Map.of("subnet", this::prefix, "gateway", this::address))));
            sometimes(map, "networks", () -> mostly(this::networks));
            sometimes(map, "overlay", () -> mostly(() -> keys(Map.of("port", this::port))));
            stray(map, "ports", "overlay", "macvlan", "extra");
            return map;
        });
    }

    private Object dns() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        sometimes(map, "upstream", () -> oneOrMore(this::server));
        sometimes(map, "ttl", () -> pick("0s", "5s", "3600s", wrong() ? pick("3601s", "05s", "5", "-1s") : "60s"));
        sometimes(map, "negative-ttl", () -> mostly(() -> "1s"));
        sometimes(
                map,
                "address",
                () -> pick(
                        "169.254.53.53",
                        "10.255.0.1",
                        wrong() ? pick("127.0.0.11", "224.0.0.1", "0.0.0.1") : "1.1.1.1"));
        sometimes(
                map,
                "records",
                () -> mostly(() -> keys(Map.of(
                        "printer.lan",
                        () -> oneOrMore(this::address),
                        wrong() ? pick("a b", "a..b", "") : "_x.y.",
                        this::address))));
        sometimes(map, "suffix-in-ptr", () -> mostly(random::nextBoolean));
        sometimes(map, "generated-names", () -> mostly(random::nextBoolean));
        sometimes(map, "search", () -> oneOrMore(() -> pick("example.com", "lan", wrong() ? "a b" : "x.y.")));
        stray(map, "extra", "nameserver");
        return map;
    }

    private Object port() {
        return wrong() ? pick("0", "65536", "vxlan") : random.nextInt(-1, 65_538);
    }

    private Object server() {
        return random.nextBoolean()
                ? address()
                : pick(
                        "192.0.2.53:5353",
                        "[fd00::53]:53",
                        wrong() ? pick("192.0.2.53:0", "fd00::1:x", "dns:53", "224.0.0.1", "0.0.0.0") : "[::1]:1");
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
                    entry.put(
                            "container",
                            mostly(() ->
                                    SchemaWords.NAMES.get(random.nextInt(wrong() ? SchemaWords.NAMES.size() : 6))));
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
        return SchemaWords.PORTS.get(random.nextInt(wrong() ? SchemaWords.PORTS.size() : 16));
    }

    private Object networks() {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            map.put(
                    SchemaWords.NAMES.get(random.nextInt(wrong() ? SchemaWords.NAMES.size() : 6)),
                    mostly(this::network));
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
        sometimes(map, "dns", () -> mostly(() -> keys(Map.of("upstream", () -> oneOrMore(this::server)))));
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
        return wrong()
                ? mutated(SchemaWords.ADDRESSES.get(random.nextInt(SchemaWords.ADDRESSES.size())))
                : SchemaWords.ADDRESSES.get(random.nextInt(12));
    }

    private Object prefix() {
        return wrong()
                ? mutated(SchemaWords.PREFIXES.get(random.nextInt(SchemaWords.PREFIXES.size())))
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
