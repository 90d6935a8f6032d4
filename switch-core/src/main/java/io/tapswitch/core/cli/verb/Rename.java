package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.client.ApiClient;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code rename}. */
@Command(
        name = "rename",
        description = {
            "Gives a container another name. Prints nothing.",
            "",
            "Example:",
            "  tapswitch rename www shop",
            ""
        })
public final class Rename extends Verb {
    @Parameters(paramLabel = "CONTAINER", index = "0", description = "name, id, or the beginning of an id")
    private String container = "";

    @Parameters(paramLabel = "NAME", index = "1", description = "its name from now on")
    private String name = "";

    @Override
    public Integer call() {
        daemon().post(ApiClient.container(container) + "/rename", Map.of("name", name));
        return OK;
    }
}
