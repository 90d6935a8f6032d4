package io.tapswitch.core.api;

import io.tapswitch.core.model.Refusal;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import org.jspecify.annotations.Nullable;

/**
 * The file of the API's socket. It is bound under another name, given its group and mode, and renamed into place: it is
 * never there with another mode, and a file that a dead daemon left is replaced in one step. A socket on which somebody
 * answers is left alone.
 *
 * <p>The mode is the whole of access control (unix(7): connecting needs write permission on the socket): whoever may
 * connect may do everything that the daemon can.
 */
final class SocketFile {
    /** struct sockaddr_un holds 108 bytes with the zero at the end (linux/un.h). */
    private static final int PATH_BYTES_MAX = 107;

    /** All bits set is no number of a group but means "as it is" (chown(2)). */
    private static final long GROUP_MAX = 0xffff_fffeL;

    private static final String MODE = "rw-rw----";

    private static final int STAYS_MS = 2000;
    private static final int DYING_TRIES = 100;

    private final Path path;
    private final @Nullable String group;

    private SocketFile(Path path, @Nullable String group) {
        this.path = path;
        this.group = group;
    }

    /** Makes the directory, and refuses what cannot become a socket, or a group that there is not. */
    static SocketFile prepare(Path path, @Nullable String group) {
        SocketFile file = new SocketFile(path, group);
        if (file.temporary().toString().getBytes(StandardCharsets.UTF_8).length > PATH_BYTES_MAX) {
            throw Refusal.badInput(
                    "the path of the socket is too long: " + path + ", at most " + (PATH_BYTES_MAX - 1) + " bytes");
        }
        try {
            if (group != null) {
                checkGroup(group);
            }
            Path parent = path.toAbsolutePath().getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            if (Files.exists(path) && answers(path)) {
                throw Refusal.conflict(
                        "socket_in_use",
                        "another daemon serves on " + path + ": give this one a socket of its own with --socket");
            }
            if (Files.exists(path)
                    && !Files.readAttributes(path, BasicFileAttributes.class).isOther()) {
                throw Refusal.conflict(path + " is there and not a socket; it was left alone");
            }
            Files.deleteIfExists(file.temporary());
        } catch (IOException e) {
            throw Refusal.failed("cannot serve on " + path + ": " + e.getMessage(), e);
        }
        return file;
    }

    /** {@return where to bind} */
    Path temporary() {
        return Path.of(path + "~");
    }

    /** The socket is bound: it gets its group, its mode and its name. */
    void install() throws IOException {
        if (group != null) {
            setGroup(group);
        }
        Files.setPosixFilePermissions(temporary(), PosixFilePermissions.fromString(MODE));
        Files.move(temporary(), path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private void setGroup(String nameOrNumber) throws IOException {
        if (isNumber(nameOrNumber)) {
            // The upper half of the numbers is negative in an int, with the same bits.
            Files.setAttribute(temporary(), "unix:gid", (int) Long.parseLong(nameOrNumber));
        } else {
            Files.getFileAttributeView(temporary(), PosixFileAttributeView.class)
                    .setGroup(named(nameOrNumber));
        }
    }

    private static boolean isNumber(String group) {
        return group.matches("\\d{1,18}");
    }

    private static GroupPrincipal named(String group) throws IOException {
        return FileSystems.getDefault().getUserPrincipalLookupService().lookupPrincipalByGroupName(group);
    }

    private static void checkGroup(String group) throws IOException {
        if (isNumber(group)) {
            if (Long.parseLong(group) > GROUP_MAX) {
                throw Refusal.badInput("--group " + group + ": the number of a group is from 0 to " + GROUP_MAX);
            }
            return;
        }
        try {
            named(group);
        } catch (UserPrincipalNotFoundException e) {
            throw Refusal.badInput("--group " + group + ": there is no such group on this machine");
        }
    }

    void remove() throws IOException {
        Files.deleteIfExists(path);
    }

    @Override
    public String toString() {
        return path.toString();
    }

    /**
     * Whether somebody serves there. A daemon that was killed may still accept for some moments, because the kernel
     * takes an io_uring with a pending accept apart after the process is gone; such a connection soon ends.
     */
    private static boolean answers(Path socket) {
        for (int tries = 0; tries < DYING_TRIES; tries++) {
            try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                if (stays(client)) {
                    return true;
                }
            } catch (IOException e) {
                return false;
            }
        }
        return true;
    }

    /** {@return whether a connection is still open after a while in which nothing was asked} */
    private static boolean stays(SocketChannel client) {
        try (Selector selector = Selector.open()) {
            client.configureBlocking(false);
            client.register(selector, SelectionKey.OP_READ);
            return selector.select(STAYS_MS) == 0 || client.read(ByteBuffer.allocate(1)) >= 0;
        } catch (IOException e) {
            return false;
        }
    }
}
