package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.client.ApiException;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Template;
import io.tapswitch.core.cli.format.TemplateException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * What all kinds of inspect do: the objects that were found are printed as one array, or by a template a line each, and
 * after them the refusals about the others.
 */
abstract class Inspection extends Verb {
    static final int NOT_FOUND = 404;
    /** Of a container: it is on another host of the cluster. */
    static final int CONFLICT = 409;

    @Option(
            names = {"-f", "--format"},
            paramLabel = "FORMAT",
            description = "json for one line, or a template such as '{{json .Options}}'")
    private @Nullable String format;

    /** Prints what {@link #find} finds of each. */
    int inspect(List<String> references) {
        boolean indented = format == null || format.isEmpty();
        boolean line = "json".equals(format);
        Template template = indented || line ? null : Template.parse(String.valueOf(format));
        ApiClient daemon = daemon();
        JsonArray found = new JsonArray();
        List<String> refusals = new ArrayList<>();
        for (String reference : references) {
            try {
                found.add(find(daemon, reference));
            } catch (ApiException e) {
                refusals.add(refusal(reference, e));
            }
        }
        if (template != null) {
            for (JsonObject object : Json.objects(found)) {
                try {
                    out().println(template.applyToRow(object));
                } catch (TemplateException e) {
                    refusals.add(e.text());
                }
            }
        } else {
            out().print(line ? Json.line(found) + "\n" : Json.pretty(found));
        }
        out().flush();
        refusals.forEach(err()::println);
        return refusals.isEmpty() ? OK : FAILED;
    }

    /** Asks the daemon. */
    abstract JsonObject find(ApiClient daemon, String reference);

    /** {@return what to say about one that was not found} */
    String refusal(String reference, ApiException e) {
        return e.text();
    }
}
