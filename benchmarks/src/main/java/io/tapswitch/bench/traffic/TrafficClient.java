package io.tapswitch.bench.traffic;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.HdrHistogram.Histogram;

/**
 * The asking side. Orders, one a line, each answered with one line of JSON:
 *
 * <pre>
 *   probe                        whether an echo over TCP works
 *   udp SECONDS LENGTH           datagrams as fast as possible, 64 a call
 *   pingpong SECONDS             one byte there and back over one connection
 *   connects SECONDS             connect, one byte there and back, close with a reset
 * </pre>
 */
final class TrafficClient {
    private static final long NS_PER_SECOND = 1_000_000_000L;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment server;
    private final MemorySegment oneByte = arena.allocate(8, 8);
    private final DatagramBatch batch = new DatagramBatch(arena);
    /** Grows across clients too, so that a server which has seen another client before does not see it go back. */
    private long number = System.nanoTime();

    TrafficClient(int serverAddress, int port) {
        server = Libc.address(arena, serverAddress, port);
    }

    void run(BufferedReader orders) throws IOException {
        String line;
        while ((line = orders.readLine()) != null) {
            String[] words = line.trim().split(" ", -1);
            long durationNs = words.length > 1 ? (long) (Double.parseDouble(words[1]) * NS_PER_SECOND) : 0;
            String answer = switch (words[0]) {
                case "probe" -> "{\"ok\": " + probe() + "}";
                case "udp" -> blast(durationNs, Integer.parseInt(words[2]));
                case "pingpong" -> pingPong(durationNs);
                case "connects" -> connects(durationNs);
                default -> "{\"error\": \"unknown order " + words[0] + "\"}";
            };
            System.out.println(answer);
        }
    }

    private boolean probe() {
        int socket = Libc.socket(Libc.SOCK_STREAM);
        try (Arena options = Arena.ofConfined()) {
            // A client has some 28 000 ports: closed in order, they would be used up after three seconds.
            Libc.resetOnClose(options, socket);
            Libc.noDelay(options, socket);
        }
        boolean ok = Libc.connect(socket, server) && exchange(socket);
        Libc.close(socket);
        return ok;
    }

    private boolean exchange(int socket) {
        return Libc.send(socket, oneByte, 1) == 1 && Libc.receive(socket, oneByte, 1) == 1;
    }

    private String blast(long durationNs, int length) {
        int socket = Libc.socket(Libc.SOCK_DGRAM);
        Libc.largeBuffers(arena, socket);
        Libc.connect(socket, server);
        batch.length(length);
        long sent = 0;
        long startNs = System.nanoTime();
        long nowNs = startNs;
        while (nowNs - startNs < durationNs) {
            for (int i = 0; i < DatagramBatch.COUNT; i++) {
                batch.number(i, number++);
            }
            sent += Math.max(0, Libc.sendBatch(socket, batch.messages, DatagramBatch.COUNT));
            nowNs = System.nanoTime();
        }
        Libc.close(socket);
        return "{\"sent\": %d, \"seconds\": %.4f}".formatted(sent, (nowNs - startNs) / 1e9);
    }

    private String pingPong(long durationNs) {
        Histogram roundTripsNs = new Histogram(10 * NS_PER_SECOND, 3);
        int socket = Libc.socket(Libc.SOCK_STREAM);
        boolean ok = Libc.connect(socket, server);
        Libc.noDelay(arena, socket);
        long startNs = System.nanoTime();
        long nowNs = startNs;
        while (ok && nowNs - startNs < durationNs) {
            ok = exchange(socket);
            long thenNs = nowNs;
            nowNs = System.nanoTime();
            roundTripsNs.recordValue(Math.min(nowNs - thenNs, 10 * NS_PER_SECOND));
        }
        Libc.close(socket);
        return answer(ok, roundTripsNs, nowNs - startNs);
    }

    private String connects(long durationNs) {
        Histogram timesNs = new Histogram(10 * NS_PER_SECOND, 3);
        boolean ok = true;
        long startNs = System.nanoTime();
        long nowNs = startNs;
        while (ok && nowNs - startNs < durationNs) {
            ok = probe();
            long thenNs = nowNs;
            nowNs = System.nanoTime();
            timesNs.recordValue(Math.min(nowNs - thenNs, 10 * NS_PER_SECOND));
        }
        return answer(ok, timesNs, nowNs - startNs);
    }

    private static String answer(boolean ok, Histogram timesNs, long elapsedNs) {
        if (!ok) {
            return "{\"error\": \"the server does not answer\"}";
        }
        return "{\"per_second\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f}"
                .formatted(
                        timesNs.getTotalCount() * 1e9 / elapsedNs,
                        timesNs.getValueAtPercentile(50) / 1e3,
                        timesNs.getValueAtPercentile(99) / 1e3);
    }
}
