package io.tapswitch.core.dataplane;

/**
 * The sum that a test holds: received + generated + copied + split = transmitted + dropped + consumed + merged + held.
 *
 * @param received frames read from ports
 * @param generated frames that the switch made itself
 * @param copied further copies of flooded frames
 * @param split further pieces of packets that were split
 * @param transmitted frames written to ports
 * @param dropped frames dropped for any reason
 * @param consumed frames that the switch answered or kept
 * @param merged segments and fragments that were joined to others
 * @param held frames that are queued, on the way between workers, or fragments that wait for others at this moment
 */
public record Conservation(
        long received,
        long generated,
        long copied,
        long split,
        long transmitted,
        long dropped,
        long consumed,
        long merged,
        long held) {
    /** {@return whether nothing was lost or doubled} */
    public boolean holds() {
        return received + generated + copied + split == transmitted + dropped + consumed + merged + held;
    }
}
