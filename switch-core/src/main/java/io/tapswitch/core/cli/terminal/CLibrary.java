package io.tapswitch.core.cli.terminal;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The functions of the C library that terminals need; numbers are those of Linux, the same on x86_64 and aarch64.
 * struct termios is never looked into here, so only its length matters (60 bytes in glibc).
 */
final class CLibrary {
    /** Room for a struct termios. */
    static final int TERMIOS_LENGTH = 128;
    /** struct winsize: four 16-bit numbers (tty_ioctl(2)). */
    static final int WINDOW_SIZE_LENGTH = 8;

    private static final int O_RDWR = 2;
    private static final int O_NOCTTY = 0x100;
    private static final int O_CLOEXEC = 0x80000;
    private static final int TCSADRAIN = 1;
    private static final int TIOCGWINSZ = 0x5413;
    private static final int TIOCSWINSZ = 0x5414;
    private static final int PATH_LENGTH_MAX = 64;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle OPEN = function("posix_openpt", JAVA_INT, JAVA_INT);
    private static final MethodHandle UNLOCK = function("unlockpt", JAVA_INT, JAVA_INT);
    private static final MethodHandle NAME = function("ptsname_r", JAVA_INT, JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle GET_MODES = function("tcgetattr", JAVA_INT, JAVA_INT, ADDRESS);
    private static final MethodHandle SET_MODES = function("tcsetattr", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS);
    private static final MethodHandle READ = function("read", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle WRITE = function("write", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle MAKE_RAW =
            LINKER.downcallHandle(symbol("cfmakeraw"), FunctionDescriptor.ofVoid(ADDRESS));
    private static final MethodHandle CONTROL = LINKER.downcallHandle(
            symbol("ioctl"),
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS),
            Linker.Option.firstVariadicArg(2));

    private CLibrary() {}

    /** {@return the file descriptor of a new pseudo-terminal's master, or -1} */
    static int openMaster() {
        try {
            int fd = (int) OPEN.invokeExact(O_RDWR | O_NOCTTY | O_CLOEXEC);
            return fd >= 0 && (int) UNLOCK.invokeExact(fd) == 0 ? fd : -1;
        } catch (Throwable e) {
            throw new LinkageError("posix_openpt", e);
        }
    }

    /** {@return the path of the other end of a master} */
    static String otherEnd(int master) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(PATH_LENGTH_MAX);
            int error = (int) NAME.invokeExact(master, name, name.byteSize());
            return error == 0 ? name.getString(0) : "";
        } catch (Throwable e) {
            throw new LinkageError("ptsname_r", e);
        }
    }

    static boolean getModes(int fd, MemorySegment termios) {
        try {
            return (int) GET_MODES.invokeExact(fd, termios) == 0;
        } catch (Throwable e) {
            throw new LinkageError("tcgetattr", e);
        }
    }

    /** Sets them after all output went out, and keeps what was typed ahead. */
    static boolean setModes(int fd, MemorySegment termios) {
        try {
            return (int) SET_MODES.invokeExact(fd, TCSADRAIN, termios) == 0;
        } catch (Throwable e) {
            throw new LinkageError("tcsetattr", e);
        }
    }

    static void makeRaw(MemorySegment termios) {
        try {
            MAKE_RAW.invokeExact(termios);
        } catch (Throwable e) {
            throw new LinkageError("cfmakeraw", e);
        }
    }

    static boolean getWindowSize(int fd, MemorySegment size) {
        return control(fd, TIOCGWINSZ, size);
    }

    static boolean setWindowSize(int fd, MemorySegment size) {
        return control(fd, TIOCSWINSZ, size);
    }

    /** Blocks until there is something: its length; 0 or -1 at the end. */
    static long read(int fd, MemorySegment buffer) {
        try {
            return (long) READ.invokeExact(fd, buffer, buffer.byteSize());
        } catch (Throwable e) {
            throw new LinkageError("read", e);
        }
    }

    /** {@return how much was written, or -1} */
    static long write(int fd, MemorySegment bytes) {
        try {
            return (long) WRITE.invokeExact(fd, bytes, bytes.byteSize());
        } catch (Throwable e) {
            throw new LinkageError("write", e);
        }
    }

    private static boolean control(int fd, long request, MemorySegment argument) {
        try {
            return (int) CONTROL.invokeExact(fd, request, argument) == 0;
        } catch (Throwable e) {
            throw new LinkageError("ioctl", e);
        }
    }

    private static MethodHandle function(String name, MemoryLayout result, MemoryLayout... arguments) {
        return LINKER.downcallHandle(symbol(name), FunctionDescriptor.of(result, arguments));
    }

    private static MemorySegment symbol(String name) {
        return LINKER.defaultLookup().findOrThrow(name);
    }
}
