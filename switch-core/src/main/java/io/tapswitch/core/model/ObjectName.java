package io.tapswitch.core.model;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Predicate;

/** Names and ids of networks, containers and endpoints: what is allowed, and making new ones. */
public final class ObjectName {
    /** Longest name: as long as a file name may be, so that a name can always become one. */
    private static final int LENGTH_MAX = 255;

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final HexFormat HEX = HexFormat.of();

    private static final List<String> TEMPERS = List.of(
            "agile", "brisk", "calm", "clever", "daring", "eager", "fair", "gentle", "happy", "keen", "lively", "merry",
            "nimble", "patient", "quick", "quiet", "steady", "swift", "witty", "zealous");
    private static final List<String> BIRDS = List.of(
            "avocet",
            "bunting",
            "curlew",
            "dunlin",
            "egret",
            "falcon",
            "gannet",
            "heron",
            "ibis",
            "jay",
            "kestrel",
            "lapwing",
            "merlin",
            "osprey",
            "plover",
            "redstart",
            "siskin",
            "tern",
            "wagtail",
            "wren");

    private ObjectName() {}

    /** {@return a new id of 64 hex digits} */
    public static String newId() {
        byte[] bytes = new byte[32];
        RANDOM.nextBytes(bytes);
        return HEX.formatHex(bytes);
    }

    /** {@return the first 12 digits, as tables show an id} */
    public static String shortId(String id) {
        return id.substring(0, 12);
    }

    /** {@return a name nobody has, for a container that was given none} */
    public static String generate(Predicate<String> taken) {
        String name;
        int attempt = 0;
        do {
            name = TEMPERS.get(RANDOM.nextInt(TEMPERS.size())) + "_" + BIRDS.get(RANDOM.nextInt(BIRDS.size()));
            // With 400 pairs and many containers most are taken: a number behind keeps the search short.
            name = attempt++ < 3 ? name : name + RANDOM.nextInt(1_000_000);
        } while (taken.test(name));
        return name;
    }

    /**
     * Holds a name to docker's rule: it begins with a letter or digit and goes on with these, dots, dashes and
     * underscores.
     *
     * @param name what a person wrote
     * @param what {@code container} or {@code network}
     * @return the name
     */
    public static String check(String name, String what) {
        if (name.isEmpty()) {
            throw Refusal.badInput("invalid " + what + " name: name is empty");
        }
        if (name.length() > LENGTH_MAX) {
            throw Refusal.badInput("invalid " + what + " name: longer than " + LENGTH_MAX + " characters");
        }
        boolean good = isAlphanumeric(name.charAt(0));
        for (int i = 1; i < name.length(); i++) {
            char c = name.charAt(i);
            good &= isAlphanumeric(c) || c == '_' || c == '.' || c == '-';
        }
        if (!good) {
            throw Refusal.badInput(
                    "Invalid " + what + " name (" + name + "), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
        }
        return name;
    }

    private static boolean isAlphanumeric(char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }
}
