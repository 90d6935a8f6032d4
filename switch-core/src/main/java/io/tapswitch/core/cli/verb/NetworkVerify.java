package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Rows;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code network verify}. */
@Command(
        name = "verify",
        description = {
            "Compares what all hosts of the cluster have in force of a network.",
            "",
            "Each host that is alive says who is in the network and to which host its frames go, as its workers have",
            "it. That is compared with the store. A host 'agrees', 'differs', is 'silent' (no answer within 3 s), or",
            "'unseen' (no sign of life, so it is not waited for). The exit code is 1 when one differs or is silent.",
            "Below are each difference in a sentence, and what the hosts that differ say may be the cause. A daemon",
            "that was killed is silent at first: it is taken for alive for 15 s after its last sign of life.",
            "",
            "Example:",
            "  tapswitch network verify mesh",
            "",
        })
public final class NetworkVerify extends Verb {
    @Parameters(paramLabel = "NETWORK", description = "a network of the cluster")
    private String network = "";

    @Mixin
    private Format format = new Format();

    @Override
    public Integer call() {
        JsonObject answer = daemon().post(ApiClient.network(network) + "/verify", Map.of());
        int code = answer.getBoolean("fine") ? OK : FAILED;
        if (format.json()) {
            out().print(Json.pretty(answer));
            return code;
        }
        Rows table = new Rows(
                Rows.headers(
                        "Host",
                        "HOST",
                        "ID",
                        "ID",
                        "Address",
                        "ADDRESS",
                        "Endpoints",
                        "ENDPOINTS",
                        "Verdict",
                        "VERDICT"),
                "Host",
                "Address",
                "Endpoints",
                "Verdict");
        for (JsonObject host : Json.objects(answer.getArray("hosts"))) {
            table.row(
                    Json.text(host, "name"),
                    shortId(Json.text(host, "id")),
                    Json.text(host, "address"),
                    Json.text(host, "endpoints"),
                    Json.text(host, "verdict"));
        }
        out().print(table.render(format.name));
        print(answer.getArray("differences"));
        print(answer.getArray("causes"));
        return code;
    }

    private void print(@Nullable JsonArray sentences) {
        if (sentences != null) {
            sentences.forEach(sentence -> out().println(sentence));
        }
    }
}
