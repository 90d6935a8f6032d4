package io.tapswitch.core.cli.format;

import java.util.Comparator;

/** Texts in the order in which people expect them: digits next to each other count as the number that they are. */
public final class NaturalOrder implements Comparator<String> {
    @Override
    public int compare(String a, String b) {
        int i = 0;
        int j = 0;
        while (i < a.length() && j < b.length()) {
            int order;
            if (isDigit(a, i) && isDigit(b, j)) {
                int from = i;
                int other = j;
                i = pastNumber(a, i);
                j = pastNumber(b, j);
                order = number(a.substring(from, i), b.substring(other, j));
            } else {
                order = Character.compare(a.charAt(i++), b.charAt(j++));
            }
            if (order != 0) {
                return order;
            }
        }
        return Integer.compare(a.length() - i, b.length() - j);
    }

    private static boolean isDigit(String text, int at) {
        return at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9';
    }

    private static int pastNumber(String text, int from) {
        int at = from;
        while (isDigit(text, at)) {
            at++;
        }
        return at;
    }

    /** Without reading them: they may have any length. */
    private static int number(String a, String b) {
        String left = a.replaceFirst("^0+", "");
        String right = b.replaceFirst("^0+", "");
        int order = Integer.compare(left.length(), right.length());
        return order != 0 ? order : left.compareTo(right);
    }
}
