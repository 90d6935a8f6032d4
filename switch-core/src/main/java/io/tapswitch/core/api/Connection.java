package io.tapswitch.core.api;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.PrematureChannelClosureException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection: takes a request on the event loop, has it answered on a virtual thread, and takes the next when the
 * answer is out. While a request is in work nothing more is read; what the last read brought beyond it waits here, at
 * most what one read of the socket holds. A stream is the last answer of its connection.
 *
 * <p>One clock runs at any time: until the next request is complete, or until the client has taken the answer. Who lets
 * it run out is disconnected.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write or close ends the connection, and nobody is left to tell
final class Connection extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);

    private final Dispatcher dispatcher;
    private final Limits limits;

    private final Deque<Question> waiting = new ArrayDeque<>();
    private boolean answering;
    private @Nullable ScheduledFuture<?> clock;
    private @Nullable StreamPump pump;

    Connection(Dispatcher dispatcher, Limits limits) {
        this.dispatcher = dispatcher;
        this.limits = limits;
    }

    /** A request without Netty's buffers; refusal not null when it was not to be understood. */
    private record Question(
            String method, String uri, String body, boolean keepAlive, Dispatcher.@Nullable Whole refusal) {}

    @Override
    public void channelActive(ChannelHandlerContext context) {
        startClock(context, limits.request());
        context.fireChannelActive();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        stopClock();
        if (pump != null) {
            pump.close();
        }
        context.fireChannelInactive();
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
        if (pump != null) {
            return; // Nothing can be answered behind a stream.
        }
        Dispatcher.Whole refusal = refusal(request.decoderResult());
        waiting.add(new Question(
                request.method().name(),
                request.uri(),
                request.content().toString(StandardCharsets.UTF_8),
                refusal == null && HttpUtil.isKeepAlive(request),
                refusal));
        if (!answering) {
            next(context);
        }
    }

    private static Dispatcher.@Nullable Whole refusal(DecoderResult result) {
        if (result.isSuccess()) {
            return null;
        }
        return switch (result.cause()) {
            case TooLongHttpLineException e -> Dispatcher.failure(414, "address_too_long", "the address is too long");
            case TooLongHttpHeaderException e -> Dispatcher.failure(431, "headers_too_large", "too many headers");
            case null, default -> Dispatcher.failure(400, "not_http", "not a HTTP request");
        };
    }

    /** On the event loop: has the next question answered, or reads on when there is none. */
    private void next(ChannelHandlerContext context) {
        Question question = waiting.poll();
        answering = question != null;
        context.channel().config().setAutoRead(!answering);
        if (question == null) {
            startClock(context, limits.request());
            return;
        }
        stopClock();
        Dispatcher.Whole refusal = question.refusal();
        if (refusal != null) {
            send(context, refusal, false);
        } else {
            Thread.startVirtualThread(() -> {
                Dispatcher.Answer answer = answer(question);
                context.executor().execute(() -> send(context, answer, question.keepAlive()));
            });
        }
    }

    private Dispatcher.Answer answer(Question question) {
        Map<String, String> query = new LinkedHashMap<>();
        List<String> path;
        try {
            QueryStringDecoder decoder = new QueryStringDecoder(question.uri());
            // Decoded after it was taken apart: an escaped slash belongs to a name. A plus is a plus in a path.
            path = Route.segments(decoder.rawPath()).stream()
                    .map(segment -> QueryStringDecoder.decodeComponent(segment.replace("+", "%2B")))
                    .toList();
            decoder.parameters().forEach((name, values) -> query.put(name, values.getLast()));
        } catch (IllegalArgumentException e) {
            return Dispatcher.failure(400, "invalid_address", "malformed address: " + e.getMessage());
        }
        return dispatcher.answer(question.method(), path, query, question.body());
    }

    private void send(ChannelHandlerContext context, Dispatcher.Answer answer, boolean keepAlive) {
        switch (answer) {
            case Dispatcher.Whole whole -> send(context, whole, keepAlive);
            case Dispatcher.Streamed streamed -> {
                pump = new StreamPump(context.channel(), streamed.stream(), limits);
                // Only so is the client's end noticed; what it may still say is not answered.
                context.channel().config().setAutoRead(true);
                pump.start();
                if (!context.channel().isActive()) {
                    pump.close();
                }
            }
        }
    }

    private void send(ChannelHandlerContext context, Dispatcher.Whole answer, boolean keepAlive) {
        startClock(context, limits.write());
        ChannelFuture sent = context.writeAndFlush(response(answer, keepAlive));
        sent.addListener(done -> {
            if (keepAlive && done.isSuccess()) {
                next(context);
            } else {
                context.close();
            }
        });
    }

    static FullHttpResponse response(Dispatcher.Whole answer, boolean keepAlive) {
        ByteBuf body = Unpooled.copiedBuffer(answer.body(), StandardCharsets.UTF_8);
        FullHttpResponse response =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(answer.status()), body);
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, answer.type())
                .setInt(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes())
                .set(HttpHeaderNames.CONNECTION, keepAlive ? HttpHeaderValues.KEEP_ALIVE : HttpHeaderValues.CLOSE);
        if (!answer.allow().isEmpty()) {
            response.headers().set(HttpHeaderNames.ALLOW, answer.allow());
        }
        return response;
    }

    private void startClock(ChannelHandlerContext context, Duration time) {
        stopClock();
        clock = context.executor().schedule(() -> context.close(), time.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void stopClock() {
        if (clock != null) {
            clock.cancel(false);
            clock = null;
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        // A client that goes away in the middle is its own affair.
        if (!(cause instanceof IOException || cause instanceof PrematureChannelClosureException)) {
            LOG.warn("a connection failed", cause);
        }
        context.close();
    }
}
