package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Publication;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.model.Subnet;
import io.tapswitch.wire.IpPrefix;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

class StateDirectoryTest {
    private static final String VERSION_1 = """
            {
              "version" : 1,
              "networks" : [ {
                "id" : "%s",
                "name" : "bridge",
                "created" : "2026-11-21T10:00:00.000000001Z",
                "driver" : "bridge",
                "subnet" : "172.17.0.0/16",
                "gateway" : "172.17.0.1",
                "options" : { },
                "labels" : { }
              }, {
                "id" : "%s",
                "name" : "web",
                "created" : "2026-11-21T10:00:00.000000002Z",
                "driver" : "bridge",
                "subnet" : "10.1.0.0/16",
                "gateway" : "10.1.0.9",
                "options" : { "com.docker.network.driver.mtu" : "1400" },
                "labels" : { "tier" : "front" }
              } ]
            }
            """.formatted("a".repeat(64), "b".repeat(64));

    @TempDir
    Path directory;

    private Path file() {
        return directory.resolve("state.json");
    }

    private DesiredState load() {
        try (StateDirectory state = StateDirectory.open(directory)) {
            return state.load();
        }
    }

    /** What {@code cleanup} takes away: a key that stayed would be a secret that nobody knows of. */
    @Test
    void eraseTakesTheKeysAndTheClusterToo_andLeavesWhatIsNotOurs() throws IOException {
        for (String ours :
                List.of("state.json", "cluster.json", "cluster.json.new", "tunnel-keys.json", "tunnel-marks.json")) {
            Files.writeString(directory.resolve(ours), "{}");
        }
        Files.writeString(directory.resolve("notes"), "somebody's");
        try (StateDirectory state = StateDirectory.open(directory)) {
            state.erase();
        }
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left.map(file -> file.getFileName().toString())).containsExactly("notes");
        }
    }

    @Test
    void theFileIsWhatAPrettyPrinterMakesOfIt_whicheverOfItsTextsAreOfTheTimeBefore() throws IOException {
        Publication byFile = new Publication(
                1,
                "one",
                PortSpec.parse("[::1]:8080:80/udp"),
                8080,
                List.of(IpPrefix.parse("192.0.2.0/24"), IpPrefix.parse("2001:db8::/32")),
                new Origin.File("/etc/\"odd\"\\name\u00e4.yaml", 7));
        JsonMapper json =
                JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
        try (StateDirectory state = StateDirectory.open(directory)) {
            DesiredState full = States.FULL.withPublications(List.of(byFile));
            for (DesiredState next : List.of(DesiredState.EMPTY, full, full.withPublications(List.of()), full)) {
                state.save(next);
                String text = Files.readString(file());
                assertThat(text).isEqualTo(json.writeValueAsString(json.readTree(text)));
                assertThat(state.load()).isEqualTo(next);
            }
        }
    }

    private List<Path> copies() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(path -> path.getFileName().toString().contains(".json."))
                    .toList();
        }
    }

    @Test
    void R13_bringsBackEverythingThatWasWritten() {
        try (StateDirectory state = StateDirectory.open(directory)) {
            assertThat(state.load()).isEqualTo(DesiredState.EMPTY);
            state.save(States.FULL);
            DesiredState loaded = state.load();
            assertThat(loaded).isEqualTo(States.FULL);
            assertThat(loaded.networksById().keySet())
                    .containsExactlyElementsOf(States.FULL.networksById().keySet());
            assertThat(loaded.containersById().keySet())
                    .containsExactlyElementsOf(States.FULL.containersById().keySet());
        }
        assertThat(directory.resolve("state.json.new")).doesNotExist();
    }

    @Test
    void R13_theSameStateIsWrittenAsTheSameBytes() throws Exception {
        try (StateDirectory state = StateDirectory.open(directory)) {
            state.save(States.FULL);
            byte[] first = Files.readAllBytes(file());
            state.save(state.load());
            assertThat(Files.readAllBytes(file())).isEqualTo(first);
        }
    }

    @Test
    void R13_aStateWithoutTheTimesOfStartAndEndIsRead() throws Exception {
        try (StateDirectory state = StateDirectory.open(directory)) {
            state.save(States.FULL);
        }
        String text = Files.readString(file());
        Files.writeString(file(), text.replaceAll("\\s*\"(started|finished)\" ?: ?\"[^\"]*\",", ""));
        assertThat(Files.readString(file())).doesNotContain("started", "finished");
        assertThat(load().containers()).isNotEmpty().allSatisfy(container -> {
            assertThat(container.started()).isEqualTo(container.created());
            assertThat(container.finished()).isEmpty();
        });
    }

    @Test
    void R13_networksOfVersion1AreTakenOver() throws Exception {
        Files.writeString(file(), VERSION_1);
        DesiredState state = load();
        assertThat(state.networks()).extracting(Network::name).containsExactly("bridge", "web");
        assertThat(state.networks()).extracting(Network::index).containsExactly(0, 1);
        assertThat(state.networks())
                .extracting(Network::origin)
                .containsExactly(new Origin.BuiltIn(), new Origin.Command());
        Network web = java.util.Objects.requireNonNull(state.networksById().get("b".repeat(64)));
        assertThat(web.subnets()).extracting(Subnet::gateway).hasToString("[10.1.0.9]");
        assertThat(web.options()).containsEntry(NetworkOptions.MTU, "1400");
        assertThat(web.labels()).containsEntry("tier", "front");
    }

    @Test
    void R13_whatIsWrittenIsForItsOwnerOnly() throws Exception {
        try (StateDirectory state = StateDirectory.open(directory)) {
            state.save(DesiredState.EMPTY);
        }
        assertThat(Files.getPosixFilePermissions(file())).isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }

    @Test
    void R14_belongsToOneDaemonAtATime() {
        try (StateDirectory first = StateDirectory.open(directory)) {
            assertThat(first.path()).isEqualTo(directory);
            assertThatThrownBy(() -> StateDirectory.open(directory))
                    .hasMessage("state directory " + directory + " is in use by another tapswitch daemon: give this"
                            + " one a directory of its own with --state-dir");
            assertThatThrownBy(() -> StateDirectory.open(directory, "end that one first"))
                    .hasMessage("state directory " + directory
                            + " is in use by another tapswitch daemon: end that one first");
        }
        StateDirectory.open(directory).close();
    }

    @ParameterizedTest
    @DisplayName("R13 a broken file stops the start, is named with its line, stays as it is, and is copied once")
    @CsvSource(
            delimiter = '#',
            value = {
                "'' # : is empty",
                "{ # :1: is no JSON",
                "[] # :1: must be keys with values, is a list",
                "{\"networks\":[]} # :1: the key version is missing",
                "{\"version\":\"2\"} # :1: version: must be a number, is a text",
                "{\"version\":0} # :1: version: must be from 1",
                "{\"version\":2,\"change\":1,\"networks\":[]} # :1: the key containers is missing",
                "{\"version\":1,\"extra\":1} # :1: extra: unknown key; known here: networks, version",
                "{\"version\":1,\"networks\":[null]} # :1: networks[0]: must be keys with values, is nothing",
                "{\"version\":1,\"networks\":[{\"name\":\"web\"}]} # :1: networks[0]: the key ",
                "{\"version\":1,\"version\":1} # :1: version: is there twice",
                "{\"version\":1} {} # :1: must end here, goes on",
            })
    void R13_neverStartsWithLessThanThereWas(String contents, String fault) throws Exception {
        Files.writeString(file(), contents);
        for (int start = 0; start < 2; start++) {
            assertThatThrownBy(this::load)
                    .isInstanceOf(Refusal.class)
                    .hasNoCause()
                    .hasMessageContaining(file() + fault.strip())
                    .hasMessageContaining("mend the file, or move it away")
                    .hasMessageContaining("a copy is state.json.corrupt-")
                    .message()
                    .doesNotContain("\n", "java.", "jackson", "Exception");
        }
        assertThat(file()).hasContent(contents);
        assertThat(copies()).singleElement().satisfies(copy -> assertThat(copy).hasContent(contents));
    }

    @Test
    @DisplayName("R13 a file of version 2, which had no ports, is read")
    void R13_versionTwoIsRead() throws Exception {
        DesiredState before = States.FULL.withPublications(List.of());
        try (StateDirectory state = StateDirectory.open(directory)) {
            state.save(before);
            String text = Files.readString(file())
                    .replace("\"version\" : 3", "\"version\" : 2")
                    .replaceFirst("(?s),\\s+\"nextRule\".*", "}");
            Files.writeString(file(), text);
            DesiredState loaded = state.load();
            assertThat(loaded.containersById()).isEqualTo(before.containersById());
            assertThat(loaded.publications()).isEmpty();
            assertThat(loaded.nextRule()).isEqualTo(DesiredState.FIRST_RULE);
        }
    }

    @Test
    void R13_aNewerVersionIsRefusedAndStays() throws Exception {
        Files.writeString(file(), "{\"version\":4,\"whatever\":{}}");
        assertThatThrownBy(this::load)
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("state file " + file() + " has version 4, this tapswitch reads 1 to 3")
                .hasMessageContaining("a copy is state.json.newer-");
        assertThat(file()).hasContent("{\"version\":4,\"whatever\":{}}");
    }

    @ParameterizedTest
    @DisplayName("R13 objects that contradict each other are refused with the line of the object")
    @CsvSource(
            delimiter = '#',
            value = {
                "\"name\" : \"db\" # \"name\" : \"web\" # network web: network name web is that of network web too",
                "\"index\" : 1 # \"index\" : 0 # network web: network index 0 is that of network bridge too",
                "\"index\" : 1 # \"index\" : 4096 # network web: index 4096 is not from 0 to 4095",
                "\"index\" : 1 # \"index\" : -1 # network web: index -1 is not from 0 to 4095",
                "\"gateway\" : \"10.66.0.1\" # \"gateway\" : \"10.67.0.1\""
                        + " # network web: 10.67.0.1 is not in 10.66.0.0/16",
                "\"name\" : \"two\" # \"name\" : \"one\" # container one: container name one is that of container one",
                "\"port\" : 2 # \"port\" : 0 # endpoint of container two: port 0 is that of endpoint of container one",
                "\"port\" : 2 # \"port\" : 99999 # endpoint of container two: port 99999 is not from 0 to",
                "\"mac\" : \"02:42:0a:42:00:03\" # \"mac\" : \"02:42:0a:42:00:02\""
                        + " # MAC address 02:42:0a:42:00:02 of network web is that of endpoint of container one too",
                "\"mac\" : \"02:42:0a:42:00:03\" # \"mac\" : \"02:42:0a:42:00:01\""
                        + " # MAC address 02:42:0a:42:00:01 is that of the gateway of network web",
                "\"mac\" : \"02:42:0a:42:00:03\" # \"mac\" : \"03:42:0a:42:00:03\" # is nobody's or a group's",
                "\"ip\" : \"10.66.0.3\" # \"ip\" : \"10.66.0.1\""
                        + " # address 10.66.0.1 is that of the gateway of network web",
                "\"ip\" : \"10.66.0.3\" # \"ip\" : \"10.66.0.2\" # address 10.66.0.2 of network web is that of",
                "\"ip\" : \"10.66.0.3\" # \"ip\" : \"10.68.0.3\" # 10.68.0.3 is in no subnet of network web",
                "\"rule\" : 4 # \"rule\" : 3 # publication 127.0.0.1::53/udp: rule 3 is that of publication 8080:80/tcp too",
                "\"rule\" : 7 # \"rule\" : 8 # publication 9000-9010:90/tcp: rule 8 is not below nextRule",
                "\"ports\" : \"9000-9010:90/tcp\" # \"ports\" : \"8080:90/tcp\" # hostPort: is not one of 8080:90/tcp",
                "\"com.docker.network.driver.mtu\" : \"1400\" # \"com.docker.network.driver.mtu\" : \"7\""
                        + " # network web: invalid value",
            })
    void R13_contradictionsAreRefused(String before, String after, String fault) throws Exception {
        try (StateDirectory state = StateDirectory.open(directory)) {
            state.save(States.FULL);
            String text = Files.readString(file());
            assertThat(text).contains(before.strip());
            Files.writeString(file(), text.replaceFirst(java.util.regex.Pattern.quote(before.strip()), after.strip()));
            assertThatThrownBy(state::load)
                    .isInstanceOf(Refusal.class)
                    .hasMessageContaining(fault.strip())
                    .message()
                    .containsPattern("state\\.json:[0-9]+: ");
        }
    }

    @ParameterizedTest
    @DisplayName("R13 values that cannot be are refused with line and key")
    @CsvSource(
            delimiter = '#',
            value = {
                "\"ip\" : \"10.66.0.3\" # \"ip\" : 3 # .ip: must be a text, is a number",
                "\"ip\" : \"10.66.0.3\" # \"ip\" : \"fd00::3\" # .ipv4.ip: is of the wrong family: fd00::3",
                "\"ip\" : \"10.66.0.3\" # \"ip\" : \"10.66.0.300\" # .ip: '10.66.0.300' is not an IPv4 address",
                "\"status\" : \"running\" # \"status\" : \"up\" # .status: must be one of running, exited, detached",
                "\"mode\" : \"own\" # \"mode\" : \"container:x\" # .mode: must be 64 digits from 0 to f",
                "\"internal\" : true # \"internal\" : \"true\" # .internal: must be true or false, is a text",
                "\"change\" : 42 # \"change\" : 4.2 # :3: change: must be a number, is a number with a fraction",
                "\"change\" : 42 # \"change\" : 99999999999999999999 # :3: change: must be from 0 to",
                "\"kind\" : \"command\" # \"kind\" : \"god\" # .origin.kind: must be built-in, command, cluster or file, is god",
                "\"queues\" : 1 # \"queues\" : null # .queues: must be a number, is nothing",
                "\"networks\" : [ # \"nets\" : [ # :4: nets: unknown key",
                "\"ports\" : \"8080:80/tcp\" # \"ports\" : \"70000:80\" # .ports: invalid hostPort: 70000",
                "\"hostPort\" : 8080 # \"hostPort\" : 8081 # .hostPort: is not one of 8080:80/tcp",
                "\"hostPort\" : 40000 # \"hostPort\" : 65536 # .hostPort: must be from 0 to 65535",
                "\"container\" : \"later\" # \"container\" : \"a b\" # .container: Invalid container name (a b)",
                "\"nextRule\" : 8 # \"nextRule\" : 0 # nextRule: must be from 1",
                "\"192.0.2.0/24\" # \"192.0.2.1/24\" # has bits behind its length",
            })
    void R13_impossibleValuesAreRefused(String before, String after, String fault) throws Exception {
        R13_contradictionsAreRefused(before, after, fault);
    }

    @Test
    void R13_aBrokenByteRangeNeverLoadsHalfAState() throws Exception {
        byte[] good;
        try (StateDirectory state = StateDirectory.open(directory)) {
            state.save(States.FULL);
            good = Files.readAllBytes(file());
            assertThat(new String(good, StandardCharsets.UTF_8)).endsWith("}");
            for (int from = 0; from < good.length; from += 29) {
                for (int length : new int[] {1, 16, 4096}) {
                    byte[] zeroed = good.clone();
                    Arrays.fill(zeroed, from, Math.min(good.length, from + length), (byte) 0);
                    refused(state, zeroed);
                }
                refused(state, Arrays.copyOf(good, from));
            }
        }
        assertThat(file()).hasBinaryContent(Arrays.copyOf(good, (good.length - 1) / 29 * 29));
    }

    @Test
    void R13_randomDamageIsRefusedOrLoadsAWholeState() throws Exception {
        long seed = Long.getLong("seed", System.nanoTime());
        Random random = new Random(seed);
        try (StateDirectory state = StateDirectory.open(directory)) {
            state.save(States.FULL);
            byte[] good = Files.readAllBytes(file());
            for (int round = 0; round < 1_000; round++) {
                byte[] damaged = good.clone();
                for (int i = random.nextInt(3); i >= 0; i--) {
                    damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
                }
                Files.write(file(), damaged);
                try {
                    DesiredState loaded = state.load();
                    assertThat(loaded.networksById()).as("seed %d", seed).hasSameSizeAs(States.FULL.networksById());
                    assertThat(loaded.containersById()).as("seed %d", seed).hasSameSizeAs(States.FULL.containersById());
                } catch (Refusal e) {
                    assertThat(e.getMessage()).as("seed %d", seed).doesNotContain("\n", "Exception");
                    for (Path copy : copies()) {
                        Files.delete(copy);
                    }
                }
            }
        }
    }

    private void refused(StateDirectory state, byte[] contents) throws IOException {
        Files.write(file(), contents);
        assertThatThrownBy(state::load).isInstanceOf(Refusal.class);
        for (Path copy : copies()) {
            Files.delete(copy);
        }
    }

    @Test
    void R13_aStateThatCouldNotBeReadBackIsNeverWritten() {
        Network web = States.network("web", 0, "10.66.0.0/16");
        DesiredState twice = DesiredState.EMPTY.with(web).with(States.network("web", 1, "10.67.0.0/16"));
        try (StateDirectory state = StateDirectory.open(directory)) {
            assertThatThrownBy(() -> state.save(twice)).isInstanceOf(IllegalStateException.class);
        }
        assertThat(file()).doesNotExist();
    }

    @Test
    void R13_aFullDiskIsOneLineAndTheStateBeforeStays() throws Exception {
        Path full = Path.of("/dev/full");
        assumeThat(full).exists();
        try (StateDirectory state = StateDirectory.open(directory)) {
            state.save(States.FULL);
            byte[] good = Files.readAllBytes(file());
            Files.createSymbolicLink(directory.resolve("state.json.new"), full);
            assertThatThrownBy(() -> state.save(DesiredState.EMPTY))
                    .isInstanceOf(Refusal.class)
                    .hasNoCause()
                    .hasMessage(
                            "cannot write state file " + file() + ": No space left on device; the change was not made");
            assertThat(file()).hasBinaryContent(good);
            assertThat(directory.resolve("state.json.new")).doesNotExist();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/proc/self/tapswitch", "/dev/null"})
    void R13_aDirectoryThatCannotBeIsOneLine(String path) {
        assertThatThrownBy(() -> StateDirectory.open(Path.of(path)))
                .isInstanceOf(Refusal.class)
                .hasNoCause()
                .hasMessageStartingWith("cannot use state directory " + path + ": ")
                .message()
                .doesNotContain("Exception", "\n");
    }

    @Test
    void R13_fourThousandContainersAreWrittenAndReadInASecond() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        DesiredState many = States.many(1_000, 4_000);
        try (StateDirectory state = StateDirectory.open(directory)) {
            long best = Long.MAX_VALUE;
            for (int attempt = 0; attempt < 3; attempt++) {
                // Of this thread, so that the neighbours on the machine do not count.
                long start = threads.getCurrentThreadCpuTime();
                state.save(many);
                DesiredState loaded = state.load();
                best = Math.min(best, threads.getCurrentThreadCpuTime() - start);
                assertThat(loaded.equals(many)).isTrue();
            }
            assertThat(best).isLessThan(1_000_000_000L);
        }
    }

    @Test
    void theLocalPoolIsThatOfTheDirectory() {
        try (StateDirectory state = StateDirectory.open(directory);
                StateDirectory other = StateDirectory.open(directory.resolve("other"))) {
            assertThat(state.localPool()).isEqualTo(state.localPool()).isNotEqualTo(other.localPool());
            assertThat(state.localPool().length()).isEqualTo(48);
        }
    }
}
