package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.tapio.PortReservation.Outcome;
import io.tapswitch.tapio.PortReservation.Outcome.Refused;
import io.tapswitch.tapio.PortReservation.Outcome.Reserved;
import io.tapswitch.tapio.SocketDiag.Holder;
import io.tapswitch.tapio.SocketDiag.State;
import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import java.net.BindException;
import java.net.ConnectException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Ports of a real namespace: who can have them, and who is seen to have them. */
@Tag("netns")
final class PortReservationIT {
    private static final int TCP = IpProtocol.TCP;
    private static final int UDP = IpProtocol.UDP;
    private static final IpAddress ANY4 = IpAddress.parse("0.0.0.0");
    private static final IpAddress ANY6 = IpAddress.parse("::");
    private static final IpAddress OWN = IpAddress.parse("10.1.0.1");
    private static final IpAddress OWN6 = IpAddress.parse("fd01::1");
    private static final int PORT = 8080;

    private final TestNamespace test = new TestNamespace();
    private final NetworkNamespace open = test.open();

    @BeforeEach
    void begin() {
        test.run("ip link set lo up");
        test.run("ip address add 10.1.0.1/24 dev lo");
        test.run("ip -6 address add fd01::1/64 dev lo nodad");
    }

    @AfterEach
    void end() {
        open.close();
        test.close();
    }

    @Test
    void P2_P5_whatIsReservedNobodyElseCanHave() throws Exception {
        for (IpAddress address : new IpAddress[] {ANY4, OWN, ANY6, OWN6}) {
            try (PortReservation tcp = reserved(TCP, address, PORT, PORT + 3);
                    PortReservation udp = reserved(UDP, address, PORT, PORT + 3)) {
                assertThat(tcp.size()).isEqualTo(4);
                assertThat(udp.size()).isEqualTo(4);
                String own = address.isIpv6() ? "fd01::1" : "10.1.0.1";
                for (int port = PORT; port < PORT + 4; port++) {
                    assertThat(canListen(own, port)).as("%s %d", address, port).isFalse();
                    assertThat(canReceive(own, port)).as("%s %d", address, port).isFalse();
                    assertThat(canListen(address.isIpv6() ? "10.1.0.1" : "fd01::1", port))
                            .as("the other family than %s", address)
                            .isTrue();
                }
                assertThat(canListen(own, PORT + 4)).isTrue();
                assertThat(reserve(TCP, address, PORT + 3, PORT + 5))
                        .isEqualTo(new Refused(TCP, address, PORT + 3, Errno.EADDRINUSE));
                assertThat(reserve(UDP, address, PORT - 2, PORT + 1))
                        .isEqualTo(new Refused(UDP, address, PORT, Errno.EADDRINUSE));
                assertThat(canListen(own, PORT + 5)).as("none or all").isTrue();
                assertThat(canReceive(own, PORT - 2)).as("none or all").isTrue();
            }
            assertThat(canListen(address.isIpv6() ? "fd01::1" : "10.1.0.1", PORT))
                    .as("let go")
                    .isTrue();
        }
    }

    @Test
    void P2_whoWasFirstKeepsThePort() throws Exception {
        this.<Boolean, Exception>in(() -> {
            try (ServerSocket both = new ServerSocket(PORT);
                    ServerSocket one = listen("10.1.0.1", PORT + 1);
                    DatagramSocket datagrams =
                            new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), PORT))) {
                assertThat(both.isBound() && one.isBound() && datagrams.isBound())
                        .isTrue();
                assertThat(refusal(TCP, ANY4, PORT)).isEqualTo(Errno.EADDRINUSE);
                assertThat(refusal(TCP, OWN6, PORT)).isEqualTo(Errno.EADDRINUSE);
                assertThat(refusal(TCP, ANY4, PORT + 1)).isEqualTo(Errno.EADDRINUSE);
                assertThat(refusal(TCP, IpAddress.parse("127.0.0.1"), PORT + 1)).isZero();
                assertThat(refusal(TCP, ANY6, PORT + 1)).isZero();
                assertThat(refusal(UDP, ANY4, PORT)).isEqualTo(Errno.EADDRINUSE);
                assertThat(refusal(UDP, OWN, PORT)).isZero();
            }
            return true;
        });
        assertThat(this.<Integer, RuntimeException>in(() -> refusal(TCP, IpAddress.parse("10.9.9.9"), PORT)))
                .isEqualTo(Errno.EADDRNOTAVAIL);
    }

    @Test
    void P5_whileNothingIsSteeredAConnectionIsRefusedAndADatagramKeepsNoMemory() throws Exception {
        try (PortReservation tcp = reserved(TCP, ANY4, PORT, PORT);
                PortReservation udp = reserved(UDP, ANY4, PORT, PORT)) {
            assertThat(tcp.size() + udp.size()).isEqualTo(2);
            this.<Boolean, Exception>in(() -> {
                assertThatThrownBy(() -> new Socket(InetAddress.ofLiteral("127.0.0.1"), PORT).close())
                        .isInstanceOf(ConnectException.class);
                try (DatagramSocket client = new DatagramSocket()) {
                    for (int i = 0; i < 100; i++) {
                        client.send(new DatagramPacket(new byte[1000], 1000, InetAddress.ofLiteral("127.0.0.1"), PORT));
                    }
                }
                return true;
            });
            // Fields of proc(5): local address, remote, state, queues of what is to be sent and received.
            assertThat(test.run("cat /proc/net/udp")).contains("00000000:1F90 00000000:0000 07 00000000:00000000");
        }
    }

    @Test
    void P2_aConnectionThatIsOverDoesNotKeepThePort() throws Exception {
        this.<Boolean, Exception>in(() -> {
            try (ServerSocket server = listen("10.1.0.1", PORT);
                    Socket client = new Socket(InetAddress.ofLiteral("10.1.0.1"), PORT);
                    Socket accepted = server.accept()) {
                // The last is closed first: the server ends it, and so the wait is its.
                assertThat(client.isConnected() && accepted.isConnected() && server.isBound())
                        .isTrue();
            }
            TestNamespace.await(
                    "the server's end waits",
                    5000,
                    () -> SocketDiag.holders(TCP, PORT, PORT)
                            .equals(java.util.List.of(new Holder(TCP, OWN, PORT, State.TIME_WAIT, false))));
            try (PortReservation tcp = reserved(TCP, ANY4, PORT, PORT)) {
                assertThat(tcp.size()).isOne();
                assertThat(canListen("10.1.0.1", PORT)).isFalse();
                assertThat(canListen("127.0.0.1", PORT)).isFalse();
                assertThat(refusal(TCP, ANY4, PORT)).isEqualTo(Errno.EADDRINUSE);
            }
            return true;
        });
    }

    @Test
    void aConnectionThatIsNotOverKeepsThePort() throws Exception {
        this.<Boolean, Exception>in(() -> {
            ServerSocket server = listen("10.1.0.1", PORT);
            try (Socket client = new Socket(InetAddress.ofLiteral("10.1.0.1"), PORT);
                    Socket accepted = server.accept()) {
                server.close();
                assertThat(client.isConnected() && accepted.isConnected()).isTrue();
                assertThat(SocketDiag.holders(TCP, PORT, PORT))
                        .containsExactly(new Holder(TCP, OWN, PORT, State.CONNECTED, false));
                assertThat(refusal(TCP, ANY4, PORT)).isEqualTo(Errno.EADDRINUSE);
            }
            return true;
        });
    }

    @Test
    void N7_saysWhoHoldsWhichPorts() throws Exception {
        this.<Boolean, Exception>in(() -> {
            try (ServerSocket both = new ServerSocket(PORT);
                    ServerSocket four = listen("10.1.0.1", PORT + 1);
                    Socket client = new Socket(InetAddress.ofLiteral("10.1.0.1"), PORT + 1);
                    Socket mapped = new Socket(InetAddress.ofLiteral("10.1.0.1"), PORT);
                    DatagramSocket six =
                            new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral("fd01::1"), PORT));
                    PortReservation tcp = reserved(TCP, ANY6, PORT + 2, PORT + 2)) {
                assertThat(both.isBound() && four.isBound() && six.isBound() && tcp.size() == 1)
                        .isTrue();
                assertThat(SocketDiag.holders(TCP, PORT, PORT + 1))
                        .containsExactlyInAnyOrder(
                                new Holder(TCP, ANY6, PORT, State.LISTENING, true),
                                new Holder(TCP, OWN, PORT, State.CONNECTED, false),
                                new Holder(TCP, OWN, PORT + 1, State.LISTENING, false),
                                new Holder(TCP, OWN, PORT + 1, State.CONNECTED, false));
                assertThat(SocketDiag.holders(TCP, PORT + 2, PORT + 2))
                        .containsExactly(new Holder(TCP, ANY6, PORT + 2, State.BOUND, false));
                int own = client.getLocalPort();
                assertThat(SocketDiag.holders(TCP, own, own))
                        .containsExactly(new Holder(TCP, OWN, own, State.CONNECTED, false));
                assertThat(mapped.isConnected()).isTrue();
                assertThat(SocketDiag.holders(UDP, 1, 65_535))
                        .containsExactly(new Holder(UDP, OWN6, PORT, State.BOUND, false));
                assertThat(SocketDiag.holders(IpProtocol.SCTP, 1, 65_535)).isEmpty();
            }
            return true;
        });
        assertThatThrownBy(() -> SocketDiag.holders(TCP, 0, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aHolderHoldsWhatOverlapsItsAddress() {
        assertThat(new Holder(TCP, ANY6, 1, State.LISTENING, true).holds(OWN)).isTrue();
        assertThat(new Holder(TCP, ANY6, 1, State.LISTENING, false).holds(OWN)).isFalse();
        assertThat(new Holder(TCP, ANY6, 1, State.LISTENING, false).holds(OWN6)).isTrue();
        assertThat(new Holder(TCP, ANY4, 1, State.LISTENING, false).holds(OWN)).isTrue();
        assertThat(new Holder(TCP, OWN, 1, State.LISTENING, false).holds(ANY4)).isTrue();
        assertThat(new Holder(TCP, OWN, 1, State.LISTENING, false).holds(ANY6)).isFalse();
        assertThat(new Holder(TCP, OWN, 1, State.LISTENING, false).holds(IpAddress.parse("10.1.0.2")))
                .isFalse();
    }

    @Test
    void P2_256PortsAreReservedQuickly() {
        try (PortReservation warm = reserved(TCP, ANY4, 10_000, 10_255)) {
            assertThat(warm.size()).isEqualTo(PortReservation.MAX_PORTS);
        }
        for (int protocol : new int[] {TCP, UDP}) {
            long beginNs = System.nanoTime();
            try (PortReservation all = reserved(protocol, ANY4, 20_000, 20_255)) {
                long tookNs = System.nanoTime() - beginNs;
                assertThat(TimeUnit.NANOSECONDS.toMillis(tookNs)).isLessThan(2000);
                assertThat(all.size()).isEqualTo(PortReservation.MAX_PORTS);
            }
        }
        assertThatThrownBy(() -> PortReservation.reserve(TCP, ANY4, 1, 257))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private PortReservation reserved(int protocol, IpAddress address, int first, int last) {
        return ((Reserved) reserve(protocol, address, first, last)).reservation();
    }

    private Outcome reserve(int protocol, IpAddress address, int first, int last) {
        return in(() -> PortReservation.reserve(protocol, address, first, last));
    }

    /** Errno of the refusal, 0 for none. */
    private static int refusal(int protocol, IpAddress address, int port) {
        return switch (PortReservation.reserve(protocol, address, port, port)) {
            case Refused refused -> {
                assertThat(refused.port()).isEqualTo(port);
                yield refused.errno();
            }
            case Reserved reserved -> {
                reserved.reservation().close();
                yield 0;
            }
        };
    }

    private boolean canListen(String address, int port) throws Exception {
        return in(() -> {
            try (ServerSocket server = listen(address, port)) {
                return server.isBound();
            } catch (BindException taken) {
                return false;
            }
        });
    }

    private static ServerSocket listen(String address, int port) throws Exception {
        ServerSocket server = new ServerSocket();
        server.bind(new InetSocketAddress(address, port));
        return server;
    }

    private boolean canReceive(String address, int port) throws Exception {
        return in(() -> {
            try (DatagramSocket socket = new DatagramSocket(new InetSocketAddress(address, port))) {
                return socket.isBound();
            } catch (BindException taken) {
                return false;
            }
        });
    }

    private <T, X extends Exception> T in(NetworkNamespace.Work<T, X> work) throws X {
        return open.call(work);
    }
}
