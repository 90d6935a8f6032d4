package io.tapswitch.core.cli.terminal;

import io.tapswitch.core.cli.client.CliException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Theory of operation. A terminal for a command in another session, and what joins it to ours:
 *
 * <pre>
 *   our terminal, raw      this process               pseudo-terminal            the command
 *     fd 0  ----------------- keys thread -------> master | other end ------> input
 *     fd 1  &lt;---------------- output thread ------ master | other end &lt;------ output, errors
 *     SIGWINCH -------------- sizeChanged -------> master   (the kernel sends SIGWINCH on)
 * </pre>
 *
 * <p>Line editing, echo and Ctrl-C are the business of the kernel's line discipline on the other end; ours is raw, so
 * that every key gets there. Invariants: our terminal is as it was found once {@link #leave} has returned or the JVM
 * ended in any way but SIGKILL; what the command wrote before its end is written before {@link #leave} returns.
 *
 * <p>Ownership: {@link #join} and {@link #leave} by the command's only thread, sizes also by the thread of signals.
 * There is one in a process, which lives as long as the process; nothing is closed before its end, because two threads
 * may be reading. When nobody reads our output any more, it is read and dropped, so that the command can end.
 */
public final class PseudoTerminal {
    private static final int OUR_INPUT = 0;
    private static final int OUR_OUTPUT = 1;
    private static final int BUFFER_BYTES = 32 * 1024;
    private static final Duration REST_MAX = Duration.ofSeconds(1);

    private final int master;
    private final Path path;
    private final Thread output = new Thread(this::copyOutput, "terminal-output");
    private @Nullable MemorySegment modesBefore;

    private PseudoTerminal(int master, Path path) {
        this.master = master;
        this.path = path;
    }

    /** Makes one that begins with the size and the modes of our terminal, when we have one. */
    public static PseudoTerminal open() {
        int master = CLibrary.openMaster();
        String path = master < 0 ? "" : CLibrary.otherEnd(master);
        if (path.isEmpty()) {
            throw new CliException("tapswitch: there is no pseudo-terminal to be had: is /dev/pts mounted, and is the"
                    + " limit in /proc/sys/kernel/pty/max reached?");
        }
        PseudoTerminal made = new PseudoTerminal(master, Path.of(path));
        made.sizeChanged();
        made.copyModes();
        return made;
    }

    /** {@return the device that the command has as its input and output} */
    public Path path() {
        return path;
    }

    /** Gives it the size of ours again. */
    public void sizeChanged() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocate(CLibrary.WINDOW_SIZE_LENGTH);
            // Input or output may be redirected; the other one still knows.
            if (CLibrary.getWindowSize(OUR_INPUT, size) || CLibrary.getWindowSize(OUR_OUTPUT, size)) {
                CLibrary.setWindowSize(master, size);
            }
        }
    }

    /** Begins to copy what is written there to our output, and with {@code keys} what is typed here. */
    public void join(boolean keys) {
        output.setDaemon(true);
        output.start();
        if (keys) {
            makeOursRaw();
            Thread input = new Thread(this::copyInput, "terminal-input");
            input.setDaemon(true);
            input.start();
        }
    }

    /** Waits for the rest of the output and gives our terminal back its modes. */
    public void leave() {
        try {
            // A process that the command left behind may keep the other end open: then there is no end to wait for.
            output.join(REST_MAX);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        restore();
    }

    private void copyModes() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment modes = arena.allocate(CLibrary.TERMIOS_LENGTH);
            if (CLibrary.getModes(OUR_INPUT, modes)) {
                // Those of a master are those of its other end.
                CLibrary.setModes(master, modes);
            }
        }
    }

    private synchronized void makeOursRaw() {
        MemorySegment before = Arena.global().allocate(CLibrary.TERMIOS_LENGTH);
        if (!CLibrary.getModes(OUR_INPUT, before)) {
            return;
        }
        Runtime.getRuntime().addShutdownHook(new Thread(this::restore));
        MemorySegment raw = Arena.global().allocate(CLibrary.TERMIOS_LENGTH).copyFrom(before);
        CLibrary.makeRaw(raw);
        modesBefore = before;
        CLibrary.setModes(OUR_INPUT, raw);
    }

    private synchronized void restore() {
        if (modesBefore != null) {
            CLibrary.setModes(OUR_INPUT, modesBefore);
            modesBefore = null;
        }
    }

    private void copyInput() {
        MemorySegment buffer = Arena.global().allocate(BUFFER_BYTES);
        for (long length = CLibrary.read(OUR_INPUT, buffer); length > 0; length = CLibrary.read(OUR_INPUT, buffer)) {
            long done = 0;
            while (done < length) {
                long written = CLibrary.write(master, buffer.asSlice(done, length - done));
                if (written < 0) {
                    return; // The command ended.
                }
                done += written;
            }
        }
    }

    private void copyOutput() {
        MemorySegment buffer = Arena.global().allocate(BUFFER_BYTES);
        // Not closed: it is the process's.
        FileOutputStream out = new FileOutputStream(FileDescriptor.out);
        boolean read = true;
        for (long length = CLibrary.read(master, buffer); length > 0; length = CLibrary.read(master, buffer)) {
            try {
                if (read) {
                    out.write(buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
                }
            } catch (IOException e) {
                read = false;
            }
        }
    }
}
