package io.tapswitch.core.api;

import io.tapswitch.core.config.DnsEntries;
import io.tapswitch.core.model.Refusal;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * Metrics on a TCP port: {@code GET /metrics} and nothing else, for whoever reaches the port. What it says is read when
 * it is asked for, by one request at a time; nothing is kept for it, and nothing of it is on a frame's way.
 */
public final class MetricsServer implements AutoCloseable {
    private static final String FLAG = "--metrics ";

    private final HttpListener listener;

    /**
     * The metrics of one moment.
     *
     * @param type of the text, as HTTP says it
     * @param text all of it
     */
    public record Page(String type, String text) {}

    private MetricsServer(HttpListener listener) {
        this.listener = listener;
    }

    /** Refuses an address that cannot be listened on, before a start has made anything that would be left behind. */
    public static void check(InetSocketAddress address) {
        try (ServerSocket trial = new ServerSocket()) {
            trial.bind(address);
        } catch (IOException e) {
            throw refusal(address, e);
        }
    }

    /**
     * Begins to serve.
     *
     * @param address where
     * @param page reads the metrics
     * @return the server, until closed
     */
    public static MetricsServer start(InetSocketAddress address, Supplier<Page> page) {
        Route metrics = Route.get("/metrics", "Metrics, as Prometheus reads them", Page.class, call -> {
            Page now = page.get();
            return new Dispatcher.Text(now.type(), now.text());
        });
        Dispatcher dispatcher = new Dispatcher(List.of(metrics), "/metrics is all there is");
        try {
            return new MetricsServer(HttpListener.open(address, dispatcher, Limits.METRICS));
        } catch (IOException e) {
            throw refusal(address, e);
        }
    }

    private static Refusal refusal(InetSocketAddress address, IOException e) {
        String said = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
        String why = said.contains("in use")
                ? "another program listens there already; end it, or choose another port"
                : said.contains("assign requested address")
                        ? "this host does not have that address; choose one that 'ip address' shows, or 0.0.0.0 for all"
                        : "cannot listen there: " + e.getMessage();
        return Refusal.badInput(FLAG + DnsEntries.text(address) + ": " + why);
    }

    /** Ends serving. */
    @Override
    public void close() {
        listener.close();
    }
}
