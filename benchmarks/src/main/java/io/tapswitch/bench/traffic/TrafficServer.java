package io.tapswitch.bench.traffic;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The answering side: echoes TCP, one connection at a time, and counts datagrams. On "count" it prints what it has
 * counted since its start, so that an interval is the difference of two answers. Ends with its standard input.
 */
final class TrafficServer {
    private final Arena arena = Arena.ofShared();
    private final AtomicLong received = new AtomicLong();
    private final AtomicLong reordered = new AtomicLong();

    void run(int port, BufferedReader orders) throws IOException {
        int listener = Libc.serve(arena, Libc.SOCK_STREAM, port);
        int sink = Libc.serve(arena, Libc.SOCK_DGRAM, port);
        Libc.largeBuffers(arena, sink);
        Thread.ofPlatform().daemon().name("echo").start(() -> echo(listener));
        Thread.ofPlatform().daemon().name("sink").start(() -> sink(sink));
        System.out.println("{\"ready\": true}");
        while (orders.readLine() != null) {
            System.out.printf("{\"received\": %d, \"reordered\": %d}%n", received.get(), reordered.get());
        }
    }

    private void echo(int listener) {
        MemorySegment bytes = arena.allocate(64);
        while (true) {
            int connection = Libc.accept(listener);
            if (connection < 0) {
                continue;
            }
            Libc.noDelay(arena, connection);
            long length = Libc.receive(connection, bytes, 64);
            while (length > 0 && Libc.send(connection, bytes, length) == length) {
                length = Libc.receive(connection, bytes, 64);
            }
            Libc.close(connection);
        }
    }

    /** The single writer of the counters. */
    private void sink(int socket) {
        DatagramBatch batch = new DatagramBatch(arena);
        long last = -1;
        while (true) {
            int count = Libc.receiveBatch(socket, batch.messages, DatagramBatch.COUNT);
            int late = 0;
            for (int i = 0; i < count; i++) {
                long number = batch.number(i);
                if (number < last) {
                    late++;
                } else {
                    last = number;
                }
            }
            received.lazySet(received.getPlain() + Math.max(count, 0));
            reordered.lazySet(reordered.getPlain() + late);
        }
    }
}
