package io.tapswitch.core.cli.format;

/** A template that is not understood, or that asks for what is not there. */
public final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** A complaint about what stands at this place, counted from 0. */
    public TemplateException(int at, String what) {
        super("template: at " + (at + 1) + ": " + what, null, false, false);
    }

    /** {@return the complaint, with its place} */
    public String text() {
        return String.valueOf(getMessage());
    }
}
