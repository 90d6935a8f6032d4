package io.tapswitch.nat;

import io.tapswitch.wire.TcpHeader;
import org.agrona.concurrent.UnsafeBuffer;

/** One flow's state as an engine keeps it, and segments to be judged: {@code c.original(ACK).sequence(1).judge()}. */
final class TcpConversation {
    static final int FIN = TcpHeader.FIN;
    static final int SYN = TcpHeader.SYN;
    static final int RST = TcpHeader.RST;
    static final int ACK = TcpHeader.ACK;

    /** Sequence numbers wrap within a few bytes, so that every test crosses the end of the number space. */
    static final int ORIGINAL = -3;

    static final int REPLY = 0x7FFF_FFF0;

    final TcpTracker tracker = new TcpTracker();
    int state;
    long original;
    long reply;
    int verdict;

    private final UnsafeBuffer header = new UnsafeBuffer(new byte[TcpHeader.MAX_LENGTH + 7]);
    private boolean fromOriginal;
    private int flags;
    private int sequence;
    private int ack;
    private int window;
    private int scale;
    private int payload;

    TcpConversation original(int flags) {
        return segment(true, flags);
    }

    TcpConversation reply(int flags) {
        return segment(false, flags);
    }

    TcpConversation segment(boolean fromOriginal, int flags) {
        this.fromOriginal = fromOriginal;
        this.flags = flags;
        this.sequence = fromOriginal ? ORIGINAL : REPLY;
        this.ack = 0;
        this.window = 500;
        this.scale = -1;
        this.payload = 0;
        return this;
    }

    /** Counted from the side's first number. */
    TcpConversation sequence(int offset) {
        return rawSequence((fromOriginal ? ORIGINAL : REPLY) + offset);
    }

    TcpConversation rawSequence(int number) {
        this.sequence = number;
        return this;
    }

    /** Counted from the other side's first number. */
    TcpConversation ack(int offset) {
        return rawAck((fromOriginal ? REPLY : ORIGINAL) + offset);
    }

    TcpConversation rawAck(int number) {
        this.ack = number;
        return this;
    }

    TcpConversation window(int window) {
        this.window = window;
        return this;
    }

    TcpConversation scale(int scale) {
        this.scale = scale;
        return this;
    }

    TcpConversation payload(int bytes) {
        this.payload = bytes;
        return this;
    }

    /** Has the segment judged; what the tracker says is kept unless it says drop. */
    int judge() {
        int offset = 7;
        header.setMemory(0, header.capacity(), (byte) 0);
        TcpHeader.sequence(header, offset, sequence);
        TcpHeader.acknowledgement(header, offset, ack);
        TcpHeader.flags(header, offset, flags);
        TcpHeader.window(header, offset, window);
        TcpHeader.dataOffset(header, offset, scale < 0 ? 20 : 24);
        if (scale >= 0) {
            header.putByte(offset + 20, (byte) 1);
            header.putByte(offset + 21, (byte) 3);
            header.putByte(offset + 22, (byte) 3);
            header.putByte(offset + 23, (byte) scale);
        }
        verdict = tracker.track(state, original, reply, fromOriginal, header, offset, payload);
        if (verdict >= 0) {
            state = tracker.state();
            original = tracker.original();
            reply = tracker.reply();
        }
        return verdict;
    }

    TcpState where() {
        return TcpState.of(state);
    }

    long idleMs() {
        return TcpTracker.idleMs(state);
    }

    /** Both sides have sent one byte, their SYN, and offer 64 000. */
    TcpConversation opened() {
        original(SYN).scale(7).judge();
        reply(SYN | ACK).ack(1).scale(7).judge();
        original(ACK).sequence(1).ack(1).judge();
        reply(ACK).sequence(1).ack(1).judge();
        return this;
    }

    /** The original side has closed, then the other one: numbers are at 2. */
    TcpConversation closed() {
        opened();
        original(FIN | ACK).sequence(1).ack(1).judge();
        reply(FIN | ACK).sequence(1).ack(2).judge();
        original(ACK).sequence(2).ack(2).judge();
        return this;
    }
}
