package io.tapswitch.core.observe;

import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.Unit;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All series of one name, while they are put together. A counter's name is given without {@code _total}, which the text
 * has; a name that ends with a unit says so, too. One thread.
 */
final class MetricFamily {
    private static final String PREFIX = "tapswitch_";

    private final String name;
    private final String help;
    private final boolean counter;
    private final Map<Labels, Double> points = new LinkedHashMap<>();

    private MetricFamily(String name, String help, boolean counter) {
        this.name = PREFIX + name;
        this.help = help;
        this.counter = counter;
    }

    /** {@return something that only grows, until its owner is new} */
    static MetricFamily counter(String name, String help) {
        return new MetricFamily(name, help, true);
    }

    /** {@return something that goes up and down} */
    static MetricFamily gauge(String name, String help) {
        return new MetricFamily(name, help, false);
    }

    /** Adds a series of whole numbers: exact up to 2 to the 53, which is as far as Prometheus counts. {@return this} */
    MetricFamily add(long value, String... namesAndValues) {
        return add(value, Labels.of(namesAndValues));
    }

    MetricFamily add(long value, Labels labels) {
        return add((double) value, labels);
    }

    /** Adds a series; where two have the same labels, they are one. {@return this} */
    MetricFamily add(double value, String... namesAndValues) {
        return add(value, Labels.of(namesAndValues));
    }

    MetricFamily add(double value, Labels labels) {
        points.merge(labels, value, Double::sum);
        return this;
    }

    /** {@return it, as the writer of the text takes it} */
    MetricSnapshot snapshot() {
        if (counter) {
            CounterSnapshot.Builder family =
                    CounterSnapshot.builder().name(name).help(help);
            points.forEach((labels, value) -> family.dataPoint(CounterDataPointSnapshot.builder()
                    .labels(labels)
                    .value(value)
                    .build()));
            return withUnit(family).build();
        }
        GaugeSnapshot.Builder family = GaugeSnapshot.builder().name(name).help(help);
        points.forEach((labels, value) -> family.dataPoint(
                GaugeDataPointSnapshot.builder().labels(labels).value(value).build()));
        return withUnit(family).build();
    }

    private <T extends MetricSnapshot.Builder<T>> T withUnit(T family) {
        Unit unit = unit();
        return unit == null ? family.help(help) : family.unit(unit);
    }

    private @Nullable Unit unit() {
        return name.endsWith("_bytes") ? Unit.BYTES : name.endsWith("_seconds") ? Unit.SECONDS : null;
    }
}
