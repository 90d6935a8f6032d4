package io.tapswitch.core.api;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries one stream to one client, on a virtual thread of its own: the next piece is taken when the one before is
 * written. So a slow client waits here, with one piece in memory, and not the event log or the event loop; one that
 * takes nothing for the time of {@link Limits#write} is cut off.
 */
@SuppressWarnings("FutureReturnValueIgnored") // the connection ends with a write that fails
final class StreamPump implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StreamPump.class);

    private final Channel channel;
    private final AnswerStream stream;
    private final Limits limits;

    StreamPump(Channel channel, AnswerStream stream, Limits limits) {
        this.channel = channel;
        this.stream = stream;
        this.limits = limits;
    }

    void start() {
        HttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        head.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, stream.mediaType())
                .set(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_STORE)
                .set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED)
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        channel.writeAndFlush(head).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
        Thread.ofVirtual().name("stream").start(this::carry);
    }

    private void carry() {
        try (stream) {
            for (byte[] piece = stream.next(limits.pulse()); piece != null; piece = stream.next(limits.pulse())) {
                // A chunk of nothing would be the end.
                if (piece.length > 0 && !write(piece)) {
                    channel.close();
                    return;
                }
            }
            LastHttpContent last = new DefaultLastHttpContent();
            stream.trailers().forEach(last.trailingHeaders()::set);
            channel.writeAndFlush(last).addListener(ChannelFutureListener.CLOSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            channel.close();
        } catch (RuntimeException e) {
            LOG.warn("an answer breaks off", e);
            channel.close();
        }
    }

    private boolean write(byte[] piece) throws InterruptedException {
        ChannelFuture written = channel.writeAndFlush(new DefaultHttpContent(Unpooled.wrappedBuffer(piece)));
        return written.await(limits.write().toMillis(), TimeUnit.MILLISECONDS) && written.isSuccess();
    }

    /** Ends the stream. */
    @Override
    public void close() {
        stream.close();
    }
}
