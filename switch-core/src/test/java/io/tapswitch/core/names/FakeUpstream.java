package io.tapswitch.core.names;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A name server on the loopback that says what a test wants. */
final class FakeUpstream implements AutoCloseable {
    static final List<byte[]> SILENCE = List.of();

    /** A query that came. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Seen(byte[] message, int sourcePort, boolean tcp) {}

    final List<Seen> seen = new CopyOnWriteArrayList<>();
    private final DatagramSocket udp;
    private final ServerSocket tcp;
    private volatile Function<byte[], List<byte[]>> behaviour;
    private volatile @Nullable Function<byte[], byte[]> byTcp;

    /** One that answers each query with some messages, by UDP. */
    FakeUpstream(Function<byte[], List<byte[]>> behaviour) {
        this(behaviour, 0);
    }

    FakeUpstream(Function<byte[], List<byte[]>> behaviour, int port) {
        this.behaviour = behaviour;
        try {
            udp = new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
            tcp = new ServerSocket(udp.getLocalPort(), 50, InetAddress.ofLiteral("127.0.0.1"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().start(this::serveUdp);
        Thread.ofVirtual().start(this::serveTcp);
    }

    /** {@return one that answers with one address} */
    static FakeUpstream good(int lastOctet) {
        return new FakeUpstream(query -> List.of(TestMessages.answer(query, 60, lastOctet)));
    }

    /** {@return one that says nothing} */
    static FakeUpstream silent() {
        return new FakeUpstream(query -> SILENCE);
    }

    InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), udp.getLocalPort());
    }

    void behave(Function<byte[], List<byte[]>> now) {
        behaviour = now;
    }

    /** What it answers by TCP; without, it resets connections. */
    void behaveByTcp(Function<byte[], byte[]> now) {
        byTcp = now;
    }

    long asked(String name) {
        return seen.stream()
                .filter(one -> TestMessages.name(one.message()).equalsIgnoreCase(name))
                .count();
    }

    private void serveUdp() {
        byte[] buffer = new byte[4096];
        while (!udp.isClosed()) {
            try {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                udp.receive(packet);
                byte[] query = Arrays.copyOf(buffer, packet.getLength());
                seen.add(new Seen(query, packet.getPort(), false));
                for (byte[] answer : behaviour.apply(query)) {
                    udp.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
                }
            } catch (IOException e) {
                // Its end, or a client that has gone.
            }
        }
    }

    private void serveTcp() {
        while (!tcp.isClosed()) {
            try (Socket client = tcp.accept()) {
                Function<byte[], byte[]> answers = byTcp;
                if (answers == null) {
                    client.setSoLinger(true, 0);
                    continue;
                }
                DataInputStream in = new DataInputStream(client.getInputStream());
                byte[] query = new byte[in.readUnsignedShort()];
                in.readFully(query);
                seen.add(new Seen(query, client.getPort(), true));
                byte[] answer = answers.apply(query);
                DataOutputStream out = new DataOutputStream(client.getOutputStream());
                out.writeShort(answer.length);
                out.flush();
                // In two pieces.
                out.write(answer, 0, answer.length / 2);
                out.flush();
                out.write(answer, answer.length / 2, answer.length - answer.length / 2);
                out.flush();
            } catch (IOException e) {
                // Its end, or a client that has gone.
            }
        }
    }

    @Override
    public void close() {
        udp.close();
        try {
            tcp.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
