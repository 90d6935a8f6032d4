package io.tapswitch.core.names;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.group.ChannelGroup;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** One question to one server by TCP, on a connection of its own (RFC 7766 allows that). The loop's thread. */
@SuppressWarnings("FutureReturnValueIgnored") // a socket that fails to close, or to write, has ended
final class TcpQuestion extends ChannelInboundHandlerAdapter {
    private static final int MAX_LENGTH = 0xFFFF;

    private final byte[] message;
    private final UpstreamServer server;
    private final BiConsumer<UpstreamServer, byte @Nullable []> done;
    private final int id = ThreadLocalRandom.current().nextInt(0x10000);
    private final ByteBuf received = Unpooled.buffer(512, MAX_LENGTH + 2);
    private @Nullable ChannelHandlerContext connection;
    private boolean ended;

    /**
     * One.
     *
     * @param message to be asked, with any id
     * @param server who is asked
     * @param done is told the first message that came, null when none did; once
     */
    TcpQuestion(byte[] message, UpstreamServer server, BiConsumer<UpstreamServer, byte @Nullable []> done) {
        this.message = message;
        this.server = server;
        this.done = done;
    }

    /** Connects and asks. */
    void start(NamesLoop io, EventLoop loop, ChannelGroup channels, int timeoutMs) {
        ChannelFuture connecting = new Bootstrap()
                .group(loop)
                .channelFactory(io.streams())
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, timeoutMs)
                .option(ChannelOption.TCP_NODELAY, true)
                .handler(this)
                .connect(server.address);
        channels.add(connecting.channel());
        connecting.addListener(connected -> {
            if (!connected.isSuccess()) {
                loop.execute(() -> end(null));
            }
        });
    }

    /** {@return who is asked} */
    UpstreamServer server() {
        return server;
    }

    /** {@return the number that it was asked with} */
    int id() {
        return id;
    }

    /** Gives up, without telling. */
    void cancel() {
        ended = true;
        close();
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        connection = context;
        if (ended) {
            context.close();
            return;
        }
        ByteBuf out = context.alloc().buffer(2 + message.length);
        out.writeShort(message.length).writeShort(id).writeBytes(message, 2, message.length - 2);
        context.writeAndFlush(out);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object read) {
        ByteBuf bytes = (ByteBuf) read;
        received.writeBytes(bytes, Math.min(bytes.readableBytes(), received.maxWritableBytes()));
        bytes.release();
        if (received.readableBytes() >= 2 && received.readableBytes() - 2 >= received.getUnsignedShort(0)) {
            byte[] answer = new byte[received.getUnsignedShort(0)];
            received.getBytes(2, answer);
            end(answer);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        end(null);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        end(null);
    }

    private void end(byte @Nullable [] answer) {
        if (!ended) {
            ended = true;
            close();
            done.accept(server, answer);
        }
    }

    private void close() {
        if (connection != null) {
            connection.close();
        }
    }
}
