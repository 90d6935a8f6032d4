package io.tapswitch.nat;

import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;

/** Whatever comes in whatever order, a packet goes where {@link NatModel} says, and what it carries is untouched. */
class NatModelTest {
    private static final int STEPS = 2_500;

    @RepeatedTest(3)
    void theEngineDoesWhatTheModelSays(RepetitionInfo repetition) {
        NatModel model = new NatModel(Packets.random(repetition.getCurrentRepetition()));
        // In one of forty runs no peer is set apart in so many steps, and answered.
        for (int step = 0; step < STEPS || (step < 5 * STEPS && !model.sawAll()); step++) {
            model.step();
        }
        model.check();
    }
}
