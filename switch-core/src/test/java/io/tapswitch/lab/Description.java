package io.tapswitch.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.util.Locale;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** A daemon's own description of its API, to which real answers are held that no made-up kernel can give. */
public final class Description {
    private final SchemaRegistry registry = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
    private final Api api;
    private final JsonNode description;

    /** That of a daemon. */
    public Description(Daemon daemon) {
        api = daemon.api();
        description = api.get("/openapi.json").node();
    }

    /**
     * Calls an operation, and holds the answer to what is described of it.
     *
     * @param status that must come
     * @param method such as GET
     * @param template of the path, such as {@code /containers/{ref}}
     * @param reference in the place of {@code {ref}}
     * @return the answer
     */
    public Json held(int status, String method, String template, String reference) {
        String path = template.replace("{ref}", reference);
        Api.Answer answer = method.equals("GET") ? api.ask(path) : api.post(path, "");
        assertThat(answer.status()).as("%s %s: %s", method, path, answer.body()).isEqualTo(status);
        JsonNode operation = description.path("paths").path("/v1" + template).path(method.toLowerCase(Locale.ROOT));
        JsonNode response = operation.path("responses").path(String.valueOf(status));
        assertThat(response.isMissingNode())
                .as("%s %s may answer %s", method, template, status)
                .isFalse();
        if (response.has("$ref")) {
            response = description.at(response.path("$ref").asString().substring(1));
        }
        JsonNode schema = response.at("/content/application~1json/schema");
        assertThat(schema.isMissingNode())
                .as("%s %s has a schema", method, template)
                .isFalse();
        ObjectNode whole = JsonNodeFactory.instance.objectNode();
        whole.set("components", description.path("components"));
        whole.set("allOf", JsonNodeFactory.instance.arrayNode().add(schema));
        assertThat(registry.getSchema(whole).validate(answer.body().node()))
                .as("%s %s: %s", method, path, answer.body())
                .isEmpty();
        return answer.body();
    }
}
