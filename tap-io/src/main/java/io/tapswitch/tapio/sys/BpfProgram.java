package io.tapswitch.tapio.sys;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * An assembler for BPF (linux/bpf.h; the standard is RFC 9669), so that a program stands in Java as a listing, one
 * instruction a call.
 *
 * <p>An instruction is eight bytes: operation, two registers of four bits, an offset of 16 bits, a constant of 32.
 * Jumps name labels, which may stand before or behind them; {@link #instructions()} fills the distances in. Sources of
 * 64 bits are registers or sign-extended constants; the {@code 32} forms look at the low halves only, and are the ones
 * to compare addresses with.
 */
public final class BpfProgram {
    /** Registers. R0 holds results; R1 to R5 hold arguments and are lost in a call; R6 to R9 stay; R10 is the frame. */
    public enum Register {
        /** What a call or the program returns. */
        R0,
        /** First argument. */
        R1,
        /** Second argument. */
        R2,
        /** Third argument. */
        R3,
        /** Fourth argument. */
        R4,
        /** Fifth argument. */
        R5,
        /** Kept over calls. */
        R6,
        /** Kept over calls. */
        R7,
        /** Kept over calls. */
        R8,
        /** Kept over calls. */
        R9,
        /** End of the stack frame of 512 bytes; read only. */
        R10
    }

    /** How much a load or store moves. */
    public enum Size {
        /** 4 bytes. */
        WORD(0x00),
        /** 2 bytes. */
        HALF(0x08),
        /** 1 byte. */
        BYTE(0x10),
        /** 8 bytes. */
        LONG(0x18);

        private final int code;

        Size(int code) {
            this.code = code;
        }
    }

    /** What a conditional jump asks. */
    public enum Condition {
        /** Equal. */
        EQ(0x10),
        /** Greater, without signs. */
        GT(0x20),
        /** Not equal. */
        NE(0x50),
        /** Greater, with signs. */
        SGT(0x60),
        /** Less, without signs. */
        LT(0xa0);

        private final int code;

        Condition(int code) {
            this.code = code;
        }
    }

    private static final int CLASS_LDX = 0x61;
    private static final int CLASS_ST = 0x62;
    private static final int CLASS_STX = 0x63;
    private static final int CLASS_JMP = 0x05;
    private static final int CLASS_JMP32 = 0x06;
    private static final int CLASS_ALU64 = 0x07;
    private static final int FROM_REGISTER = 0x08;
    private static final int ADD = 0x00;
    private static final int SUB = 0x10;
    private static final int AND = 0x50;
    private static final int SHIFT_LEFT = 0x60;
    private static final int SHIFT_RIGHT = 0x70;
    private static final int MOVE = 0xb0;
    private static final int TO_BIG_ENDIAN = 0xdc;
    private static final int LOAD_CONSTANT_64 = 0x18;
    private static final int CALL = 0x85;
    private static final int EXIT = 0x95;
    // The first source register of a LOAD_CONSTANT_64 says what the constant is.
    private static final int PSEUDO_MAP_FD = 1;
    private static final int PSEUDO_MAP_VALUE = 2;
    private static final long OFFSET_MASK = 0xffff_0000L;
    private static final int OFFSET_SHIFT = 16;

    private long[] code = new long[64];
    private int length;
    private final Map<String, Integer> labels = new HashMap<>();
    private final List<Jump> jumps = new ArrayList<>();

    private record Jump(int at, String label) {}

    /** Marks the next instruction. */
    public BpfProgram label(String name) {
        if (labels.put(name, length) != null) {
            throw new IllegalStateException("the label '" + name + "' stands twice");
        }
        return this;
    }

    /** {@code to = from}. */
    public BpfProgram move(Register to, Register from) {
        return add(CLASS_ALU64 | MOVE | FROM_REGISTER, to.ordinal(), from.ordinal(), 0, 0);
    }

    /** {@code to = constant}. */
    public BpfProgram move(Register to, int constant) {
        return add(CLASS_ALU64 | MOVE, to.ordinal(), 0, 0, constant);
    }

    /** {@code to = constant} of 64 bits. */
    public BpfProgram moveLong(Register to, long constant) {
        return wide(to, 0, (int) constant, (int) (constant >>> 32));
    }

    /** {@code to += from}. */
    public BpfProgram add(Register to, Register from) {
        return add(CLASS_ALU64 | ADD | FROM_REGISTER, to.ordinal(), from.ordinal(), 0, 0);
    }

    /** {@code to += constant}. */
    public BpfProgram add(Register to, int constant) {
        return add(CLASS_ALU64 | ADD, to.ordinal(), 0, 0, constant);
    }

    /** {@code to -= from}. */
    public BpfProgram subtract(Register to, Register from) {
        return add(CLASS_ALU64 | SUB | FROM_REGISTER, to.ordinal(), from.ordinal(), 0, 0);
    }

    /** {@code to &= constant}. */
    public BpfProgram and(Register to, int constant) {
        return add(CLASS_ALU64 | AND, to.ordinal(), 0, 0, constant);
    }

    /** {@code to <<= bits}. */
    public BpfProgram shiftLeft(Register to, int bits) {
        return add(CLASS_ALU64 | SHIFT_LEFT, to.ordinal(), 0, 0, bits);
    }

    /** {@code to >>>= bits}. */
    public BpfProgram shiftRight(Register to, int bits) {
        return add(CLASS_ALU64 | SHIFT_RIGHT, to.ordinal(), 0, 0, bits);
    }

    /** Turns two bytes between network order and the processor's; the rest becomes zero. */
    public BpfProgram swapHalf(Register to) {
        // The verifier forgets what it knew about a value that was turned: it is told again that there are two bytes.
        return add(TO_BIG_ENDIAN, to.ordinal(), 0, 0, Short.SIZE).and(to, 0xffff);
    }

    /** {@code to = *(base + offset)}, zero-extended. */
    public BpfProgram load(Size size, Register to, Register base, int offset) {
        return add(CLASS_LDX | size.code, to.ordinal(), base.ordinal(), offset, 0);
    }

    /** {@code *(base + offset) = from}. */
    public BpfProgram store(Size size, Register base, int offset, Register from) {
        return add(CLASS_STX | size.code, base.ordinal(), from.ordinal(), offset, 0);
    }

    /** {@code *(base + offset) = constant}, sign-extended. */
    public BpfProgram store(Size size, Register base, int offset, int constant) {
        return add(CLASS_ST | size.code, base.ordinal(), 0, offset, constant);
    }

    /** {@code to} = the map that is open as this file; the program holds the map from then on. */
    public BpfProgram loadMap(Register to, int map) {
        return wide(to, PSEUDO_MAP_FD, map, 0);
    }

    /** {@code to} = the address of a byte in the first value of an array that is open as this file. */
    public BpfProgram loadMapValue(Register to, int map, int offset) {
        return wide(to, PSEUDO_MAP_VALUE, map, offset);
    }

    /** Calls one of the kernel's helpers by its number in linux/bpf.h. */
    public BpfProgram call(int helper) {
        return add(CALL, 0, 0, 0, helper);
    }

    /** Goes on at the label. */
    public BpfProgram jump(String label) {
        jumps.add(new Jump(length, label));
        return add(CLASS_JMP, 0, 0, 0, 0);
    }

    /** Goes on at the label if the register compares so with a sign-extended constant. */
    public BpfProgram jumpIf(Register left, Condition condition, int constant, String label) {
        jumps.add(new Jump(length, label));
        return add(CLASS_JMP | condition.code, left.ordinal(), 0, 0, constant);
    }

    /** Goes on at the label if the register compares so with another. */
    public BpfProgram jumpIf(Register left, Condition condition, Register right, String label) {
        jumps.add(new Jump(length, label));
        return add(CLASS_JMP | FROM_REGISTER | condition.code, left.ordinal(), right.ordinal(), 0, 0);
    }

    /** Goes on at the label if the register's low half compares so with a constant. */
    public BpfProgram jumpIf32(Register left, Condition condition, int constant, String label) {
        jumps.add(new Jump(length, label));
        return add(CLASS_JMP32 | condition.code, left.ordinal(), 0, 0, constant);
    }

    /** Ends with what is in R0. */
    public BpfProgram exit() {
        return add(EXIT, 0, 0, 0, 0);
    }

    private BpfProgram wide(Register to, int kind, int low, int high) {
        return add(LOAD_CONSTANT_64, to.ordinal(), kind, 0, low).add(0, 0, 0, 0, high);
    }

    private BpfProgram add(int operation, int to, int from, int offset, int constant) {
        if (offset != (short) offset) {
            throw new IllegalArgumentException("an offset of " + offset + " does not fit into an instruction");
        }
        if (length == code.length) {
            code = Arrays.copyOf(code, 2 * length);
        }
        code[length++] = operation
                | (long) to << 8
                | (long) from << 12
                | (offset & 0xffffL) << OFFSET_SHIFT
                | (long) constant << 32;
        return this;
    }

    /**
     * {@return the program as the kernel reads it, one instruction a long}
     *
     * @throws IllegalStateException when a jump names a label that stands nowhere
     */
    public long[] instructions() {
        long[] program = Arrays.copyOf(code, length);
        for (Jump jump : jumps) {
            Integer target = labels.get(jump.label);
            if (target == null) {
                throw new IllegalStateException("the label '" + jump.label + "' stands nowhere");
            }
            int distance = target - jump.at - 1;
            if (distance != (short) distance) {
                throw new IllegalStateException("the label '" + jump.label + "' is too far away");
            }
            program[jump.at] = (program[jump.at] & ~OFFSET_MASK) | (distance & 0xffffL) << OFFSET_SHIFT;
        }
        return program;
    }
}
