package io.tapswitch.core.api;

import io.tapswitch.core.dataplane.FrameCapture;
import io.tapswitch.core.observe.CaptureBuffer;
import io.tapswitch.core.observe.CaptureForm;
import io.tapswitch.core.observe.CapturedFrame;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Captured frames on their way to a client. It ends when the wanted number was captured, when somebody ends it by its
 * id, when nothing of what is captured is left, and with the client's connection. How many frames there were is known
 * at the end: it stands in trailing headers.
 */
final class CaptureStream implements AnswerStream {
    private final CaptureForm form;
    private final CaptureBuffer buffer;
    private final FrameCapture capture;
    private final Runnable onEnd;
    private boolean begun;
    private boolean closed;
    private long lost;

    /**
     * The frames of a capture that runs.
     *
     * @param onEnd called once, when it is over
     */
    CaptureStream(CaptureForm form, CaptureBuffer buffer, FrameCapture capture, Runnable onEnd) {
        this.form = form;
        this.buffer = buffer;
        this.capture = capture;
        this.onEnd = onEnd;
    }

    @Override
    public String mediaType() {
        return form.mediaType();
    }

    @Override
    public byte @Nullable [] next(Duration pulse) throws InterruptedException {
        if (!begun) {
            begun = true;
            return form.head();
        }
        List<CapturedFrame> frames = buffer.take(pulse);
        if (frames == null) {
            return null;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        frames.forEach(frame -> form.frame(frame, out));
        return out.toByteArray();
    }

    /** Captures no more; what was captured is still sent. */
    void end() {
        finish();
        buffer.end();
    }

    private void finish() {
        synchronized (capture) {
            if (closed) {
                return;
            }
            closed = true;
            capture.close();
            lost = capture.lost() + buffer.lost();
        }
        onEnd.run();
    }

    @Override
    public Map<String, String> trailers() {
        finish();
        Map<String, String> told = new TreeMap<>();
        synchronized (capture) {
            told.put("tapswitch-captured", Long.toString(buffer.captured()));
            told.put("tapswitch-lost", Long.toString(lost));
        }
        if (buffer.portsGone()) {
            told.put("tapswitch-ended", "what was captured is gone");
        }
        return told;
    }

    @Override
    public void close() {
        end();
    }
}
