package io.tapswitch.core.observe;

import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.tapswitch.core.control.ClusterLook;
import io.tapswitch.core.control.Controller;
import io.tapswitch.core.control.EndpointCounters;
import io.tapswitch.core.control.Looking;
import io.tapswitch.core.dataplane.Conservation;
import io.tapswitch.core.dataplane.CounterSnapshot;
import io.tapswitch.core.names.NamesStatus;
import io.tapswitch.core.names.UpstreamStatus;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The switch as Prometheus reads it: everything that {@code stats}, {@code drops} and {@code status} count, in one
 * text.
 *
 * <h2>Theory of operation</h2>
 *
 * Nothing is kept here. Each reading asks the control plane for the counters as they stand, which costs the workers at
 * most one command a network (the size of its forwarding database) and four for names, and frames nothing. One reading
 * at a time: who asks meanwhile waits, so many collectors cannot ask the workers more than one does.
 *
 * <p><b>Series.</b> Their number is bounded by what people make: networks, containers, uplinks, upstreams; times the
 * reasons and results that have happened. What containers choose themselves is no label, for a flood of random names
 * would be a flood of series; but for the {@value #TOP_NAMES} names asked for most, those that a hundredth of all
 * queries asked for: so many queries must be sent for each that comes in that who wants to fill a collector with them
 * has to send a hundredth more than before each time. {@code tapswitch stats -n --top} shows all that are known.
 *
 * <p>A counter begins at 0 again with its owner: with the daemon, or with the container's interface.
 */
public final class SwitchMetrics {
    private static final String NETWORK = "network";
    private static final String KIND = "kind";
    private static final String EVENT = "event";
    private static final String RESULT = "result";
    private static final String SERVER = "server";

    /** Terms of the conservation, which have a family of their own. */
    private static final List<String> TERMS =
            List.of("received", "generated", "copied", "split", "transmitted", "dropped", "consumed", "merged");

    /** What NAT counts that goes down, too. */
    private static final List<String> NAT_GAUGES = List.of("flows", "capacity");

    private static final int TOP_NAMES = 20;

    private static final double MS_PER_SECOND = 1_000;

    private final Controller controller;
    private final String version;
    private final double startSeconds = Instant.now().toEpochMilli() / MS_PER_SECOND;
    private final PrometheusTextFormatWriter writer = PrometheusTextFormatWriter.create();
    private final ReentrantLock oneReading = new ReentrantLock();

    /** Metrics of a switch of a version. */
    public SwitchMetrics(Controller controller, String version) {
        this.controller = controller;
        this.version = version;
    }

    /** {@return what the text is, as HTTP says it} */
    public String contentType() {
        return writer.getContentType();
    }

    /** {@return all metrics as they are now} */
    public String text() {
        oneReading.lock();
        try {
            ByteArrayOutputStream text = new ByteArrayOutputStream();
            writer.write(text, new MetricSnapshots(snapshots()));
            return text.toString(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("memory takes every byte", e);
        } finally {
            oneReading.unlock();
        }
    }

    private List<MetricSnapshot> snapshots() {
        List<MetricFamily> families = new ArrayList<>();
        addSwitch(families);
        addPorts(families);
        addWorkers(families);
        addNat(families);
        addNames(families, controller.looking().names().status());
        addTopNames(families);
        addCluster(families, controller.looking().cluster().state());
        return Stream.concat(Stream.of(build()), families.stream().map(MetricFamily::snapshot))
                .toList();
    }

    private MetricSnapshot build() {
        return InfoSnapshot.builder()
                .name("tapswitch_build")
                .help("Always 1; says which version runs, and how it moves frames.")
                .dataPoint(InfoDataPointSnapshot.builder()
                        .labels(Labels.of("version", version, "io", controller.ioWord()))
                        .build())
                .build();
    }

    private void addSwitch(List<MetricFamily> families) {
        families.add(MetricFamily.gauge("start_time_seconds", "When the daemon started, since 1970.")
                .add(startSeconds));
        families.add(MetricFamily.gauge("workers", "Worker threads.").add(controller.workers()));
        families.add(MetricFamily.gauge("networks", "Networks there are.")
                .add(controller.state().networks().size()));
        families.add(MetricFamily.gauge("containers", "Containers, also those that do not run.")
                .add(controller.state().containers().size()));
        families.add(MetricFamily.gauge("warnings", "Warnings that 'tapswitch status' shows.")
                .add(controller.warnings().size()));
        Looking.PortTotals totals = controller.looking().portTotals();
        families.add(MetricFamily.gauge("published_ports", "Published ports, ranges as one, by what they wait for.")
                .add(totals.inForce(), "state", "in_force")
                .add(totals.waitingForContainer(), "state", "waiting_for_container")
                .add(totals.waitingForHost(), "state", "waiting_for_host"));
        MetricFamily addresses =
                MetricFamily.gauge("fdb_entries", "MAC addresses that a network's forwarding database has.");
        controller.looking().fdbSizes().forEach((network, size) -> addresses.add(size, NETWORK, network));
        families.add(addresses);
    }

    private void addPorts(List<MetricFamily> families) {
        PortFamilies ports = new PortFamilies();
        for (EndpointCounters one : controller.counters(null)) {
            ports.add(one);
        }
        controller
                .looking()
                .uplinks()
                .forEach(one -> ports.add(one.counters(), Labels.of(KIND, "uplink", "device", one.device())));
        for (Looking.TunnelCounters one : controller.looking().tunnels()) {
            Labels labels = one.remote().isEmpty()
                    ? Labels.of(KIND, "tunnels")
                    : Labels.of(KIND, "peer", "remote", one.remote(), NETWORK, one.network());
            ports.add(one.counters(), labels);
        }
        ports.add(controller.hostCounters(), Labels.of(KIND, "host"));
        ports.addTo(families);
    }

    /** What every port counts. */
    private static final class PortFamilies {
        private final MetricFamily rxFrames =
                MetricFamily.counter("rx_frames", "Frames read from a port: sent by the container, host or LAN.");
        private final MetricFamily rxBytes =
                MetricFamily.counter("rx_bytes", "Bytes of the frames read from a port, Ethernet headers included.");
        private final MetricFamily txFrames =
                MetricFamily.counter("tx_frames", "Frames written to a port: for the container, host or LAN.");
        private final MetricFamily txBytes =
                MetricFamily.counter("tx_bytes", "Bytes of the frames written to a port, Ethernet headers included.");
        private final MetricFamily drops = MetricFamily.counter(
                "drops", "Frames of a port that were dropped, by reason ('tapswitch drops' explains each).");
        private final MetricFamily queries = MetricFamily.counter(
                "dns_udp_queries", "Queries for names by UDP, by what became of them; forward: upstreams were asked.");
        private final MetricFamily byTcp =
                MetricFamily.counter("dns_tcp_queries", "Queries for names by TCP, by what became of them.");

        void add(EndpointCounters one) {
            Labels labels =
                    Labels.of(KIND, "container", "container", one.container().name(), NETWORK, one.network());
            add(one.counters(), labels);
            one.queriesByTcp().forEach((result, count) -> byTcp.add(count, labels.add(RESULT, result)));
        }

        void add(CounterSnapshot port, Labels labels) {
            rxFrames.add(port.rxFrames(), labels);
            rxBytes.add(port.rxBytes(), labels);
            txFrames.add(port.txFrames(), labels);
            txBytes.add(port.txBytes(), labels);
            port.drops().forEach((reason, frames) -> drops.add(frames, labels.add("reason", reason.word())));
            port.queries().forEach((result, count) -> queries.add(count, labels.add(RESULT, result.word())));
        }

        void addTo(List<MetricFamily> families) {
            families.addAll(List.of(rxFrames, rxBytes, txFrames, txBytes, drops, queries, byTcp));
        }
    }

    private void addWorkers(List<MetricFamily> families) {
        Conservation sum = controller.conservation();
        long[] terms = {
            sum.received(), sum.generated(), sum.copied(), sum.split(),
            sum.transmitted(), sum.dropped(), sum.consumed(), sum.merged()
        };
        MetricFamily conserved = MetricFamily.counter(
                "frames",
                "Frames by what became of them: received + generated + copied + split = transmitted + dropped +"
                        + " consumed + merged + those held.");
        for (int i = 0; i < terms.length; i++) {
            conserved.add(terms[i], "term", TERMS.get(i));
        }
        families.add(conserved);
        families.add(MetricFamily.gauge("frames_held", "Frames that are queued or kept at this moment.")
                .add(sum.held()));
        Map<String, Long> internals = new TreeMap<>(controller.internals());
        internals.keySet().removeAll(TERMS);
        Long allocated = internals.remove("allocated_bytes");
        families.add(MetricFamily.counter("worker_allocated_bytes", "Memory that the workers took of the Java heap.")
                .add(allocated == null ? 0 : allocated));
        MetricFamily events = MetricFamily.counter(
                "worker_events", "What else the workers count: I/O, forwarding databases, crossings between workers.");
        internals.forEach((event, count) -> events.add(count, EVENT, event));
        families.add(events);
    }

    private void addNat(List<MetricFamily> families) {
        Map<String, Long> nat = new TreeMap<>(controller.looking().nat());
        if (nat.isEmpty()) {
            return;
        }
        families.add(MetricFamily.gauge("nat_flows", "Connections across NAT there are.")
                .add(nat.getOrDefault("flows", 0L)));
        families.add(MetricFamily.gauge("nat_flows_limit", "Connections across NAT there can be.")
                .add(nat.getOrDefault("capacity", 0L)));
        nat.keySet().removeAll(NAT_GAUGES);
        MetricFamily events = MetricFamily.counter(
                "nat_events", "What NAT did: connections and mappings made, ended and refused, by what it was.");
        nat.forEach((event, count) -> events.add(count, EVENT, event));
        families.add(events);
    }

    private static void addCluster(List<MetricFamily> families, ClusterLook.@Nullable State cluster) {
        if (cluster == null) {
            return;
        }
        families.add(MetricFamily.gauge("cluster_up", "1 while this host takes part in its cluster.")
                .add(cluster.standing().equals("joined") ? 1 : 0));
        Integer alive = cluster.alive();
        if (alive != null) {
            families.add(
                    MetricFamily.gauge("cluster_hosts", "Hosts of the cluster, by whether the store sees them alive.")
                            .add(alive, "state", "alive")
                            .add((long) cluster.hosts() - alive, "state", "unseen"));
        }
        families.add(MetricFamily.gauge("cluster_changes_pending", "Changes here that the store does not have yet.")
                .add(cluster.pending()));
    }

    private void addTopNames(List<MetricFamily> families) {
        MetricFamily top = MetricFamily.gauge(
                "dns_top_name_queries",
                "How often a name was asked for, at least: the " + TOP_NAMES
                        + " asked for most, of those that a hundredth of all queries asked for.");
        controller
                .looking()
                .names()
                .thatMatter(TOP_NAMES)
                .forEach(one -> top.add(one.least(), NETWORK, one.network(), "name", one.name()));
        families.add(top);
    }

    private static void addNames(List<MetricFamily> families, NamesStatus names) {
        MetricFamily up = MetricFamily.gauge("dns_upstream_up", "1 while nothing says that the server is silent.");
        MetricFamily latency = MetricFamily.gauge(
                "dns_upstream_round_trip_seconds", "How long the server's answers take, the last ones counting most.");
        MetricFamily asked = MetricFamily.counter("dns_upstream_queries", "Messages sent to the server.");
        MetricFamily answered = MetricFamily.counter("dns_upstream_answers", "Messages that the server answered.");
        for (UpstreamStatus server : names.upstreams()) {
            up.add(server.isUp() ? 1 : 0, SERVER, server.name());
            asked.add(server.asked(), SERVER, server.name());
            answered.add(server.answered(), SERVER, server.name());
            if (server.roundTripMs() >= 0) {
                latency.add(server.roundTripMs() / MS_PER_SECOND, SERVER, server.name());
            }
        }
        MetricFamily forwarder = MetricFamily.counter(
                "dns_forwarder_events",
                "What became of queries that no network answers, and of messages to upstreams.");
        names.forwarder().forEach((event, count) -> forwarder.add(count, EVENT, event));
        families.addAll(List.of(up, latency, asked, answered, forwarder));
        families.add(MetricFamily.gauge("dns_tcp_connections", "Connections for names by TCP there are.")
                .add(names.tcpConnections()));
        families.add(MetricFamily.counter(
                        "dns_tcp_connections_ended", "Connections for names by TCP that the switch ended, by why.")
                .add(names.tcpIdle(), "reason", "idle")
                .add(names.tcpEvicted(), "reason", "evicted"));
    }
}
