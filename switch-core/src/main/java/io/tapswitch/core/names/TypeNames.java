package io.tapswitch.core.names;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What people call types of records; one without a name is TYPE and its number (RFC 3597 section 5). */
final class TypeNames {
    static final int NS = 2;

    private static final String UNNAMED = "TYPE";
    private static final int MAX = 0xFFFF;
    private static final Map<String, Integer> NUMBERS = new TreeMap<>(Map.ofEntries(
            Map.entry("A", 1),
            Map.entry("NS", NS),
            Map.entry("CNAME", 5),
            Map.entry("SOA", 6),
            Map.entry("PTR", 12),
            Map.entry("MX", 15),
            Map.entry("TXT", 16),
            Map.entry("AAAA", 28),
            Map.entry("SRV", 33),
            Map.entry("SVCB", 64),
            Map.entry("HTTPS", 65),
            Map.entry("ANY", 255),
            Map.entry("CAA", 257)));

    private TypeNames() {}

    /** {@return a type's number} @throws IllegalArgumentException if it is none */
    static int number(String word) {
        String name = word.toUpperCase(Locale.ROOT);
        Integer known = NUMBERS.get(name);
        if (known != null) {
            return known;
        }
        if (name.matches(UNNAMED + "\\d{1,5}")) {
            int number = Integer.parseInt(name.substring(UNNAMED.length()));
            if (number <= MAX) {
                return number;
            }
        }
        throw new IllegalArgumentException("\"" + word + "\" is no type of records: say one of "
                + String.join(", ", NUMBERS.keySet()) + ", or TYPE and a number");
    }

    /** {@return a type's name} */
    static String name(int number) {
        return NUMBERS.entrySet().stream()
                .filter(entry -> entry.getValue() == number)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(UNNAMED + number);
    }
}
