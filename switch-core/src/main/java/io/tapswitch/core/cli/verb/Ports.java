package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.format.Json;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A container's ports in the words of docker's ps (DisplayablePorts of docker/cli). As there, ports in a row that have
 * the same number on both sides are one range, and so are those that are exposed only; and, other than there, a range
 * that was published as one is one also when its numbers differ.
 */
final class Ports {
    private Ports() {}

    /** Ports next to each other; {@code outside} is 0 when they are not published. */
    private record Line(String ip, int inside, int outside, int count, String type) {
        static Line of(JsonObject port) {
            return new Line(
                    Json.text(port, "IP"),
                    port.getInt("PrivatePort"),
                    port.getInt("PublicPort"),
                    port.getInt("Count", 1),
                    Json.text(port, "Type"));
        }

        boolean isSameNumber() {
            return ip.isEmpty() || inside == outside;
        }

        /** Whether the other's ports come right after these, for the same. */
        boolean leadsTo(Line other) {
            return ip.equals(other.ip) && type.equals(other.type) && inside + count == other.inside;
        }

        String words() {
            String container = range(inside) + "/" + type;
            return ip.isEmpty() ? container : address() + ":" + range(outside) + "->" + container;
        }

        private String range(int first) {
            return count == 1 ? Integer.toString(first) : first + "-" + (first + count - 1);
        }

        private String address() {
            return bracketed(ip);
        }
    }

    /** {@return an address as it stands before a port} */
    static String bracketed(String ip) {
        return ip.indexOf(':') < 0 ? ip : "[" + ip + "]";
    }

    /** {@return all of them in one line} */
    static String words(List<JsonObject> ports) {
        List<Line> lines = new ArrayList<>(ports.stream().map(Line::of).toList());
        lines.sort(Comparator.comparingInt(Line::inside)
                .thenComparing(Line::ip)
                .thenComparingInt(Line::outside)
                .thenComparing(Line::type));
        List<String> words = new ArrayList<>();
        List<String> others = new ArrayList<>();
        Map<String, Line> open = new LinkedHashMap<>();
        for (Line line : lines) {
            if (!line.isSameNumber()) {
                others.add(line.words());
                continue;
            }
            String key = line.ip() + "/" + line.type();
            Line group = open.get(key);
            if (group != null && group.leadsTo(line)) {
                open.put(
                        key,
                        new Line(
                                line.ip(), group.inside(), group.outside(), group.count() + line.count(), line.type()));
            } else {
                if (group != null) {
                    words.add(group.words());
                }
                open.put(key, line);
            }
        }
        open.values().forEach(group -> words.add(group.words()));
        words.addAll(others);
        return String.join(", ", words);
    }
}
