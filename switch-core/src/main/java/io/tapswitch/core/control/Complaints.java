package io.tapswitch.core.control;

import java.util.List;

/** Warnings of which there may be thousands that say the same: the first few, and how many more there are. */
final class Complaints {
    /** How many are said. */
    static final int MOST = 8;

    private Complaints() {}

    /**
     * Shortens a list in place.
     *
     * @param warnings as many as there are; the list can be changed
     * @param more what is said of the others, after their number
     * @return the list
     */
    static List<String> shortened(List<String> warnings, String more) {
        if (warnings.size() > MOST) {
            String last = warnings.size() - MOST + " more " + more + "; tapswitch stats -p says why each waits";
            warnings.subList(MOST, warnings.size()).clear();
            warnings.add(last);
        }
        return warnings;
    }
}
