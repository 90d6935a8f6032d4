package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.client.ApiClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code unpublish}. */
@Command(
        name = "unpublish",
        description = {
            "Takes published ports of a container back, at once.",
            "All of them or none. Their connections end, others notice nothing. A port is written as it was published,",
            "or as port and ps show it. What a file declares is taken out of the file. Prints nothing.",
            "",
            "Example:",
            "  tapswitch unpublish www 8080:80",
            "  tapswitch unpublish www '80/tcp -> 0.0.0.0:8080'",
            "",
        })
public final class Unpublish extends Verb {
    @Parameters(paramLabel = "CONTAINER", index = "0", description = "name, id, or the beginning of an id")
    private String container = "";

    @Parameters(paramLabel = "PORT", index = "1..*", arity = "1..*", description = "what to take back")
    private List<String> ports = new ArrayList<>();

    @Override
    public Integer call() {
        daemon().post(ApiClient.container(container) + "/unpublish", Map.of("ports", ports));
        return OK;
    }
}
