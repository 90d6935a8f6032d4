package io.tapswitch.nat;

/** What came of the last packet besides its verdict. The worker's thread. */
final class Outcome {
    /** One of {@link NatEngine}'s answers. */
    int answer;
    /** Where an inbound packet goes. */
    int endpoint = -1;

    /** A new packet: nothing is known of it. */
    void begin() {
        answer = NatEngine.SILENCE;
        endpoint = -1;
    }

    /** {@return the refusal; the sender hears of it} */
    int refuse(NatDrop why, int withAnswer) {
        answer = withAnswer;
        return why.code();
    }
}
