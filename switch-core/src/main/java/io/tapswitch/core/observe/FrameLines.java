package io.tapswitch.core.observe;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;

/**
 * A line for each frame: when, from or to whom, and what tcpdump would say of it.
 *
 * <pre>
 *   18:40:01.123456 from www/eth0 IP 10.66.0.2.40000 &gt; 198.51.100.7.443: Flags [S], seq 1, win 64240, length 0
 * </pre>
 */
public final class FrameLines implements CaptureForm {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSSSSS", Locale.ROOT);

    private final Map<Integer, String> ports;
    private final ZoneId zone;

    /**
     * Lines with these names.
     *
     * @param ports names by port
     * @param zone of the times
     */
    public FrameLines(Map<Integer, String> ports, ZoneId zone) {
        this.ports = Map.copyOf(ports);
        this.zone = zone;
    }

    @Override
    public String mediaType() {
        return "text/plain; charset=utf-8";
    }

    @Override
    public byte[] head() {
        return new byte[0];
    }

    @Override
    public void frame(CapturedFrame frame, ByteArrayOutputStream out) {
        String name = ports.getOrDefault(frame.port(), "port " + frame.port());
        String line = TIME.format(Instant.EPOCH.plusNanos(frame.epochNs()).atZone(zone))
                + (frame.transmitted() ? " to " : " from ")
                + name
                + ' '
                + FrameWords.of(frame.bytes(), frame.frameLength())
                + '\n';
        out.writeBytes(line.getBytes(StandardCharsets.UTF_8));
    }
}
