package io.tapswitch.core.control;

import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.PortProtocol;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Refusal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The filters {@code publish} and {@code expose} of {@code ps}, as docker has them: a port or a range, TCP when it does
 * not say otherwise; by the host's ports, and by the container's. Of both filters together one is enough.
 */
final class PortFilter {
    static final String EXPOSE = "expose";
    static final String PUBLISH = "publish";

    private PortFilter() {}

    /** Ports of a protocol. */
    private record Range(int first, int last, PortProtocol protocol) {
        boolean meets(int otherFirst, int otherLast, PortProtocol other) {
            return protocol == other && first <= otherLast && otherFirst <= last;
        }
    }

    /** {@return whether a container has one of the ports; any container where nobody asks for ports} */
    static Predicate<Container> of(Filters filters, List<ActivePort> served) {
        if (!filters.has(EXPOSE) && !filters.has(PUBLISH)) {
            return container -> true;
        }
        List<Range> published = ranges(filters, PUBLISH);
        List<Range> exposed = ranges(filters, EXPOSE);
        Set<String> meant = new HashSet<>();
        for (ActivePort port : served) {
            if (published.stream().anyMatch(range -> isOutside(range, port))
                    || exposed.stream().anyMatch(range -> isInside(range, port))) {
                meant.add(port.containerId());
            }
        }
        return container -> meant.contains(container.id()) || exposed.stream().anyMatch(range -> has(container, range));
    }

    private static boolean isOutside(Range range, ActivePort port) {
        return range.meets(port.firstHostPort(), port.lastHostPort(), port.protocol());
    }

    private static boolean isInside(Range range, ActivePort port) {
        return range.meets(port.firstContainerPort(), port.publication().lastContainerPort(), port.protocol());
    }

    private static boolean has(Container container, Range range) {
        return container.exposed().stream().anyMatch(text -> {
            Range port = range(text);
            return range.meets(port.first(), port.last(), port.protocol());
        });
    }

    private static List<Range> ranges(Filters filters, String key) {
        List<Range> ranges = new ArrayList<>();
        for (String text : filters.of(key)) {
            if (text.indexOf(':') >= 0) {
                throw Filters.invalid(key, text, "should not contain ':'");
            }
            try {
                ranges.add(range(text));
            } catch (Refusal e) {
                throw Filters.invalid(key, text, e.sentence());
            }
        }
        return ranges;
    }

    /** A container's ports are read as they are in what people publish. */
    private static Range range(String text) {
        PortSpec spec = PortSpec.parse(text);
        return new Range(spec.firstContainerPort(), spec.lastContainerPort(), spec.protocol());
    }
}
