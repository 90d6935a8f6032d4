package io.tapswitch.nat;

/**
 * Why a fragment was not put together with others. {@link Reassembly} counts fragments, not datagrams: when a datagram
 * is given up, each of its fragments counts, those that were held and the one that came.
 */
public enum FragmentDrop {
    /** It was here before, byte for byte; the datagram goes on. */
    DUPLICATE("a fragment that came twice"),
    /** It overlaps another, or contradicts it about where the datagram ends; the whole datagram goes (RFC 5722). */
    OVERLAP("fragments of a datagram overlap or contradict each other"),
    /** Its datagram was given up before: what still comes of it goes the same way. */
    GIVEN_UP("a fragment of a datagram that was given up"),
    /** No payload, a length in the middle that is no multiple of 8, headers that end beyond the packet. */
    MALFORMED("a fragment with wrong lengths or headers"),
    /** The first fragment ends within the headers a filter looks at, or another begins there (RFC 1858, RFC 7112). */
    TINY("a fragment so small that the transport header is cut"),
    /** Its end lies beyond what a packet can have. */
    TOO_LONG("fragments of more than 65535 bytes"),
    /** More than {@link Reassembly#MAX_FRAGMENTS} pieces. */
    TOO_MANY("a datagram in too many fragments"),
    /** Some fragments are ECN capable and some are not (RFC 3168 section 5.3). */
    ECN_MIXED("fragments of a datagram differ in ECN capability"),
    /** The oldest of a container that reached its share, or of the one with most when all memory was taken. */
    EVICTED("no memory left for more fragments"),
    /** The rest did not come in time. */
    TIMED_OUT("the other fragments did not come in time"),
    /** Its container went. */
    OWNER_GONE("the container of a held fragment went");

    private static final FragmentDrop[] ALL = values();

    private final String sentence;

    FragmentDrop(String sentence) {
        this.sentence = sentence;
    }

    /** {@return what happened, for people} */
    public String sentence() {
        return sentence;
    }

    /** {@return the reason as {@link Reassembly#add} returns it, below 0} */
    public int verdict() {
        return -1 - ordinal();
    }

    /** {@return the reason of a verdict below 0} */
    public static FragmentDrop of(int verdict) {
        return ALL[-1 - verdict];
    }
}
