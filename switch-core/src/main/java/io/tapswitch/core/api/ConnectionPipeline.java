package io.tapswitch.core.api;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.group.ChannelGroup;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

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
                + "content-length: " + failure.body().length() + "\r\n\r\n" + failure.body();
    }

    /** Puts requests together; one that is too large gets an answer like every other refusal. */
    private static final class Bodies extends HttpObjectAggregator {
        private final int bytesMax;

        Bodies(int bytesMax) {
            super(bytesMax, true);
            this.bytesMax = bytesMax;
        }

        @Override
        protected void handleOversizedMessage(ChannelHandlerContext context, HttpMessage oversized) {
            context.writeAndFlush(Connection.response(tooLarge(), false)).addListener(ChannelFutureListener.CLOSE);
        }

        /** A client that asks before it sends the body is refused at once, and with a body like all others. */
        @Override
        protected @Nullable Object newContinueResponse(
                HttpMessage start, int contentBytesMax, ChannelPipeline pipeline) {
            Object usual = super.newContinueResponse(start, contentBytesMax, pipeline);
            if (!(usual instanceof FullHttpResponse response)
                    || response.status().code() < 400) {
                return usual;
            }
            response.release();
            boolean isLarge = response.status().equals(HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE);
            return Connection.response(isLarge ? tooLarge() : unexpected(start), false);
        }

        private Dispatcher.Whole tooLarge() {
            return Dispatcher.failure(
                    413, "body_too_large", "the request's body is larger than " + bytesMax + " bytes");
        }

        private static Dispatcher.Whole unexpected(HttpMessage start) {
            return Dispatcher.failure(
                    417,
                    "unknown_expectation",
                    "the request expects \"" + start.headers().get(HttpHeaderNames.EXPECT)
                            + "\", and only 100-continue is known");
        }
    }
}
