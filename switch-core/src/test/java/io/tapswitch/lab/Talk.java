package io.tapswitch.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Servers that tell each client as whom they see it, and clients that ask them. */
public final class Talk {
    /** A port on which the tests' servers outside listen, TCP and UDP. */
    public static final int PORT = 9000;

    private Talk() {}

    /**
     * What became of one question.
     *
     * @param to whom was asked: address, colon, port
     * @param seen the address that the server saw, empty without an answer
     * @param port the port that the server saw
     * @param own the client's own port
     * @param error why there was no answer, empty when there was one
     */
    public record Seen(String to, String seen, int port, int own, String error) {
        /** {@return whether there was an answer} */
        public boolean answered() {
            return error.isEmpty();
        }

        /** {@return this, when the server saw that address} */
        public Seen as(String address) {
            assertThat(this).satisfies(row -> {
                assertThat(row.error()).isEmpty();
                assertThat(row.seen()).isEqualTo(address);
            });
            return this;
        }
    }

    /** Starts servers on {@link #PORT}, TCP and UDP, on all addresses of both families. */
    public static Background answer(LabNamespace place) {
        return answer(place, "" + PORT, "" + PORT);
    }

    /** Starts servers on lists of TCP and UDP ports, on all addresses of both families. */
    public static Background answer(LabNamespace place, String tcp, String udp) {
        return place.startTalk("answer", "tcp", tcp, "udp", udp);
    }

    /** Starts servers on lists of TCP and UDP ports of some addresses. */
    public static Background answerOn(LabNamespace place, String addresses, String tcp, String udp) {
        return place.startTalk("answer", "bind", addresses, "tcp", tcp, "udp", udp);
    }

    /** Asks once. */
    public static Seen ask(LabNamespace from, String protocol, String address, int l4Port) {
        return ask(from, protocol, 0, target(address, l4Port)).getFirst();
    }

    /** Asks one server after the other, from one source port where that is not 0. */
    public static List<Seen> ask(LabNamespace from, String protocol, int sourcePort, String... targets) {
        return run(
                from,
                Duration.ofSeconds(30),
                "protocol",
                protocol,
                "sport",
                sourcePort,
                "to",
                String.join(",", targets));
    }

    /** Asks with one of the client's own addresses as the source. */
    public static Seen askAs(LabNamespace from, String source, String protocol, String address, int l4Port) {
        return run(from, Duration.ofSeconds(30), "protocol", protocol, "source", source, "to", target(address, l4Port))
                .getFirst();
    }

    /** Asks by UDP with so many bytes, which must come back unchanged. */
    public static Seen askLarge(LabNamespace from, String address, int l4Port, int size) {
        return run(from, Duration.ofSeconds(30), "protocol", "udp", "size", size, "to", target(address, l4Port))
                .getFirst();
    }

    /** {@return whether nobody answers within half a second} */
    public static boolean silent(LabNamespace from, String protocol, String address, int l4Port) {
        return run(from, Duration.ofSeconds(30), "protocol", protocol, "timeout", 0.5, "to", target(address, l4Port))
                .getFirst()
                .error()
                .equals("timeout");
    }

    private static List<Seen> run(LabNamespace from, Duration allowed, Object... options) {
        List<Seen> rows = new ArrayList<>();
        for (Json row : from.talk(allowed, "ask", options).at("answers").elements()) {
            rows.add(new Seen(
                    row.text("to"),
                    row.text("seen"),
                    (int) row.number("port"),
                    (int) row.number("own"),
                    row.text("error")));
        }
        return rows;
    }

    /** {@return an address with a port, as people write it} */
    public static String target(String address, int l4Port) {
        return (address.contains(":") ? "[" + address + "]" : address) + ":" + l4Port;
    }
}
