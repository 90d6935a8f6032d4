package io.tapswitch.core.document;

import io.tapswitch.core.model.Refusal;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Files of text, whatever they turn out to be: read whole and strictly as UTF-8, or refused in words. */
public final class TextFile {
    /** U+FEFF, which some editors put in front (Unicode 23.8). */
    private static final char BYTE_ORDER_MARK = 0xFEFF;

    private TextFile() {}

    /**
     * Reads a file.
     *
     * @param file which
     * @param bytesMax larger ones are refused without reading on
     * @return its text, without a byte order mark
     */
    public static String read(Path file, int bytesMax) {
        Source source = new Source(file.toString());
        try {
            if (Files.isDirectory(file)) {
                throw source.refuse("is a directory, must be a file");
            }
            if (Files.exists(file) && !Files.isRegularFile(file)) {
                // A named pipe would keep the reader waiting for ever.
                throw source.refuse("is a device, pipe or socket, must be a file");
            }
            byte[] bytes;
            try (InputStream stream = Files.newInputStream(file)) {
                bytes = stream.readNBytes(bytesMax + 1);
            }
            if (bytes.length > bytesMax) {
                throw source.refuse("is too large: more than " + (bytesMax >> 20) + " MiB");
            }
            return text(source, bytes);
        } catch (IOException e) {
            throw Refusal.badInput(Source.CODE, "cannot read " + file + ": " + reason(e));
        }
    }

    private static String text(Source source, byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(buffer)
                    .toString();
            return !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK ? text.substring(1) : text;
        } catch (CharacterCodingException e) {
            int line = 1;
            for (int i = 0; i < buffer.position(); i++) {
                line += bytes[i] == '\n' ? 1 : 0;
            }
            throw source.refuse(line, "is no text in UTF-8");
        }
    }

    /** {@return why the system did not do something with a file, in words for people} */
    public static String reason(IOException e) {
        return switch (e) {
            case NoSuchFileException missing -> "there is no such file";
            case AccessDeniedException denied -> "permission denied";
            case FileSystemLoopException loop -> "too many levels of symbolic links";
            case FileSystemException file when file.getReason() != null -> file.getReason();
            default -> String.valueOf(e.getMessage());
        };
    }
}
