package io.tapswitch.core.api;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.group.ChannelGroup;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import java.nio.charset.StandardCharsets;

/** What the bytes of a connection go through, and how many connections there may be. */
@SuppressWarnings("FutureReturnValueIgnored") // the connection ends with it in any case
final class ConnectionPipeline extends ChannelInitializer<Channel> {
    private final Dispatcher dispatcher;
    private final Limits limits;
    private final ChannelGroup connections;

    ConnectionPipeline(Dispatcher dispatcher, Limits limits, ChannelGroup connections) {
        this.dispatcher = dispatcher;
        this.limits = limits;
        this.connections = connections;
    }

    @Override
    protected void initChannel(Channel connection) {
        if (connections.size() >= limits.connections()) {
            connection
                    .writeAndFlush(Unpooled.copiedBuffer(tooMany(), StandardCharsets.UTF_8))
                    .addListener(ChannelFutureListener.CLOSE);
            return;
        }
        connections.add(connection);
        HttpDecoderConfig config = new HttpDecoderConfig()
                .setMaxInitialLineLength(limits.headBytes())
                .setMaxHeaderSize(limits.headBytes());
        connection
                .pipeline()
                .addLast(new HttpServerCodec(config))
                .addLast(new Bodies(limits.bodyBytes()))
                .addLast(new Connection(dispatcher, limits));
    }

    private String tooMany() {
        Dispatcher.Whole failure = Dispatcher.failure(
                503, "too_many_connections", "there are " + limits.connections() + " connections already");
        return "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nconnection: close\r\n"
                + "content-length: " + failure.json().length() + "\r\n\r\n" + failure.json();
    }

    /** Puts requests together; a body that is too large gets an answer like every other refusal. */
    private static final class Bodies extends HttpObjectAggregator {
        private final int bytesMax;

        Bodies(int bytesMax) {
            super(bytesMax);
            this.bytesMax = bytesMax;
        }

        @Override
        protected void handleOversizedMessage(ChannelHandlerContext context, HttpMessage oversized) {
            Dispatcher.Whole failure = Dispatcher.failure(
                    413, "body_too_large", "the request's body is larger than " + bytesMax + " bytes");
            context.writeAndFlush(Connection.response(failure, false)).addListener(ChannelFutureListener.CLOSE);
        }
    }
}
