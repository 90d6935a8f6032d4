package io.tapswitch.core.names;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection of a client: queries with their two octets of length in front, in any number and cut anywhere, and
 * their answers, each as soon as it is there (RFC 7766 sections 6 to 8).
 *
 * <h2>Theory of operation</h2>
 *
 * What has come and is no whole query yet waits in one buffer, which grows with what is there and not with what the
 * length says. Reading stops while the client does not take its answers, or while too many of its queries are with the
 * forwarder, and so does the client's TCP then: what a connection holds is bounded by one read, one answer and the
 * limits.
 *
 * <pre>
 *   read --> rest --whole query--> responder --answer--> written at once
 *                                      +-----forward--> forwarder --answer, on its thread--> event loop --> written
 * </pre>
 *
 * <p>The clock of idleness is set back by a whole query, and by nothing less: one octet a second keeps nobody here. A
 * message that no answer is given to (a response, less than a header) ends the connection behind the answers that were
 * written; what sends such is no client. A client that has ended its side still gets what it asked for.
 *
 * <p>On the event loop's thread only.
 */
@SuppressWarnings("FutureReturnValueIgnored") // the connection ends in any case
final class TcpConnection extends ChannelInboundHandlerAdapter {
    private static final int LENGTH = Short.BYTES;

    private final TcpQueries queries;
    private final Channel channel;
    final int port;
    final NamesUsers.Client client;
    private final TcpLimits limits;

    private @Nullable ByteBuf rest;
    private int inFlight;
    private boolean ended;
    private boolean over;
    private boolean taking;
    private long lastNs;

    /** A connection of whoever is behind a port. */
    TcpConnection(TcpQueries queries, Channel channel, int port, NamesUsers.Client client, TcpLimits limits) {
        this.queries = queries;
        this.channel = channel;
        this.port = port;
        this.client = client;
        this.limits = limits;
        lastNs = System.nanoTime();
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        endWhenIdle(limits.idle().toNanos());
        context.fireChannelActive();
    }

    private void endWhenIdle(long inNs) {
        channel.eventLoop().schedule(this::onClock, inNs, TimeUnit.NANOSECONDS);
    }

    private void onClock() {
        if (!channel.isActive()) {
            return;
        }
        long leftNs = limits.idle().toNanos() - (System.nanoTime() - lastNs);
        if (leftNs > 0 || inFlight > 0) {
            endWhenIdle(Math.max(leftNs, TimeUnit.SECONDS.toNanos(1)));
        } else {
            queries.onIdle();
            end();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf more = (ByteBuf) message;
        ByteBuf held = rest;
        if (held == null) {
            rest = more;
        } else {
            held.discardSomeReadBytes();
            held.writeBytes(more);
            more.release();
        }
        takeQueries();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        channel.flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (channel.isWritable()) {
            lastNs = System.nanoTime();
            takeQueries();
            channel.flush();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            ended = true;
            endWhenDone();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        queries.onClosed(this);
        ByteBuf held = rest;
        rest = null;
        if (held != null) {
            held.release();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        // A reset mostly. Whatever it is, it is this connection's alone.
        end();
    }

    private boolean mayTake() {
        return !over && channel.isActive() && channel.isWritable() && inFlight < limits.inFlight();
    }

    /** Takes whole queries as long as their answers have a place. */
    private void takeQueries() {
        if (taking) {
            // An answer came while its query was handed over.
            return;
        }
        taking = true;
        ByteBuf held = rest;
        while (held != null && mayTake() && isWhole(held)) {
            int length = held.readUnsignedShort();
            lastNs = System.nanoTime();
            queries.take(this, held, held.readerIndex(), length);
            held.skipBytes(length);
            if (!held.isReadable()) {
                held.release();
                held = null;
                rest = null;
            }
        }
        taking = false;
        channel.config().setAutoRead(mayTake());
        endWhenDone();
    }

    private static boolean isWhole(ByteBuf held) {
        return held.readableBytes() >= LENGTH
                && held.readableBytes() >= LENGTH + held.getUnsignedShort(held.readerIndex());
    }

    /** One of its queries is with the forwarder. */
    void onForwarded() {
        inFlight++;
    }

    /** The forwarder's answer has come. */
    void onAnswered(byte[] answer) {
        inFlight--;
        if (!channel.isActive()) {
            return;
        }
        write(Unpooled.wrappedBuffer(answer));
        takeQueries();
        channel.flush();
    }

    /** Writes an answer; it leaves with the next flush. */
    void write(ByteBuf answer) {
        ByteBuf length = channel.alloc().buffer(LENGTH).writeShort(answer.readableBytes());
        channel.write(Unpooled.wrappedBuffer(length, answer), channel.voidPromise());
    }

    /** The client says no more: the connection ends when it has its answers. */
    private void endWhenDone() {
        ByteBuf held = rest;
        if (ended && inFlight == 0 && (held == null || !isWhole(held)) && channel.isActive()) {
            endWhenSent();
        }
    }

    /** Nothing more is taken; the connection ends when what was answered is sent, or by the clock. */
    void endWhenSent() {
        if (!over) {
            over = true;
            channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        }
    }

    /** {@return when it had its last whole query} */
    long lastNs() {
        return lastNs;
    }

    /** Ends the connection as it is expected to. */
    void end() {
        channel.close();
    }

    /** Ends it at once and without a word more: who was there is gone. */
    void reset() {
        // A channel that is closed does not know that its file's number may be another connection's by now.
        if (channel.isOpen()) {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
            end();
        }
    }

    Channel channel() {
        return channel;
    }
}
