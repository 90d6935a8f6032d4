package io.tapswitch.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A named network namespace, and programs run inside it. */
public class LabNamespace implements AutoCloseable {
    private static final Pattern LINK_ADDRESS = Pattern.compile("lladdr (\\S+)");
    private static final Path TOOL = unpack("lab.py");
    private static final Path TALK = unpack("talk.py");

    private final String name;

    /** Makes the namespace, with its loopback up. */
    public LabNamespace(String kind) {
        this.name = Leftovers.newName(kind);
        Leftovers.rememberNamespace(name);
        Commands.run("ip", "netns", "add", name).ok();
        ip("link set lo up");
    }

    /** {@return its name under /run/netns} */
    public final String name() {
        return name;
    }

    /** Runs a program inside, to its end. */
    public final Outcome exec(String... command) {
        return exec(Duration.ofSeconds(60), "", List.of(command));
    }

    /** Runs a program inside, to its end, with input and a limit of time. */
    public final Outcome exec(Duration allowed, String input, List<String> command) {
        return Commands.run(allowed, input, inside(command));
    }

    /** Starts a program inside. */
    public final Background start(String... command) {
        return Commands.start(inside(List.of(command)));
    }

    /** Runs {@code ip} on this namespace; the words are split at blanks. It must succeed. */
    public final String ip(String words) {
        List<String> command = new ArrayList<>(List.of("ip", "-n", name));
        command.addAll(List.of(words.split(" ")));
        return Commands.run(command.toArray(String[]::new)).ok().out();
    }

    /** Runs a verb of the traffic tool to its end, with input; its result is the JSON that it prints last. */
    public final Json traffic(Duration allowed, String input, String verb, Object... options) {
        return Json.parse(exec(allowed, input, tool(TOOL, verb, options)).ok().lastLine());
    }

    /** Runs a verb of the traffic tool to its end, within half a minute. */
    public final Json traffic(String verb, Object... options) {
        return traffic(Duration.ofSeconds(30), "", verb, options);
    }

    /** Starts a verb of the traffic tool and waits until it is ready. */
    public final Background startTraffic(String verb, Object... options) {
        return Commands.start(inside(tool(TOOL, verb, options))).awaitWords("ready");
    }

    /** Runs a verb of the talking tool to its end; its result is the JSON that it prints last. */
    public final Json talk(Duration allowed, String verb, Object... options) {
        return Json.parse(exec(allowed, "", tool(TALK, verb, options)).ok().lastLine());
    }

    /** Starts a verb of the talking tool and waits until it is ready. */
    public final Background startTalk(String verb, Object... options) {
        return startTalk(Duration.ofSeconds(20), verb, options);
    }

    /** Starts a verb of the talking tool that does not say when it is ready. */
    public final Background startTalkUnready(String verb, Object... options) {
        return Commands.start(inside(tool(TALK, verb, options)));
    }

    final Background startTalk(Duration allowed, String verb, Object... options) {
        return Commands.start(inside(tool(TALK, verb, options))).awaitWords(allowed, "ready");
    }

    /** Runs a scapy program (all of scapy imported, {@code IF} the interface) inside. It must succeed. */
    public final String scapy(String program) {
        String prelude = "from scapy.all import *\nconf.verb = 0\nIF = 'eth0'\n";
        return exec(Duration.ofSeconds(60), prelude + program, List.of("/usr/bin/python3", "-"))
                .ok()
                .text();
    }

    /** Transfers random bytes over TCP to a sink in another namespace, by one of its addresses, and compares them. */
    public final void transferTcp(LabNamespace to, String address, long bytes) {
        String any = address.contains(":") ? "::" : "0.0.0.0";
        try (Background sink = to.startTraffic("tcp-sink", "bind", any)) {
            Json result = traffic(Duration.ofSeconds(60), "", "tcp-send", "address", address, "bytes", bytes);
            assertThat(result.is("same")).as("%s", result).isTrue();
            sink.stop().ok();
        }
    }

    /** Exchanges datagrams of the sizes with an echo in another namespace, by one of its addresses, and compares each. */
    public final void exchangeUdp(LabNamespace to, String address, String sizes) {
        String any = address.contains(":") ? "::" : "0.0.0.0";
        try (Background echo = to.startTraffic("udp-echo", "bind", any)) {
            Json result = traffic("udp-exchange", "address", address, "sizes", sizes);
            assertThat(result.at("wrong").elements()).as("%s", result).isEmpty();
            assertThat(result.number("good")).isEqualTo(sizes.split(",").length);
            echo.stop().ok();
        }
    }

    /** Pings an address and expects every answer, once, with the TTL of a neighbour. */
    public final void ping(String address) {
        Outcome outcome = exec("ping", "-c3", "-i0.05", "-W2", address).ok();
        assertThat(outcome.out())
                .contains("3 packets transmitted, 3 received, 0% packet loss")
                .doesNotContain("DUP!");
        assertThat(outcome.out().lines().filter(line -> line.contains("ttl=64")))
                .hasSize(3);
    }

    /** {@return the MAC address with colons that a neighbour answers with} */
    public final String mac(String address) {
        exec("ping", "-c1", "-W2", address).ok();
        String neighbour = ip("neigh show " + address);
        Matcher matcher = LINK_ADDRESS.matcher(neighbour);
        if (!matcher.find()) {
            throw new AssertionError("not in the neighbour table: " + address + " " + neighbour);
        }
        return matcher.group(1);
    }

    /** {@return whether an address answers a ping within a second} */
    public final boolean reaches(String address) {
        return exec("ping", "-c1", "-W1", address).exit() == 0;
    }

    /** {@return what an HTTP server answers within two seconds, empty when it does not} */
    public final String fetch(String url) {
        return exec("curl", "-s", "-g", "-m", "2", url).out();
    }

    /** Starts an HTTP server on all addresses that tells each client the address that it sees it by. */
    public final Background serve(int l4Port) {
        return startTraffic("serve", "port", l4Port);
    }

    private List<String> inside(List<String> command) {
        List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", name));
        all.addAll(command);
        return all;
    }

    private static List<String> tool(Path program, String verb, Object... options) {
        List<String> command = new ArrayList<>(List.of("/usr/bin/python3", program.toString(), verb));
        for (int i = 0; i < options.length; i += 2) {
            command.add("--" + options[i]);
            if (!options[i + 1].equals(true)) {
                command.add(String.valueOf(options[i + 1]));
            }
        }
        return command;
    }

    static Path unpack(String resource) {
        Path file = Leftovers.directory().resolve(resource);
        try (InputStream in = Objects.requireNonNull(LabNamespace.class.getResourceAsStream(resource), resource)) {
            Files.copy(in, file);
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Removes the name; the namespace goes when nobody uses it any more. */
    public final void delete() {
        Leftovers.forgetNamespace(name);
        Commands.run("ip", "netns", "del", name).ok();
    }

    @Override
    public void close() {
        if (Files.exists(Path.of("/run/netns", name))) {
            delete();
        }
    }
}
