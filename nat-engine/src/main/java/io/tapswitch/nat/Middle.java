package io.tapswitch.nat;

import java.util.List;

/**
 * Where two lists differ: what stands in the same order at the begin and at the end of both is left out. Most changes
 * touch little of a long list, and much of it is the very same objects: so a walk along finds the difference, where a
 * set of each would cost a hash for each of ten thousand.
 *
 * @param from where the difference begins, in both
 * @param beforeEnd where it ends in the one, exclusive
 * @param nextEnd where it ends in the other
 */
public record Middle(int from, int beforeEnd, int nextEnd) {
    /** {@return where these differ} */
    public static <T> Middle of(List<T> before, List<T> next) {
        int least = Math.min(before.size(), next.size());
        int from = 0;
        while (from < least && isSame(before.get(from), next.get(from))) {
            from++;
        }
        int beforeEnd = before.size();
        int nextEnd = next.size();
        while (beforeEnd > from && nextEnd > from && isSame(before.get(beforeEnd - 1), next.get(nextEnd - 1))) {
            beforeEnd--;
            nextEnd--;
        }
        return new Middle(from, beforeEnd, nextEnd);
    }

    private static boolean isSame(Object a, Object b) {
        // A record compares all that it has, also with itself.
        return a == b || a.equals(b);
    }

    /** {@return what only the one has, or has elsewhere} */
    public <T> List<T> before(List<T> before) {
        return before.subList(from, beforeEnd);
    }

    /** {@return what only the other has, or has elsewhere} */
    public <T> List<T> next(List<T> next) {
        return next.subList(from, nextEnd);
    }
}
