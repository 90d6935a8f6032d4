package io.tapswitch.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;

/** TCP connections that are opened and kept, to see what something else does to them. */
public final class Held implements AutoCloseable {
    private final Background process;
    private final Json opened;
    private int answers;

    private Held(Background process) {
        this.process = process;
        this.opened = next();
    }

    /** Opens so many connections to each target, and waits until each is open or has failed. */
    public static Held open(LabNamespace from, int count, String... targets) {
        return open(from, Duration.ofSeconds(30), count, targets);
    }

    /** The same within a time of one's own. */
    public static Held open(LabNamespace from, Duration allowed, int count, String... targets) {
        return new Held(from.startTalk(
                allowed, "hold", "count", count, "overall", allowed.toSeconds(), "to", String.join(",", targets)));
    }

    /** Opens one connection to each target, all of them from one source port. */
    public static Held openFrom(LabNamespace from, int sourcePort, String... targets) {
        return new Held(from.startTalk("hold", "sport", sourcePort, "to", String.join(",", targets)));
    }

    /** {@return how many are open} */
    public long count() {
        return opened.number("held");
    }

    /** {@return how many failed, by reason} */
    public Json failed() {
        return opened.at("failed");
    }

    /** {@return the ports that the servers saw the first hundred with} */
    public List<Integer> outsidePorts() {
        return opened.at("seen").elements().stream()
                .map(row -> Integer.parseInt(row.at(2).node().asString()))
                .toList();
    }

    /** {@return the addresses that the servers saw the first hundred with} */
    public List<String> outsideAddresses() {
        return opened.at("seen").elements().stream()
                .map(row -> row.at(1).node().asString())
                .distinct()
                .toList();
    }

    /** Sends a word over each and expects that each comes back. */
    public void assertAlive() {
        process.write("check\n");
        Json result = next();
        assertThat(result.at("errors").elements()).as("%s", result).isEmpty();
        assertThat(result.number("good")).isEqualTo(count()).isPositive();
    }

    /** Fails the test unless all that were wanted are open. */
    public Held all(long wanted) {
        assertThat(count()).as("%s", opened).isEqualTo(wanted);
        return this;
    }

    private Json next() {
        answers++;
        return Json.parse(Eventually.value(
                        "answer " + answers + " of the connections",
                        Duration.ofSeconds(60),
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
