package io.tapswitch.core.cli.verb;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.format.Json;
import io.tapswitch.core.cli.format.Rows;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code peers}. */
@Command(
        name = "peers",
        description = {
            "Shows the other hosts that tunnels lead to, one line for each network.",
            "",
            "SOURCE says who names the host: the configuration file, or the cluster, which knows its name. PATH MTU",
            "is the largest packet that gets there with the tunnel's headers, as far as routers said, ENDPOINTS are",
            "the MAC addresses behind it, HEARD is when its last frame came ('-': none did). Frames and bytes are",
            "those inside the tunnel: RX came from the host, TX went there.",
            "",
            "Example:",
            "  tapswitch peers mesh",
            "  tapswitch peers --format '{{.Host}} {{.Heard}}'",
            "",
        })
public final class Peers extends Verb {
    @Parameters(paramLabel = "NETWORK", arity = "0..1", description = "only of this network")
    private @Nullable String network;

    @Mixin
    private Format format = new Format();

    @Override
    public Integer call() {
        JsonArray peers = daemon().getArray(network == null ? "/peers" : "/peers?network=" + ApiClient.escape(network));
        if (format.json()) {
            out().print(Json.pretty(peers));
            return OK;
        }
        Rows table = Rows.of(
                "Network",
                "Vni",
                "Host",
                "Address",
                "Source",
                "PathMtu",
                "Endpoints",
                "RxFrames",
                "RxBytes",
                "TxFrames",
                "TxBytes",
                "Drops",
                "Heard");
        for (JsonObject peer : Json.objects(peers)) {
            String host = Json.text(peer, "host");
            String heard = Json.text(peer, "heardSeconds");
            table.row(
                    Json.text(peer, "network"),
                    Json.text(peer, "vni"),
                    host.isEmpty() ? "-" : host,
                    Json.text(peer, "address"),
                    Json.text(peer, "source"),
                    Json.text(peer, "pathMtu"),
                    Json.text(peer, "endpoints"),
                    Json.text(peer, "rxFrames"),
                    Json.text(peer, "rxBytes"),
                    Json.text(peer, "txFrames"),
                    Json.text(peer, "txBytes"),
                    Json.text(peer, "drops"),
                    heard.isEmpty() ? "-" : heard + "s ago");
        }
        out().print(table.render(format.name));
        return OK;
    }
}
