package io.tapswitch.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;

/** A steady flow of numbered datagrams between two containers, to see what something else does to it. */
public final class Flow implements AutoCloseable {
    private final Background sender;
    private final Background receiver;

    private Flow(Background sender, Background receiver) {
        this.sender = sender;
        this.receiver = receiver;
    }

    /**
     * What became of it.
     *
     * @param sent datagrams sent
     * @param received datagrams received, each counted once
     * @param duplicates those received more than once
     * @param reordered those that came after a later one
     * @param longestGapMs longest time between two arrivals
     */
    public record Result(long sent, long received, long duplicates, long reordered, double longestGapMs) {
        /** Fails the test unless everything arrived once and in order. */
        public Result nothingLost() {
            assertThat(this).satisfies(r -> {
                assertThat(r.sent()).isPositive();
                assertThat(r.received()).isEqualTo(r.sent());
                assertThat(r.duplicates()).isZero();
                assertThat(r.reordered()).isZero();
            });
            return this;
        }
    }

    /** Starts the flow. */
    public static Flow start(LabContainer from, LabContainer to, int perSecond) {
        return start(from, to, perSecond, 6000);
    }

    /** Starts the flow to a UDP port. */
    public static Flow start(LabContainer from, LabContainer to, int perSecond, int l4Port) {
        return start(from, to.address(), to, perSecond, l4Port);
    }

    /** Starts the flow to one of the addresses of a namespace. */
    public static Flow start(LabNamespace from, String address, LabNamespace to, int perSecond) {
        return start(from, address, to, perSecond, 6000);
    }

    private static Flow start(LabNamespace from, String address, LabNamespace to, int perSecond, int l4Port) {
        resolve(from, address);
        Background receiver = to.startTraffic("udp-flow-receive", "gaps", true, "port", l4Port);
        Background sender = from.startTraffic("udp-flow-send", "address", address, "rate", perSecond, "port", l4Port);
        return new Flow(sender, receiver);
    }

    /**
     * Has the addresses resolved before anything is counted: what a kernel holds while it waits for an ARP reply, some
     * 200 datagrams, it sends beside what its sender sends from then on, out of order, and drops what is beyond.
     */
    private static void resolve(LabNamespace from, String address) {
        from.exec("ping", "-c1", "-W2", address).ok();
    }

    /** Ends the flow and says what became of it. */
    public Result end() {
        Json sent = Json.parse(sender.stop().ok().lastLine());
        assertThat(sent.number("refused")).isZero();
        Json got = Json.parse(receiver.stop().ok().lastLine());
        long distinct = got.number("distinct");
        return new Result(
                sent.number("sent"),
                distinct,
                got.number("received") - distinct,
                got.number("reordered"),
                got.fraction("longestGapMs"));
    }

    /** Runs a flow of a given number of datagrams as fast as it goes, and says what became of it. */
    public static Result blast(LabContainer from, LabContainer to, int datagrams) {
        resolve(from, to.address());
        try (Background receiver = to.startTraffic("udp-flow-receive")) {
            Json sent = from.traffic(
                    Duration.ofMinutes(2), "", "udp-flow-send", "address", to.address(), "rate", 0, "count", datagrams);
            Json got = Json.parse(receiver.stop().ok().lastLine());
            return new Result(sent.number("sent"), got.number("received"), 0, got.number("reordered"), 0);
        }
    }

    @Override
    public void close() {
        sender.close();
        receiver.close();
    }
}
