package io.tapswitch.core.cli;

/** The verb of a command line, found without parsing the rest: the first words that are no flag of ours. */
record Words(String first, String second) {
    private static final String SOCKET = "--socket";

    static Words of(String[] arguments) {
        int i = next(arguments, 0);
        String first = i < arguments.length ? arguments[i] : "";
        if (!Verbs.GROUPS.contains(first)) {
            return new Words(first, "");
        }
        i = next(arguments, i + 1);
        return new Words(first, i < arguments.length ? arguments[i] : "");
    }

    /** {@return the verb, such as "run" or "network ls"; "" when none was typed} */
    String verb() {
        return second.isEmpty() ? first : first + ' ' + second;
    }

    private static int next(String[] arguments, int from) {
        int i = from;
        while (i < arguments.length && arguments[i].startsWith("-")) {
            i += arguments[i].equals(SOCKET) ? 2 : 1;
        }
        return i;
    }
}
