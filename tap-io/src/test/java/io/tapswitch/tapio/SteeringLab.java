package io.tapswitch.tapio;

import java.net.ConnectException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Function;

/**
 * A host and its neighbour in two namespaces, a TAP for the host's uplink and one for its lo:
 *
 * <pre>
 *   outside 203.0.113.2, 2001:db8::2  ==veth==  host 203.0.113.1, 2001:db8::1, 127.0.0.1
 * </pre>
 */
final class SteeringLab implements AutoCloseable {
    static final String HOST = "203.0.113.1";
    static final String OUTSIDE = "203.0.113.2";
    static final String HOST6 = "20010db8000000000000000000000001";
    static final String OUTSIDE6 = "20010db8000000000000000000000002";
    static final long HOST6_HIGH = 0x2001_0db8_0000_0000L;
    static final int PORT = 8080;
    static final byte[] OUTSIDE_MAC = IpFrames.mac("02:00:00:00:00:02");
    static final byte[] HOST_MAC = IpFrames.mac("02:00:00:00:00:01");

    private static final int ANSWER_MS = 3000;

    final TestNamespace host = new TestNamespace();
    final TestNamespace outside = new TestNamespace();
    final Path runDirectory;
    final Path bpf;
    final int uplink;
    final SteeredTap uplinkTap;
    final SteeredTap loopbackTap;
    private final NetworkNamespace hostOpen = host.open();
    private final NetworkNamespace outsideOpen = outside.open();

    SteeringLab(Path runDirectory) {
        this.runDirectory = runDirectory;
        for (TestNamespace each : new TestNamespace[] {host, outside}) {
            each.run("ip link set lo up");
            each.run("sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0");
        }
        TestNamespace.sh("ip -n " + host.name + " link add up0 address 02:00:00:00:00:01 type veth peer name out0"
                + " address 02:00:00:00:00:02 netns " + outside.name);
        host.run("ip address add " + HOST + "/24 dev up0");
        host.run("ip address add 2001:db8::1/64 dev up0 nodad");
        outside.run("ip address add " + OUTSIDE + "/24 dev out0");
        outside.run("ip address add 2001:db8::2/64 dev out0 nodad");
        host.run("ip link set up0 up");
        outside.run("ip link set out0 up");
        uplink = SteeredTap.index(host, "up0");
        uplinkTap = new SteeredTap(host, "tswup");
        loopbackTap = new SteeredTap(host, "tswlo");
        bpf = BpfDirectory.open(BpfDirectory.SYSTEM, runDirectory);
    }

    /** Does something in the host's namespace. */
    <T, X extends Exception> T inHost(NetworkNamespace.Work<T, X> work) throws X {
        return hostOpen.call(work);
    }

    /** Does something in the neighbour's namespace. */
    <T, X extends Exception> T inOutside(NetworkNamespace.Work<T, X> work) throws X {
        return outsideOpen.call(work);
    }

    void doInHost(Runnable work) {
        NetworkNamespace.Work<Boolean, RuntimeException> inside = () -> {
            work.run();
            return true;
        };
        hostOpen.call(inside);
    }

    /** Opens the steering, alive for an hour, steering the uplink. */
    Steering steering() {
        return steering(Duration.ofHours(1));
    }

    Steering steering(Duration grace) {
        return inHost(() -> {
            Steering steering = Steering.open(bpf, grace);
            steering.steer(uplink, uplinkTap.index);
            steering.beat(System.nanoTime());
            return steering;
        });
    }

    /** {@link #steering()} with a way to attach. */
    Steering steering(Function<Path, Attachment> attachment) {
        return inHost(() -> {
            Steering steering = Steering.open(bpf, Duration.ofHours(1), attachment.apply(bpf));
            steering.steer(uplink, uplinkTap.index);
            steering.beat(System.nanoTime());
            return steering;
        });
    }

    PacketSocket wire() {
        int index = SteeredTap.index(outside, "out0");
        return outsideOpen.call(() -> new PacketSocket(index));
    }

    /** Sends a packet from outside to the host's MAC address. */
    static void send(PacketSocket wire, byte[] packet) {
        int type = packet[0] >>> 4 == 6 ? 0x86dd : 0x0800;
        sendFrame(wire, IpFrames.ethernet(HOST_MAC, OUTSIDE_MAC, packet, type));
    }

    static void sendFrame(PacketSocket wire, byte[] frame) {
        if (wire.send(frame) != frame.length) {
            throw new AssertionError("a frame was not sent");
        }
    }

    /** How a client in the namespace fares that sends a datagram: what it gets back. */
    String echo(TestNamespace from, String address, int port) throws Exception {
        return (from == host ? hostOpen : outsideOpen).call(() -> {
            try (DatagramSocket socket = new DatagramSocket()) {
                socket.setSoTimeout(ANSWER_MS);
                socket.connect(InetAddress.getByName(address), port);
                byte[] hello = "hello".getBytes(StandardCharsets.UTF_8);
                socket.send(new DatagramPacket(hello, hello.length));
                DatagramPacket answer = new DatagramPacket(new byte[100], 100);
                socket.receive(answer);
                return new String(answer.getData(), 0, answer.getLength(), StandardCharsets.UTF_8);
            } catch (java.net.PortUnreachableException refused) {
                return "refused";
            } catch (SocketTimeoutException silence) {
                return "silence";
            }
        });
    }

    /** How a client in the namespace fares that connects. */
    String connect(TestNamespace from, String address, int port, int withinMillis) throws Exception {
        return (from == host ? hostOpen : outsideOpen).call(() -> {
            try (Socket socket = new Socket()) {
                socket.setSoLinger(true, 0);
                socket.connect(new InetSocketAddress(address, port), withinMillis);
                return "connected";
            } catch (ConnectException refused) {
                return "refused";
            } catch (SocketTimeoutException silence) {
                return "silence";
            }
        });
    }

    /** Whatever fails: no mount and no namespace stays. */
    @Override
    public void close() {
        try (host;
                outside;
                hostOpen;
                outsideOpen;
                uplinkTap;
                loopbackTap) {
            doInHost(() -> Steering.removeAll(bpf));
        } finally {
            BpfDirectory.remove(BpfDirectory.SYSTEM, runDirectory);
        }
    }
}
