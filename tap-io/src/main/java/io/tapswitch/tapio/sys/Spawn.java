package io.tapswitch.tapio.sys;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;

/**
 * posix_spawn(3): a child that gets chosen open files under chosen numbers, in a session of its own. Java's own
 * processes get three files and no more.
 *
 * <p>The child's working directory is the root, its environment is empty but for PATH, and each file that is not given
 * to it is closed there (posix_spawn_file_actions_addclosefrom_np: glibc 2.34). Any thread may call.
 */
public final class Spawn {
    private static final short POSIX_SPAWN_SETSIGDEF = 0x04;
    private static final short POSIX_SPAWN_SETSIGMASK = 0x08;
    private static final short POSIX_SPAWN_SETSID = 0x80;
    private static final int O_RDWR = 2;
    // Larger than glibc's posix_spawn_file_actions_t (80 bytes) and posix_spawnattr_t (336 bytes).
    private static final long OPAQUE_LENGTH = 1024;
    private static final long SIGNAL_SET_LENGTH = 128;

    private Spawn() {}

    /**
     * Starts a program.
     *
     * @param path of the program
     * @param arguments beginning with its name
     * @param fds the files that it gets, as its 0, 1, 2 ...; -1 stands for /dev/null. Each is above the last of these
     *     numbers, so that none is overwritten before it was copied
     * @return its process id, or a negative errno
     */
    public static long start(String path, List<String> arguments, int... fds) {
        for (int fd : fds) {
            if (fd >= 0 && fd < fds.length) {
                throw new IllegalArgumentException("file " + fd + " would be overwritten");
            }
            if (fd < -1) {
                throw new IllegalArgumentException("not a file but a failure: " + Errno.describe(fd));
            }
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment actions = arena.allocate(OPAQUE_LENGTH, Long.BYTES);
            MemorySegment attributes = arena.allocate(OPAQUE_LENGTH, Long.BYTES);
            check(call("posix_spawn_file_actions_init", actions));
            check(call("posix_spawnattr_init", attributes));
            try {
                files(arena, actions, fds);
                attributes(arena, attributes);
                return spawn(arena, path, arguments, actions, attributes);
            } finally {
                call("posix_spawn_file_actions_destroy", actions);
                call("posix_spawnattr_destroy", attributes);
            }
        }
    }

    private static void files(Arena arena, MemorySegment actions, int[] fds) {
        MemorySegment devNull = arena.allocateFrom("/dev/null");
        for (int i = 0; i < fds.length; i++) {
            check(
                    fds[i] < 0
                            ? call("posix_spawn_file_actions_addopen", actions, i, devNull, O_RDWR, 0)
                            : call("posix_spawn_file_actions_adddup2", actions, fds[i], i));
        }
        check(call("posix_spawn_file_actions_addclosefrom_np", actions, fds.length));
        check(call("posix_spawn_file_actions_addchdir_np", actions, arena.allocateFrom("/")));
    }

    /** A session of its own, and the signals as they are by default: the JVM blocks and ignores some. */
    private static void attributes(Arena arena, MemorySegment attributes) {
        MemorySegment none = arena.allocate(SIGNAL_SET_LENGTH, Long.BYTES);
        MemorySegment all = arena.allocate(SIGNAL_SET_LENGTH, Long.BYTES);
        check(call("sigfillset", all));
        check(call("posix_spawnattr_setsigmask", attributes, none));
        check(call("posix_spawnattr_setsigdefault", attributes, all));
        check(call("posix_spawnattr_setflags", attributes, (short)
                (POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)));
    }

    private static long spawn(
            Arena arena, String path, List<String> arguments, MemorySegment actions, MemorySegment attributes) {
        MemorySegment pid = arena.allocate(JAVA_INT);
        MemorySegment argv = arena.allocate(ADDRESS, arguments.size() + 1L);
        for (int i = 0; i < arguments.size(); i++) {
            argv.setAtIndex(ADDRESS, i, arena.allocateFrom(arguments.get(i)));
        }
        MemorySegment environment = arena.allocate(ADDRESS, 2);
        environment.setAtIndex(ADDRESS, 0, arena.allocateFrom("PATH=/usr/sbin:/usr/bin:/sbin:/bin"));
        int error = call("posix_spawn", pid, arena.allocateFrom(path), actions, attributes, argv, environment);
        return error == 0 ? pid.get(JAVA_INT, 0) : -error;
    }

    private static void check(int error) {
        if (error != 0) {
            throw new IllegalStateException("cannot prepare a process: " + Errno.describe(error));
        }
    }

    /** Calls a function of libc that returns an int; the kinds of the arguments say its signature. */
    private static int call(String function, Object... arguments) {
        MemoryLayout[] layouts = new MemoryLayout[arguments.length];
        for (int i = 0; i < arguments.length; i++) {
            layouts[i] = switch (arguments[i]) {
                case Integer number -> JAVA_INT;
                case Short number -> JAVA_SHORT;
                default -> ADDRESS;
            };
        }
        Linker linker = Linker.nativeLinker();
        MemorySegment address = linker.defaultLookup()
                .find(function)
                .orElseThrow(() -> new UnsupportedOperationException(
                        "this system's libc has no " + function + "; tapswitch needs glibc 2.34 or newer"));
        MethodHandle handle = linker.downcallHandle(address, FunctionDescriptor.of(JAVA_INT, layouts));
        try {
            return (int) handle.invokeWithArguments(arguments);
        } catch (Throwable t) {
            throw new AssertionError("a downcall does not throw", t);
        }
    }
}
