package io.tapswitch.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;

/** One UDP socket in a namespace, which sends and hears what a test tells it to. */
public final class UdpSocket implements AutoCloseable {
    private final Background process;
    private final int l4Port;
    private int answers;

    private UdpSocket(Background process) {
        this.process = process;
        this.l4Port = (int) next(Duration.ofSeconds(5)).number("port");
    }

    /**
     * What it heard.
     *
     * @param address of the sender, empty when nothing came
     * @param port of the sender
     * @param words that came
     * @param error why nothing came, empty when something did
     */
    public record Heard(String address, int port, String words, String error) {}

    /** Binds one to an address and a port, 0 for any. */
    public static UdpSocket bind(LabNamespace place, String address, int l4Port) {
        return new UdpSocket(place.startTalk("udp", "bind", address, "sport", l4Port));
    }

    /** {@return its port} */
    public int port() {
        return l4Port;
    }

    /** Sends words. */
    public void send(String address, int toPort, String words) {
        Json answer = ask("send " + address + " " + toPort + " " + words, Duration.ofSeconds(5));
        assertThat(answer.is("sent")).as("%s", answer).isTrue();
    }

    /** {@return the next datagram or error that comes within the time} */
    public Heard hear(Duration allowed) {
        Json answer = ask("hear " + allowed.toMillis() / 1_000.0, allowed.plusSeconds(5));
        return new Heard(
                answer.text("address"), (int) answer.number("port"), answer.text("words"), answer.text("error"));
    }

    /** Expects words, and {@return from whom they came}. */
    public Heard hears(String words) {
        Heard heard = hear(Duration.ofSeconds(2));
        assertThat(heard.words()).as("%s", heard).isEqualTo(words);
        return heard;
    }

    /** Expects that nothing comes for 300 ms. */
    public void hearsNothing() {
        assertThat(hear(Duration.ofMillis(300)).error()).isEqualTo("timeout");
    }

    private Json ask(String command, Duration allowed) {
        process.write(command + "\n");
        return next(allowed);
    }

    private Json next(Duration allowed) {
        answers++;
        return Json.parse(Eventually.value(
                        "answer " + answers + " of the socket",
                        allowed,
                        () -> process.out()
                                .lines()
                                .filter(line -> line.startsWith("{"))
                                .toList(),
                        lines -> lines.size() >= answers)
                .get(answers - 1));
    }

    @Override
    public void close() {
        process.close();
    }
}
