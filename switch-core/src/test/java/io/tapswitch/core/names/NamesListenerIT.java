package io.tapswitch.core.names;

import static io.tapswitch.core.control.Eventually.eventually;
import static io.tapswitch.core.names.TestMessages.answer;
import static io.tapswitch.core.names.TestMessages.id;
import static io.tapswitch.core.names.TestMessages.query;
import static io.tapswitch.lab.Eventually.measureFor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.dataplane.ClientViews;
import io.tapswitch.core.dataplane.NameCount;
import io.tapswitch.core.dataplane.NamesClient;
import io.tapswitch.dns.ClientView;
import io.tapswitch.dns.DnsAddress;
import io.tapswitch.dns.Zone;
import io.tapswitch.dns.ZoneSpec;
import io.tapswitch.tapio.IpBatch;
import io.tapswitch.tapio.LinkCommand;
import io.tapswitch.tapio.LinkConfigurator;
import io.tapswitch.wire.Ipv4Address;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * D11: the listener for names by TCP and the kernel's TCP in its namespace, without workers: the client is in the same
 * namespace and has the address of a port there. Whoever is asked for names of the outside answers when a test wants.
 */
@Tag("netns")
@Timeout(60)
final class NamesListenerIT {
    private static final int PORT = 7;
    private static final int NETWORK = 3;
    private static final int IN_FLIGHT = 32;
    private static final String CLIENT =
            Ipv4Address.fromBits(NamesClient.address(PORT, 1)).toString();
    private static final InetSocketAddress LISTENER =
            new InetSocketAddress(Ipv4Address.fromBits(NamesClient.LISTENER).toString(), 53);

    /** A query that somebody else is asked. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Asked(byte[] query, Consumer<byte[]> answer) {
        int number() {
            return id(query);
        }

        void end() {
            answer.accept(TestMessages.answer(query, 60, 1));
        }
    }

    private final Queue<Asked> asked = new ConcurrentLinkedQueue<>();
    private final List<Socket> clients = new ArrayList<>();
    private final LinkConfigurator links = new IpBatch();
    private NamesListener listener;
    private ClientViews views;

    @BeforeEach
    void open() {
        open(new TcpLimits(8, 4, IN_FLIGHT, Duration.ofSeconds(10)));
    }

    private void open(TcpLimits limits) {
        listener = NamesListener.open(links, limits);
        listener.tap().configure(links, List.of(new LinkCommand.AddAddress("lo", CLIENT + "/32")));
        listener.forwarder((query, client, tcp, answer) -> {
            assertThat(client).isEqualTo(PORT);
            assertThat(tcp).isTrue();
            asked.add(new Asked(query, answer));
        });
        ZoneSpec zone = ZoneSpec.network("net1")
                .host(List.of("web"), DnsAddress.v4(0x0a00_0009))
                .build();
        ClientView view = new ClientView(List.of(Zone.compile(zone)), true, true, 5, 5);
        views = new ClientViews(Map.of(PORT, view));
        serve("endpoint", "id of net1");
    }

    private void serve(String endpoint, String network) {
        NamesUsers.Client client = new NamesUsers.Client(endpoint, NETWORK);
        listener.users(new NamesUsers(views, Map.of(PORT, client), Map.of(NETWORK, network)));
    }

    @AfterEach
    void close() throws IOException {
        for (Socket client : clients) {
            client.close();
        }
        listener.close();
    }

    private Socket connect() {
        Socket client = listener.tap().call(() -> {
            try {
                Socket made = new Socket();
                made.bind(new InetSocketAddress(InetAddress.ofLiteral(CLIENT), 0));
                made.connect(LISTENER, 5_000);
                made.setSoTimeout(5_000);
                return made;
            } catch (IOException e) {
                throw new AssertionError("no connection", e);
            }
        });
        clients.add(client);
        return client;
    }

    private static byte[] framed(byte[]... messages) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] message : messages) {
            all.write(message.length >>> 8);
            all.write(message.length);
            all.writeBytes(message);
        }
        return all.toByteArray();
    }

    private static void ask(Socket client, byte[]... messages) throws IOException {
        client.getOutputStream().write(framed(messages));
    }

    private static byte[] read(Socket client) throws IOException {
        DataInputStream in = new DataInputStream(client.getInputStream());
        byte[] message = new byte[in.readUnsignedShort()];
        in.readFully(message);
        return message;
    }

    private Asked takeAsked() throws Exception {
        eventually(() -> assertThat(asked).isNotEmpty());
        return asked.remove();
    }

    @Test
    void countsWhatEachEndpointAskedForUntilItIsGone() throws Exception {
        Socket client = connect();
        for (int i = 0; i < 3; i++) {
            ask(client, query(i, "WEB.net1"));
            read(client);
        }
        ask(client, query(3, "nobody.net1"));
        read(client);
        assertThat(listener.counters().results("endpoint")).isEqualTo(Map.of("answered", 3L, "no_name", 1L));
        assertThat(listener.topNames().join())
                .containsExactlyInAnyOrder(
                        new NameCount("web.net1", NETWORK, 3, 3), new NameCount("nobody.net1", NETWORK, 1, 1));

        serve("endpoint", "id of net1");
        assertThat(listener.topNames().join()).as("nothing has changed").hasSize(2);
        serve("another endpoint", "id of net1");
        assertThat(listener.topNames().join()).as("the network is there").hasSize(2);
        assertThat(listener.counters().results("endpoint")).isEmpty();
        serve("another endpoint", "id of a network that got its number");
        assertThat(listener.topNames().join()).isEmpty();
        assertThat(listener.counters().results()).as("the sums stay").isEqualTo(Map.of("answered", 3L, "no_name", 1L));
        listener.close();
        assertThat(listener.topNames().join()).isEmpty();
    }

    @Test
    void D11_soManyQueriesOfAConnectionAreWithOthersAtATimeAndAnswersComeInTheOrderOfTheirEnd() throws Exception {
        Socket client = connect();
        List<byte[]> queries = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            queries.add(query(i, "n" + i + ".test"));
        }
        ask(client, queries.toArray(byte[][]::new));
        eventually(() -> assertThat(asked).hasSize(IN_FLIGHT));
        measureFor(Duration.ofMillis(100));
        assertThat(asked).hasSize(IN_FLIGHT);

        Socket other = connect();
        ask(other, query(1000, "web.net1"), query(1001, "n.test"));
        assertThat(id(read(other))).as("another connection is served").isEqualTo(1000);
        eventually(() -> assertThat(asked).hasSize(IN_FLIGHT + 1));

        List<Asked> first = new ArrayList<>(asked);
        asked.clear();
        Asked others = first.removeLast();
        Collections.reverse(first);
        for (Asked one : first) {
            one.end();
            assertThat(id(read(client))).isEqualTo(one.number());
        }
        others.end();
        assertThat(id(read(other))).isEqualTo(1001);
        // Each answer made room for the next one.
        for (int i = IN_FLIGHT; i < 100; i++) {
            Asked next = takeAsked();
            assertThat(next.number()).isEqualTo(i);
            next.end();
            assertThat(id(read(client))).isEqualTo(i);
        }
        assertThat(asked).isEmpty();
    }

    @Test
    void D11_whatIsKnownHereOvertakesWhatOthersAreAskedFor() throws Exception {
        Socket client = connect();
        ask(client, query(1, "far.test"), query(2, "web.net1"), query(3, "nobody.net1"));
        assertThat(id(read(client))).isEqualTo(2);
        assertThat(id(read(client))).isEqualTo(3);
        takeAsked().end();
        assertThat(id(read(client))).isEqualTo(1);
    }

    @Test
    void D11_whoHasEndedHisSideGetsWhatHeAskedFor() throws Exception {
        Socket client = connect();
        ask(client, query(1, "far.test"), query(2, "further.test"));
        client.shutdownOutput();
        Asked one = takeAsked();
        takeAsked().end();
        assertThat(id(read(client))).isEqualTo(2);
        one.end();
        assertThat(id(read(client))).isEqualTo(1);
        assertThat(client.getInputStream().read()).isEqualTo(-1);
    }

    @Test
    void D11_whatWasAnsweredBeforeTheConnectionEndsReachesTheClient() throws Exception {
        byte[] response = answer(query(3, "web.net1"), 5, 1);
        for (int i = 0; i < 200; i++) {
            Socket client = connect();
            ask(client, query(1, "web.net1"), query(2, "nobody.net1"), response);
            assertThat(id(read(client))).isEqualTo(1);
            assertThat(id(read(client))).isEqualTo(2);
            assertThat(client.getInputStream().read()).isEqualTo(-1);
            client.close();
        }
        assertThat(asked).isEmpty();
    }

    @Test
    void D11_anAnswerToAConnectionThatIsGoneIsNobodys() throws Exception {
        Socket client = connect();
        ask(client, query(1, "far.test"));
        Asked one = takeAsked();
        client.close();
        Socket next = connect();
        ask(next, query(2, "far.test"));
        Asked two = takeAsked();
        one.end();
        eventually(() -> assertThat(listener.counters().connections()).isEqualTo(1));
        two.end();
        assertThat(id(read(next))).isEqualTo(2);

        ask(next, query(3, "far.test"));
        Asked three = takeAsked();
        listener.users(NamesUsers.NONE);
        assertThatThrownBy(() -> read(next)).isInstanceOf(IOException.class);
        three.end();
        eventually(() -> assertThat(listener.counters().connections()).isZero());
    }

    @Test
    void D11_aConnectionTooManyEndsTheOneThatWasSilentForLongest() throws Exception {
        List<Socket> four = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            four.add(connect());
            ask(four.get(i), query(i, "web.net1"));
            assertThat(id(read(four.get(i)))).isEqualTo(i);
        }
        ask(four.getFirst(), query(10, "web.net1"));
        assertThat(id(read(four.getFirst()))).isEqualTo(10);
        Socket fifth = connect();
        ask(fifth, query(11, "web.net1"));
        assertThat(id(read(fifth))).isEqualTo(11);
        assertThatThrownBy(() -> read(four.get(1))).as("the second").isInstanceOf(IOException.class);
        ask(four.getFirst(), query(12, "web.net1"));
        assertThat(id(read(four.getFirst()))).isEqualTo(12);
        assertThat(listener.counters().evictedCount()).isEqualTo(1);
        assertThat(listener.counters().connections()).isEqualTo(4);
    }

    @Test
    void aListeningSocketThatEndsIsMadeAgainAndConnectionsStay() throws Exception {
        Socket before = connect();
        listener.channel().close().sync();
        eventually(() -> {
            Socket after = connect();
            ask(after, query(1, "web.net1"));
            assertThat(id(read(after))).isEqualTo(1);
        });
        ask(before, query(2, "web.net1"));
        assertThat(id(read(before))).isEqualTo(2);
    }
}
