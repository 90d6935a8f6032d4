package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonWriter;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.client.CliException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Option;

/** The flag {@code --filter}; which filters there are is for the daemon to say. */
final class FilterFlag {
    @Option(
            names = {"-f", "--filter"},
            paramLabel = "KEY=VALUE",
            description = "only those; repeatable. One value of a key is enough, of labels all are needed")
    List<String> given = new ArrayList<>();

    /** {@return a path with this and other parameters} */
    String on(String path, String... others) {
        return on(path, given, others);
    }

    /** {@return a path with these filters and other parameters} */
    static String on(String path, List<String> given, String... others) {
        List<String> parameters = new ArrayList<>(List.of(others));
        parameters.add(parameter(given));
        parameters.removeIf(String::isEmpty);
        return parameters.isEmpty() ? path : path + '?' + String.join("&", parameters);
    }

    private static String parameter(List<String> given) {
        if (given.isEmpty()) {
            return "";
        }
        Map<String, List<String>> filters = new LinkedHashMap<>();
        for (String filter : given) {
            int equals = filter.indexOf('=');
            if (equals < 1) {
                throw new CliException("invalid argument \"" + filter
                        + "\" for \"-f, --filter\" flag: bad format of filter (expected name=value)");
            }
            filters.computeIfAbsent(
                            filter.substring(0, equals).strip().toLowerCase(Locale.ROOT), key -> new ArrayList<>())
                    .add(filter.substring(equals + 1).strip());
        }
        return "filters=" + ApiClient.escape(JsonWriter.string(filters));
    }
}
