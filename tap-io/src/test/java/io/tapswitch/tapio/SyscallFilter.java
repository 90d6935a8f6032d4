package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/**
 * Runs something on a thread of its own for which a system call fails, as in a sandbox: a seccomp(2) filter binds
 * only the thread that asked for it and dies with it.
 */
final class SyscallFilter {
    private static final boolean ARM = System.getProperty("os.arch").equals("aarch64");
    private static final int SECCOMP = ARM ? 277 : 317;
    private static final int PRCTL = ARM ? 167 : 157;
    private static final int PR_SET_NO_NEW_PRIVS = 38;
    private static final int SECCOMP_SET_MODE_FILTER = 1;
    private static final int SECCOMP_RET_ALLOW = 0x7fff_0000;
    private static final int SECCOMP_RET_ERRNO = 0x0005_0000;
    // struct seccomp_data: nr 0, arch 4, instruction_pointer 8, args from 16
    private static final int DATA_NUMBER = 0;
    private static final int DATA_SECOND_ARGUMENT = 24;
    private static final int LOAD = 0x20;
    private static final int JUMP_IF_EQUAL = 0x15;
    private static final int RETURN = 0x06;

    private SyscallFilter() {}

    /** Any second argument. */
    static final int ANY = -1;

    /** Calls with the system call {@code number} (and that second argument) failing. */
    static <T> T failing(int number, int secondArgument, int errno, Callable<T> work) {
        CompletableFuture<T> done = new CompletableFuture<>();
        Thread.ofPlatform().start(() -> {
            try {
                install(number, secondArgument, errno);
                done.complete(work.call());
            } catch (Throwable t) {
                done.completeExceptionally(t);
            }
        });
        return done.join();
    }

    private static void install(int number, int secondArgument, int errno) {
        try (Arena arena = Arena.ofConfined()) {
            int checks = secondArgument == ANY ? 0 : 2;
            MemorySegment program = arena.allocate(8L * 6, Long.BYTES);
            int i = 0;
            instruction(program, i++, LOAD, 0, DATA_NUMBER);
            instruction(program, i++, JUMP_IF_EQUAL, checks + 1, number);
            if (checks > 0) {
                instruction(program, i++, LOAD, 0, DATA_SECOND_ARGUMENT);
                instruction(program, i++, JUMP_IF_EQUAL, 1, secondArgument);
            }
            instruction(program, i++, RETURN, 0, SECCOMP_RET_ERRNO | errno);
            instruction(program, i++, RETURN, 0, SECCOMP_RET_ALLOW);
            MemorySegment filter = arena.allocate(16, Long.BYTES);
            filter.set(ValueLayout.JAVA_SHORT, 0, (short) i);
            filter.set(ValueLayout.JAVA_LONG, 8, program.address());
            expectSuccess(Syscalls.syscall(PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0));
            expectSuccess(Syscalls.syscall(SECCOMP, SECCOMP_SET_MODE_FILTER, 0, filter.address(), 0, 0, 0));
        }
    }

    private static void instruction(MemorySegment program, int index, int code, int jumpIfNot, int value) {
        program.set(ValueLayout.JAVA_SHORT, index * 8L, (short) code);
        program.set(ValueLayout.JAVA_BYTE, index * 8L + 3, (byte) jumpIfNot);
        program.set(ValueLayout.JAVA_INT, index * 8L + 4, value);
    }

    private static void expectSuccess(long result) {
        if (result < 0) {
            throw new IllegalStateException("seccomp: " + Errno.describe(result));
        }
    }
}
