package io.tapswitch.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A namespace that is attached to the switch. */
public final class LabContainer extends LabNamespace {
    private static final Pattern IPV4 = Pattern.compile("(?m)^\\d+: (\\S+) +inet (\\S+)");

    private final Daemon daemon;
    private String known = name();
    private String id = "";
    private Json settings = Json.parse("{}");

    LabContainer(Daemon daemon) {
        super("c");
        this.daemon = daemon;
    }

    /** Attaches it; {@code more} are further members of the request, each beginning with a comma. */
    LabContainer attach(LabNetwork network, String more) {
        Json made = daemon.api()
                .post(
                        "/containers",
                        "{\"netns\":\"" + name() + "\",\"networks\":[\"" + network.name() + "\"]" + more + "}")
                .ok();
        id = made.text("id");
        settings = daemon.api()
                .get("/containers/" + id)
                .at("NetworkSettings")
                .at("Networks")
                .at(network.name());
        return this;
    }

    /** Attaches it by the command line, under a name of its own. */
    LabContainer attachByCommand(String as, String... flags) {
        List<String> words = new ArrayList<>(List.of("attach", "--netns", name(), "--name", as));
        words.addAll(List.of(flags));
        id = daemon.cli(words.toArray(String[]::new))
                .ok()
                .out()
                .lines()
                .findFirst()
                .orElse("");
        assertThat(id).as("first line that attach prints").matches("[0-9a-f]{64}");
        known = as;
        return this;
    }

    /** Connects it to one more network by the command line. */
    public void connect(String network, String... flags) {
        List<String> words = new ArrayList<>(List.of("network", "connect"));
        words.addAll(List.of(flags));
        words.addAll(List.of(network, known));
        assertThat(daemon.cli(words.toArray(String[]::new)).ok().out()).isEmpty();
    }

    /** Takes it out of a network by the command line. */
    public void disconnect(String network) {
        assertThat(daemon.cli("network", "disconnect", network, known).ok().out())
                .isEmpty();
    }

    /** {@return what the product's inspect says about its place in a network} */
    public Json endpoint(String network) {
        return Json.parse(daemon.cli("inspect", known).ok().out())
                .at(0)
                .at("NetworkSettings")
                .at("Networks")
                .at(network);
    }

    /** {@return the IPv4 address with prefix length that the kernel has on an interface, empty without one} */
    public String addressOf(String link) {
        Matcher matcher = IPV4.matcher(ip("-4 -o addr show"));
        while (matcher.find()) {
            if (matcher.group(1).equals(link)) {
                return matcher.group(2);
            }
        }
        return "";
    }

    /** {@return the names of its interfaces in the kernel's order, which is the order of their making} */
    public List<String> links() {
        return ip("-br link show").lines().map(line -> line.split("[ @]", 2)[0]).toList();
    }

    /** {@return the name that the product knows it by} */
    public String known() {
        return known;
    }

    /** Detaches it; the namespace stays. */
    public void detach() {
        daemon.api().delete("/containers/" + id + "?force=true").ok();
        detached();
    }

    /** Tells it that a test has detached it. */
    public void detached() {
        id = "";
    }

    /** {@return the daemon's id of it} */
    public String id() {
        return id;
    }

    /** {@return its address in its network} */
    public String address() {
        return settings.text("IPAddress");
    }

    /** {@return its MAC address with colons} */
    public String mac() {
        return settings.text("MacAddress");
    }

    /** {@return the gateway's address in its network} */
    public String gateway() {
        return settings.text("Gateway");
    }

    /** {@return the gateway's MAC address with colons, asked for by ping and ARP} */
    public String gatewayMac() {
        return mac(gateway());
    }

    /** Pings another container. */
    public void ping(LabContainer other) {
        ping(other.address());
    }

    /** Sends frames as they are, one hexadecimal string each, and expects that the kernel takes all of them. */
    public void send(Iterable<String> frames) {
        send(frames, 20_000);
    }

    /** Sends frames at a rate per second. */
    public void send(Iterable<String> frames, int rate) {
        Json result = traffic(Duration.ofSeconds(60), String.join("\n", frames) + "\n", "send", "rate", rate);
        assertThat(result.at("refused").elements())
                .as("frames that the kernel did not take: %s", result)
                .isEmpty();
    }

    /** Sends one frame so often. */
    public void send(String frame, int times) {
        Json result = traffic(Duration.ofSeconds(60), frame + "\n", "send", "repeat", times);
        assertThat(result.number("sent")).as("%s", result).isEqualTo(times);
    }

    /** Transfers random bytes over TCP to a sink in the other container and compares their SHA-256. */
    public void transferTcp(LabContainer to, long bytes) {
        transferTcp(to, to.address(), bytes);
    }

    /** Exchanges datagrams of the sizes with an echo in the other container and compares each. */
    public void exchangeUdp(LabContainer to, String sizes) {
        exchangeUdp(to, to.address(), sizes);
    }

    /** {@return frames dropped at its port for the reason} */
    public long drops(String reason) {
        return daemon.api().get("/drops").elements().stream()
                .filter(drop -> drop.text("container").equals(known)
                        && drop.text("reason").equals(reason))
                .mapToLong(drop -> drop.number("frames"))
                .sum();
    }

    /** {@return its row of the daemon's statistics} */
    public Json stats() {
        return daemon.api().get("/stats?container=" + id).at("containers").at(0);
    }
}
