package io.tapswitch.core.names;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** A forwarder and its upstreams, with times that suit tests. */
final class ForwardWorld implements AutoCloseable {
    static final ForwardSettings QUICK = new ForwardSettings(64, 100, 1 << 20, 150, 400, 1_200, 600);

    final NamesLoop io = new NamesLoop();
    final DnsForwarder forwarder;
    private final List<FakeUpstream> upstreams = new ArrayList<>();

    ForwardWorld(FakeUpstream... all) {
        this(QUICK, all);
    }

    ForwardWorld(ForwardSettings settings, FakeUpstream... all) {
        forwarder = new DnsForwarder(io, Path.of("/nonexistent/resolv.conf"), settings);
        upstreams.addAll(List.of(all));
        ask(Arrays.stream(all).map(FakeUpstream::address).toArray(InetSocketAddress[]::new));
    }

    /** Whom all clients ask. */
    void ask(InetSocketAddress... servers) {
        Upstreams whom = Upstreams.of(List.of(servers));
        forwarder.clients(new DnsForwarder.Clients(port -> whom, address -> false));
    }

    CompletableFuture<byte[]> send(byte[] query, int client, boolean tcp) {
        CompletableFuture<byte[]> answer = new CompletableFuture<>();
        forwarder.forward(query, client, tcp, bytes -> {
            if (!answer.complete(bytes)) {
                throw new IllegalStateException("a second answer");
            }
        });
        return answer;
    }

    byte[] get(byte[] query, boolean tcp) {
        return send(query, 1, tcp).orTimeout(6, TimeUnit.SECONDS).join();
    }

    byte[] get(String name) {
        return get(TestMessages.query(0x1234, name), false);
    }

    long millis(String name) {
        long begin = System.nanoTime();
        get(name);
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
    }

    /** {@return the same of the quickest of some names, so that what the machine does beside is left out} */
    long leastMillis(String name) {
        return IntStream.range(0, 5)
                .mapToLong(i -> millis(i + "." + name))
                .min()
                .orElseThrow();
    }

    long count(ForwardCounter counter) {
        return forwarder.count(counter);
    }

    String state(FakeUpstream upstream) {
        return status(upstream).state();
    }

    UpstreamStatus status(FakeUpstream upstream) {
        return forwarder
                .upstreams(List.of(Upstreams.of(List.of(upstream.address()))))
                .getFirst();
    }

    static InetSocketAddress nobody() {
        return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 1);
    }

    @Override
    public void close() {
        forwarder.close();
        io.close();
        upstreams.forEach(FakeUpstream::close);
    }
}
