package io.tapswitch.core.observe;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The file format of libpcap, with nanoseconds (draft-ietf-opsawg-pcap): a header of 24 bytes, and 16 bytes before each
 * frame. Written here and not by libpcap, because that writes to files only, and this goes through a socket to whoever
 * may open the file.
 *
 * <pre>
 *   magic a1b23c4d | version 2.4 | 0 | 0 | snap length | 1 Ethernet
 *   seconds | nanoseconds | bytes here | bytes of the frame | bytes ...
 * </pre>
 */
public final class PcapFile implements CaptureForm {
    /** The media type that IANA has for it. */
    public static final String MEDIA_TYPE = "application/vnd.tcpdump.pcap";

    private static final int MAGIC_NANOSECONDS = 0xA1B2_3C4D;
    private static final int HEAD_LENGTH = 24;
    private static final int RECORD_LENGTH = 16;
    private static final int ETHERNET = 1;
    private static final long NS_PER_SECOND = 1_000_000_000L;

    private final int snapLength;

    /** A file whose frames are cut off at this length. */
    public PcapFile(int snapLength) {
        this.snapLength = snapLength;
    }

    @Override
    public String mediaType() {
        return MEDIA_TYPE;
    }

    @Override
    public byte[] head() {
        return little(HEAD_LENGTH)
                .putInt(MAGIC_NANOSECONDS)
                .putShort((short) 2)
                .putShort((short) 4)
                .putLong(0)
                .putInt(snapLength)
                .putInt(ETHERNET)
                .array();
    }

    @Override
    public void frame(CapturedFrame frame, ByteArrayOutputStream out) {
        out.writeBytes(little(RECORD_LENGTH)
                .putInt((int) (frame.epochNs() / NS_PER_SECOND))
                .putInt((int) (frame.epochNs() % NS_PER_SECOND))
                .putInt(frame.bytes().length)
                .putInt(frame.frameLength())
                .array());
        out.writeBytes(frame.bytes());
    }

    private static ByteBuffer little(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }
}
