package io.tapswitch.tapio.sys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.tapio.sys.BpfProgram.Condition;
import io.tapswitch.tapio.sys.BpfProgram.Register;
import io.tapswitch.tapio.sys.BpfProgram.Size;
import org.junit.jupiter.api.Test;

/** The bytes of instructions, against RFC 9669; that the kernel takes whole programs is shown by SteeringIT. */
final class BpfProgramTest {
    private final BpfProgram program = new BpfProgram();

    @Test
    void encodesEachKindOfInstruction() {
        program.move(Register.R6, Register.R1)
                .move(Register.R0, -1)
                .add(Register.R2, Register.R7)
                .add(Register.R2, -40)
                .subtract(Register.R0, Register.R2)
                .and(Register.R1, 0x1fff)
                .shiftLeft(Register.R7, 2)
                .shiftRight(Register.R1, 4)
                .load(Size.WORD, Register.R0, Register.R6, 16)
                .load(Size.LONG, Register.R1, Register.R10, -40)
                .store(Size.HALF, Register.R10, -8, Register.R1)
                .store(Size.BYTE, Register.R10, -4, 7)
                .call(23)
                .exit();
        assertThat(program.instructions())
                .containsExactly(
                        0x0000_0000_0000_16bfL,
                        0xffff_ffff_0000_00b7L,
                        0x0000_0000_0000_720fL,
                        0xffff_ffd8_0000_0207L,
                        0x0000_0000_0000_201fL,
                        0x0000_1fff_0000_0157L,
                        0x0000_0002_0000_0767L,
                        0x0000_0004_0000_0177L,
                        0x0000_0000_0010_6061L,
                        0x0000_0000_ffd8_a179L,
                        0x0000_0000_fff8_1a6bL,
                        0x0000_0007_fffc_0a72L,
                        0x0000_0017_0000_0085L,
                        0x0000_0000_0000_0095L);
    }

    @Test
    void encodesConstantsOfTwoInstructions() {
        program.moveLong(Register.R1, 0x0123_4567_89ab_cdefL)
                .loadMap(Register.R1, 5)
                .loadMapValue(Register.R2, 6, 8)
                .swapHalf(Register.R7);
        assertThat(program.instructions())
                .containsExactly(
                        0x89ab_cdef_0000_0118L,
                        0x0123_4567_0000_0000L,
                        0x0000_0005_0000_1118L,
                        0L,
                        0x0000_0006_0000_2218L,
                        0x0000_0008_0000_0000L,
                        0x0000_0010_0000_07dcL,
                        0x0000_ffff_0000_0757L);
    }

    @Test
    void fillsTheDistancesToLabelsInBothDirections() {
        program.label("begin")
                .jumpIf(Register.R0, Condition.EQ, 8, "end")
                .jumpIf(Register.R0, Condition.SGT, Register.R1, "end")
                .jumpIf32(Register.R0, Condition.NE, -1, "begin")
                .jump("begin")
                .label("end")
                .exit();
        assertThat(program.instructions())
                .containsExactly(
                        0x0000_0008_0003_0015L,
                        0x0000_0000_0002_106dL,
                        0xffff_ffff_fffd_0056L,
                        0x0000_0000_fffc_0005L,
                        0x0000_0000_0000_0095L);
    }

    @Test
    void growsWithTheProgram() {
        for (int i = 0; i < 1000; i++) {
            program.move(Register.R0, i);
        }
        assertThat(program.exit().instructions()).hasSize(1001);
    }

    @Test
    void refusesALabelThatStandsTwiceOrNowhereOrTooFarAway() {
        assertThatThrownBy(() -> new BpfProgram().label("a").label("a")).hasMessage("the label 'a' stands twice");
        assertThatThrownBy(() -> new BpfProgram().jump("a").instructions()).hasMessage("the label 'a' stands nowhere");
        assertThatThrownBy(() -> {
                    BpfProgram far = new BpfProgram().jump("a");
                    for (int i = 0; i < 40_000; i++) {
                        far.exit();
                    }
                    far.label("a").instructions();
                })
                .hasMessage("the label 'a' is too far away");
        assertThatThrownBy(() -> new BpfProgram().load(Size.BYTE, Register.R0, Register.R1, 40_000))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
