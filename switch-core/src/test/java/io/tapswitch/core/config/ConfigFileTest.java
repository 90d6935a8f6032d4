package io.tapswitch.core.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.config.Configuration.DeclaredNetwork;
import io.tapswitch.core.ipam.SubnetRequest;
import io.tapswitch.core.model.Refusal;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigFileTest {
    private static final String FULL = """
            # All that there is.
            uplink: {mode: none}
            default-network:
              subnet: 172.30.0.0/16
              gateway: 172.30.0.254
            networks:
              web:
                driver: bridge
                subnet: [10.66.0.0/16, "fd00:66::/64"]
                gateway: 10.66.0.9
                ip-range: 10.66.1.0/24
                aux-addresses: {router: 10.66.0.5, nas: "fd00:66::5"}
                internal: false
                ipv6: true
                attachable: true
                options: {com.docker.network.driver.mtu: 1400}
                labels: {tier: front, version: 1.10, beta: true}
              db: {internal: true}
              empty:
            """;

    @TempDir
    Path directory;

    private static Configuration parse(String text) {
        return ConfigFile.parse("f.yaml", text);
    }

    @Test
    void P8_readsAllKeysWithTheirLines() {
        Configuration read = parse(FULL);
        assertThat(read.defaultNetwork()).isNotNull().satisfies(network -> {
            assertThat(network.line()).isEqualTo(3);
            assertThat(network.lines()).isEqualTo(Map.of("subnet", 4, "gateway", 5));
            assertThat(network.addresses().subnets()).containsExactly("172.30.0.0/16");
            assertThat(network.addresses().gateways()).containsExactly("172.30.0.254");
        });
        assertThat(read.networks()).extracting(DeclaredNetwork::name).containsExactly("web", "db", "empty");
        assertThat(read.networks()).extracting(DeclaredNetwork::line).containsExactly(7, 18, 19);
        DeclaredNetwork web = read.networks().getFirst();
        assertThat(web.addresses())
                .isEqualTo(new SubnetRequest(
                        List.of("10.66.0.0/16", "fd00:66::/64"),
                        List.of("10.66.0.9"),
                        List.of("10.66.1.0/24"),
                        Map.of("router", "10.66.0.5", "nas", "fd00:66::5"),
                        true,
                        false));
        assertThat(web.attachable()).isTrue();
        assertThat(web.options()).isEqualTo(Map.of("com.docker.network.driver.mtu", "1400"));
        assertThat(web.labels()).isEqualTo(Map.of("tier", "front", "version", "1.10", "beta", "true"));
        assertThat(web.lines()).containsEntry("options", 16);
        assertThat(read.networks().get(1).addresses()).isEqualTo(SubnetRequest.defaults(false, true));
        assertThat(read.networks().get(2).addresses()).isEqualTo(SubnetRequest.defaults(false, false));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "\n\n", "# nothing\n", "---\n", "{}", "networks:\n", "networks: {}", "default-network:\n"})
    void P8_anEmptyFileIsAnEmptyConfiguration(String text) {
        assertThat(parse(text).networks()).isEmpty();
    }

    @ParameterizedTest
    @DisplayName("P8 row 77: every fault is one line with file, line and key")
    @CsvSource(
            delimiter = '#',
            value = {
                "networks: {web: {subnets: 10.0.0.0/8}} # networks.web.subnets: unknown key; known here: attachable",
                "nets: {} # f.yaml:1: nets: unknown key; known here: default-network, dns, nat, networks, overlay, publish, publish-ad",
                "networks: {web: {}, web: {}} # f.yaml:1: web: is there twice, first in line 1",
                "networks: [web] # f.yaml:1: networks: must be keys with values, is a list",
                "networks: web # f.yaml:1: networks: must be keys with values, is a text",
                "networks: {web: {internal: yes}} # f.yaml:1: networks.web.internal: must be true or false, is a text",
                "networks: {web: {internal: }} # f.yaml:1: networks.web.internal: must be true or false, is nothing",
                "networks: {web: {subnet: 10}} # f.yaml:1: networks.web.subnet: must be a text, is a number",
                "networks: {web: {subnet: 10.0.0.1/8}} # f.yaml:1: networks.web.subnet: 10.0.0.1/8 has bits behind",
                "networks: {web: {subnet: [10.0.0.0/8, x]}} # networks.web.subnet[1]: 'x' is not an IPv4 prefix",
                "networks: {web: {gateway: 10.0.0.1}} # networks.web.gateway: must have a corresponding subnet",
                "networks: {web: {driver: macvlan}} # f.yaml:1: networks.web.driver: macvlan is not in this version",
                "networks: {web: {driver: host}} # f.yaml:1: networks.web.driver: must be bridge or overlay, is host",
                "networks: {web: {labels: {a: [1]}}} # networks.web.labels.a: must be a text, a number, true or false",
                "networks: {web: {labels: {'': x}}} # networks.web.labels: invalid label '=x': empty name",
                "networks: {bridge: {}} # f.yaml:1: networks.bridge: operation is not permitted on predefined bridge",
                "networks: {web: {driver: ipvlan}} # f.yaml:1: networks.web.driver: ipvlan is not in this version",
                "networks: {default: {}} # f.yaml:1: networks.default: operation is not permitted on predefined",
                "networks: {host: {}} # f.yaml:1: networks.host: operation is not permitted on predefined host network",
                "networks: {'a b': {}} # f.yaml:1: networks.a b: Invalid network name (a b), only [a-zA-Z0-9]",
                "networks: {'': {}} # networks.: invalid network name: name is empty",
                "networks: {w\u00e9b: {}} # Invalid network name (w\u00e9b)",
                "uplink: {mode: x} # f.yaml:1: uplink.mode: must be shared, dedicated or none, is x",
                "uplink: {mode: shared, interface: 'a b'} # f.yaml:1: uplink.interface: must be the name of an interface",
                "uplink: {mode: shared, parent: eth0} # f.yaml:1: uplink.parent: unknown key; known here: interface, mode",
                "uplink: {mode: dedicated, parent: eth0} # f.yaml:1: uplink: dedicated needs the keys parent and address",
                "uplink: {mode: dedicated, address: 10.0.0.1} # f.yaml:1: uplink.address: must be an address and its",
                "uplink: {mode: dedicated, address: 10.0.0.1/33} # f.yaml:1: uplink.address: prefix length 33",
                "uplink: {mode: dedicated, parent: lo, address: 10.0.0.2/8} # uplink: parent lo is the loopback interface",
                "uplink: {mode: dedicated, parent: e, address: 10.0.0.0/8} # address 10.0.0.0/8 is the subnet's own",
                "uplink: {mode: dedicated, parent: e, address: 10.0.0.255/24} # is the subnet's broadcast address",
                "uplink: {mode: dedicated, parent: e, address: 127.0.0.2/8} # is no address of a host on a LAN",
                "uplink: {mode: dedicated, parent: e, address: 'fe80::2/64'} # is no global or unique local address",
                "uplink: {mode: dedicated, parent: e, address: [10.0.0.2/8, 10.0.0.3/8]} # one IPv4 address is possible",
                "uplink: {mode: dedicated, parent: e, address: 10.0.0.2/24, gateway: 10.0.1.1} # not in the subnet of",
                "uplink: {mode: dedicated, parent: e, address: 10.0.0.2/24, gateway: 10.0.0.2} # is the address itself",
                "uplink: {mode: dedicated, parent: e, address: 10.0.0.2/24, gateway: 'fd00::1'} # needs an address of its",
                "nat: {udp-timeout: 119s} # f.yaml:1: nat.udp-timeout: must be from 120s to 24h, such as 300s, is '119s'",
                "nat: {udp-timeout: 300} # f.yaml:1: nat.udp-timeout: must be a text, is a number",
                "nat: {port-range: 80-90} # f.yaml:1: nat.port-range: must be auto, or a range within 1024-65535",
                "publish-address: eth0 # f.yaml:1: publish-address: 'eth0' is not an IPv4 address",
                "publish: {} # f.yaml:1: publish: must be a list, is keys with values",
                "publish: [80] # f.yaml:1: publish[0]: must be keys with values, is a number",
                "publish: [{container: a}] # f.yaml:1: publish[0]: the key ports is missing",
                "publish: [{ports: 80}] # f.yaml:1: publish[0]: the key container is missing",
                "publish: [{container: a, ports: 80, net: x}] # f.yaml:1: publish[0].net: unknown key; known here: allow,",
                "publish: [{container: 'a b', ports: 80}] # f.yaml:1: publish[0].container: ",
                "publish: [{container: a, ports: [80, '70000:80']}] # f.yaml:1: publish[0].ports[1]: invalid hostPort: 70000",
                "publish: [{container: a, ports: 65536}] # f.yaml:1: publish[0].ports: invalid containerPort: 65536",
                "publish: [{container: a, ports: '9-8:80'}] # f.yaml:1: publish[0].ports: invalid hostPort: 9-8",
                "publish: [{container: a, ports: '-1:80'}] # f.yaml:1: publish[0].ports: invalid hostPort: -1",
                "publish: [{container: a, ports: 80/icmp}] # f.yaml:1: publish[0].ports: invalid proto: icmp",
                "publish: [{container: a, ports: 80, allow: []}] # f.yaml:1: publish[0].allow: must name at least one",
                "publish: [{container: a, ports: 80, allow: x}] # f.yaml:1: publish[0].allow: 'x' is not an IPv4 address",
                "uplink: # f.yaml:1: uplink: the key mode is missing",
                "uplink: {mode: none, interface: eth0} # f.yaml:1: uplink.interface: unknown key; known here: mode",
                "dns: {ttl: 5} # f.yaml:1: dns.ttl: must be a text, is a number",
                "dns: {ttl: 2h} # f.yaml:1: dns.ttl: must be from 0s to 3600s, such as 5s, is '2h'",
                "dns: {upstream: [192.0.2.1, 224.0.0.251]} # f.yaml:1: dns.upstream[1]: 224.0.0.251 is the address of no single host, and cannot be asked",
                "dns: {upstream: '0.0.0.0:5353'} # f.yaml:1: dns.upstream: 0.0.0.0:5353 is the address of no single host, and cannot be asked",
                "dns: {upstream: 255.255.255.255} # f.yaml:1: dns.upstream: 255.255.255.255 is the address of no single host, and cannot be asked",
                "dns: {upstream: 'ff02::fb'} # f.yaml:1: dns.upstream: ff02::fb is the address of no single host, and cannot be asked",
                "dns: {upstream: '::'} # f.yaml:1: dns.upstream: :: is the address of no single host, and cannot be asked",
                "dns: {upstream: []} # f.yaml:1: dns.upstream: names nobody: leave it out, and those that the host asks are asked; only members of internal networks ask nobody outside",
                "dns: {upstream: 169.254.53.53} # f.yaml:1: dns.upstream: 169.254.53.53 is the resolver itself, where containers ask: name servers that it is to ask",
                "networks: {web: {dns: {upstream: [169.254.53.53]}}} # f.yaml:1: networks.web.dns.upstream: 169.254.53.53 is the resolver itself, where containers ask: name servers that it is to ask",
                "dns: {upstream: dns.example} # f.yaml:1: dns.upstream: 'dns.example' is not an IPv4 address",
                "dns: {upstream: ['192.0.2.1:70000']} # f.yaml:1: dns.upstream[0]: port 70000 is not between 1 and 65535",
                "dns: {address: 127.0.0.11} # f.yaml:1: dns.address: must be the address of a single host, is 127.0.0.11",
                "dns: {records: {'a b': 10.0.0.1}} # f.yaml:1: dns.records.a b: 'a b' is no domain, such as example.com",
                "dns: {search: a..b} # f.yaml:1: dns.search: 'a..b' is no domain, such as example.com",
                "networks: {web: {dns: {ttl: 5s}}} # f.yaml:1: networks.web.dns.ttl: unknown key; known here: upstream",
                "macvlan: {} # f.yaml:1: macvlan: is not in this version",
                "overlay: {peer: []} # f.yaml:1: overlay.peer: unknown key; known here: local, peers, port",
                "overlay: {port: 0} # f.yaml:1: overlay.port: must be from 1 to 65535, is 0",
                "overlay: {port: 65536} # f.yaml:1: overlay.port: must be from 1 to 65535, is 65536",
                "overlay: {port: vxlan} # f.yaml:1: overlay.port: must be a number, is",
                "overlay: {local: 224.0.0.1} # f.yaml:1: overlay.local: must be the address of a host",
                "overlay: {peers: [{network: x, vni: 0, remote: 192.0.2.7}]} # f.yaml:1: overlay.peers[0].vni: must be",
                "overlay: {peers: [{network: x, vni: 9, remote: here}]} # f.yaml:1: overlay.peers[0].remote: ",
                "overlay: {peers: [{network: x, remote: 192.0.2.7}]} # f.yaml:1: overlay.peers[0]",
                "macvlan: {} # f.yaml:1: macvlan: is not in this version",
                "default-network: {subnet: 'fd00::/64'} # f.yaml:1: default-network.subnet: 'fd00::' is not an IPv4",
                "default-network: {gateway: 10.0.0.1} # f.yaml:1: default-network.gateway: must have a corresponding",
                "[] # f.yaml:1: must be keys with values, is a list",
                "web # f.yaml:1: must be keys with values, is a text",
                "networks: &a {web: *a} # f.yaml:1: an anchor (&a) is not allowed here: write the value out",
                "networks: {web: *a} # f.yaml:1: an alias (*a) is not allowed here: write the value out",
                "networks: !!map {} # f.yaml:1: a tag (tag:yaml.org,2002:map) is not allowed here",
                "networks: {[a]: {}} # f.yaml:1: a key must be a text, is a list or keys with values",
                "networks: {web: {} # f.yaml:1: is no YAML: while parsing a flow mapping, expected ',' or '}'",
                "<<: {} # f.yaml:1: <<: unknown key",
            })
    void P8_aFaultIsNamedByLineAndKey(String text, String sentence) {
        assertThatThrownBy(() -> parse(text))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining(sentence.strip())
                .message()
                .startsWith("f.yaml:")
                .doesNotContain("\n", "Exception", "java.", "snakeyaml");
    }

    @Test
    void P8_theLineIsThatOfTheFault() {
        refused("uplink:\n  mode: none\nnetworks:\n  web:\n    subnet:\n      - 10.0.0.0/8\n      - no\n", 7);
        refused("networks:\r\n  web: {}\r\n  db: {x: 1}\r\n", 3);
        refused("networks:\n  web: {}\n---\nnetworks: {}\n", 3);
        refused("networks:\n\tweb: {}\n", 2);
        refused("networks:\n  web: {labels: {a: \"\u0001\"}}\n", 2);
        refused("a: 1\n" + "[".repeat(100), 2);
    }

    private static void refused(String text, int line) {
        assertThatThrownBy(() -> parse(text))
                .isInstanceOf(Refusal.class)
                .message()
                .startsWith("f.yaml:" + line + ": ");
    }

    @Test
    void P8_lineEndsAndByteOrderMarkMakeNoDifference() throws Exception {
        Path file = directory.resolve("f.yaml");
        for (String text : List.of("\uFEFF" + FULL, FULL.replace("\n", "\r\n"), FULL.stripTrailing())) {
            Files.writeString(file, text);
            assertThat(ConfigFile.read(file).networks()).isEqualTo(parse(FULL).networks());
        }
    }

    @Test
    void P8_filesThatAreNoTextFilesAreRefusedByName() throws Exception {
        Path file = directory.resolve("f.yaml");
        refused(file, "cannot read " + file + ": there is no such file");
        Files.write(file, new byte[] {'a', ':', '\n', (byte) 0xC3, (byte) 0x28});
        refused(file, file + ":2: is no text in UTF-8");
        Files.write(file, new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0});
        refused(file, file + ":1: is no YAML: it holds a control character, 0x");
        refused(directory, directory + ": is a directory, must be a file");
        refused(Path.of("/dev/zero"), "/dev/zero: is a device, pipe or socket, must be a file");
        Path loop = directory.resolve("loop");
        Files.createSymbolicLink(loop, loop);
        refused(loop, "cannot read " + loop + ": Too many levels of symbolic links");
        Path large = directory.resolve("large.yaml");
        try (OutputStream stream = Files.newOutputStream(large)) {
            byte[] piece = new byte[1 << 20];
            java.util.Arrays.fill(piece, (byte) '#');
            for (int i = 0; i < 100; i++) {
                stream.write(piece);
            }
        }
        refused(large, large + ": is too large: more than 4 MiB");
    }

    private static void refused(Path file, String sentence) {
        assertThatThrownBy(() -> ConfigFile.read(file))
                .isInstanceOf(Refusal.class)
                .message()
                .startsWith(sentence)
                .doesNotContain("\n", "Exception");
    }

    @Test
    void P8_aTruncatedFileIsRefusedOrMeansWhatItSays() {
        for (int end = 0; end < FULL.length(); end++) {
            try {
                assertThat(parse(FULL.substring(0, end)).networks()).hasSizeLessThanOrEqualTo(3);
            } catch (Refusal e) {
                assertThat(e.getMessage()).startsWith("f.yaml").doesNotContain("\n", "Exception");
            }
        }
    }

    @Test
    void P8_aFaultIsOneLineWhateverItQuotes() {
        assertThatThrownBy(() -> parse("networks: {web: {subnet: 10.66.0.0/16, gateway: \"10.66.0.9\\nx\\r\"}}\n"))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("'10.66.0.9\\nx\\r' is not an IPv4 address");
    }

    @Test
    void P8_randomDamageNeverThrowsAnythingElse() {
        long seed = Long.getLong("seed", System.nanoTime());
        Random random = new Random(seed);
        String alphabet = "abc019 \n\t:{}[],&*!|>'\"%@`#-?.~/\u0000\u0085\uFEFF\uD800";
        for (int round = 0; round < 20_000; round++) {
            StringBuilder text = new StringBuilder(FULL);
            for (int i = random.nextInt(6); i >= 0; i--) {
                int at = random.nextInt(text.length());
                char c = alphabet.charAt(random.nextInt(alphabet.length()));
                switch (random.nextInt(3)) {
                    case 0 -> text.setCharAt(at, c);
                    case 1 -> text.insert(at, c);
                    default -> text.delete(at, Math.min(text.length(), at + random.nextInt(20)));
                }
            }
            try {
                parse(text.toString());
            } catch (Refusal e) {
                assertThat(e.getMessage())
                        .as("seed %d", seed)
                        .startsWith("f.yaml")
                        .doesNotContain("Exception");
                assertThat(e.sentence().lines())
                        .as("seed %d: %s", seed, e.getMessage())
                        .hasSize(1);
            }
        }
    }
}
