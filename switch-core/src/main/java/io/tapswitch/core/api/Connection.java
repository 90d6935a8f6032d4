package io.tapswitch.core.api;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection: takes a request on the event loop, has it answered on a virtual thread, and takes the next when the
 * answer is out. While a request is in work nothing more is read; what the last read brought beyond it waits here, at
 * most what one read of the socket holds.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write or close ends the connection, and nobody is left to tell
final class Connection extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);

    private final Dispatcher dispatcher;

    private final Deque<Question> waiting = new ArrayDeque<>();
    private boolean answering;

    Connection(Dispatcher dispatcher) {
        this.dispatcher = dispatcher;
    }

    /** A request without Netty's buffers; method null when it was not HTTP. */
    private record Question(@Nullable String method, String uri, String body, boolean keepAlive) {}

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
        boolean malformed = request.decoderResult().isFailure();
        waiting.add(new Question(
                malformed ? null : request.method().name(),
                request.uri(),
                request.content().toString(StandardCharsets.UTF_8),
                !malformed && HttpUtil.isKeepAlive(request)));
        if (!answering) {
            next(context);
        }
    }

    /** On the event loop: has the next question answered, or reads on when there is none. */
    private void next(ChannelHandlerContext context) {
        Question question = waiting.poll();
        answering = question != null;
        context.channel().config().setAutoRead(!answering);
        if (question == null) {
            return;
        }
        String method = question.method();
        if (method == null) {
            send(context, Dispatcher.failure(400, "not a HTTP request"), false);
        } else {
            Thread.startVirtualThread(
                    () -> send(context, answer(method, question.uri(), question.body()), question.keepAlive()));
        }
    }

    private Dispatcher.Answer answer(String method, String uri, String body) {
        Map<String, String> query = new LinkedHashMap<>();
        String path;
        try {
            QueryStringDecoder decoder = new QueryStringDecoder(uri);
            path = decoder.path();
            decoder.parameters().forEach((name, values) -> query.put(name, values.getLast()));
        } catch (IllegalArgumentException e) {
            return Dispatcher.failure(400, "malformed address: " + e.getMessage());
        }
        return dispatcher.answer(method, path, query, body);
    }

    private void send(ChannelHandlerContext context, Dispatcher.Answer answer, boolean keepAlive) {
        ByteBuf body = Unpooled.copiedBuffer(answer.json(), StandardCharsets.UTF_8);
        FullHttpResponse response =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(answer.status()), body);
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON)
                .setInt(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes())
                .set(HttpHeaderNames.CONNECTION, keepAlive ? HttpHeaderValues.KEEP_ALIVE : HttpHeaderValues.CLOSE);
        context.writeAndFlush(response).addListener(done -> {
            if (keepAlive && done.isSuccess()) {
                next(context);
            } else {
                context.close();
            }
        });
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        // A client that goes away in the middle is its own affair.
        if (!(cause instanceof IOException)) {
            LOG.warn("API connection failed", cause);
        }
        context.close();
    }
}
