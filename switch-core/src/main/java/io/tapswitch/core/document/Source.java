package io.tapswitch.core.document;

import io.tapswitch.core.model.Refusal;

/**
 * Where a document comes from.
 *
 * @param file its path, as people know it
 */
public record Source(String file) {
    /** The code of all refusals of documents. */
    public static final String CODE = "invalid_document";

    /** {@return a refusal of the whole} */
    public Refusal refuse(String sentence) {
        return Refusal.badInput(CODE, file + ": " + inOneLine(sentence));
    }

    /** {@return a refusal of what stands on a line} */
    public Refusal refuse(int line, String sentence) {
        return Refusal.badInput(CODE, file + ":" + line + ": " + inOneLine(sentence));
    }

    /** {@return a refusal of a key; the path leads to it, such as {@code networks.web.subnet}} */
    public Refusal refuse(int line, String path, String sentence) {
        return refuse(line, path.isEmpty() ? sentence : path + ": " + sentence);
    }

    /** A sentence may quote what stands in the file, which may go over lines; a fault is one line. */
    private static String inOneLine(String sentence) {
        return sentence.replace("\n", "\\n").replace("\r", "\\r");
    }
}
