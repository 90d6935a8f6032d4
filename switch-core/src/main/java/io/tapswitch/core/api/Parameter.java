package io.tapswitch.core.api;

/**
 * Something that may stand behind the question mark.
 *
 * @param name of it
 * @param type in JSON schema's words: string, boolean or integer
 * @param description for people
 * @param example as it is written in an address, not escaped
 */
record Parameter(String name, String type, String description, String example) {
    static final Parameter FILTERS = new Parameter(
            "filters",
            "string",
            "docker's JSON of filters: values by key. Of a key's values one is enough, of labels all are needed",
            "{\"label\":[\"env=test\"]}");

    static Parameter text(String name, String description, String example) {
        return new Parameter(name, "string", description, example);
    }

    static Parameter flag(String name, String description) {
        return new Parameter(name, "boolean", description, "true");
    }

    static Parameter number(String name, String description, String example) {
        return new Parameter(name, "integer", description, example);
    }
}
