package io.tapswitch.core.api;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/**
 * Carries the events of one stream to one client, on a virtual thread of its own: an event is taken from the log when
 * the one before is written. So a slow client waits here, with one event in memory, and not the log or the event loop;
 * one that takes nothing for the time of {@link Limits#write} is cut off.
 */
@SuppressWarnings("FutureReturnValueIgnored") // the connection ends with a write that fails
final class EventPump implements AutoCloseable {
    private final Channel channel;
    private final EventStream events;
    private final Limits limits;

    EventPump(Channel channel, EventStream events, Limits limits) {
        this.channel = channel;
        this.events = events;
        this.limits = limits;
    }

    void start() {
        HttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        head.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, "text/event-stream")
                .set(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_STORE)
                .set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED)
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        channel.writeAndFlush(head).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
        Thread.ofVirtual().name("events").start(this::carry);
    }

    private void carry() {
        try (events) {
            for (String lines = events.next(limits.pulse()); lines != null; lines = events.next(limits.pulse())) {
                if (!write(lines)) {
                    channel.close();
                    return;
                }
            }
            channel.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT).addListener(ChannelFutureListener.CLOSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            channel.close();
        }
    }

    private boolean write(String lines) throws InterruptedException {
        ChannelFuture written =
                channel.writeAndFlush(new DefaultHttpContent(Unpooled.copiedBuffer(lines, StandardCharsets.UTF_8)));
        return written.await(limits.write().toMillis(), TimeUnit.MILLISECONDS) && written.isSuccess();
    }

    /** Ends the stream. */
    @Override
    public void close() {
        events.close();
    }
}
