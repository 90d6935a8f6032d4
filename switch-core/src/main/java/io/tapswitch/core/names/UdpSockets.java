package io.tapswitch.core.names;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.ReferenceCountUtil;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.agrona.collections.Int2ObjectHashMap;

/**
 * Theory of operation: the UDP sockets to one server (D13).
 *
 * <p>Each is connected, so the kernel takes only what comes from the server's address and port, and tells of ICMP
 * errors. Each has a port that the kernel chose at random, and each question takes one of the sockets and a number at
 * random: who wants to forge an answer must guess both. While there are few, each question opens one of its own; later
 * one of {@link #MOST} is chosen, and each is replaced after a while. The loop's thread.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a socket that fails to close, or to write, has ended
final class UdpSockets {
    private static final int MOST = 32;
    private static final int MOST_USES = 64;
    private static final long MOST_AGE_MS = 5_000;
    private static final int BUFFER = 4096;
    /** How much too early a timer may be. */
    private static final int TIMER_MS = 5;

    /** What sockets need. */
    record Opener(
            NamesLoop io, EventLoop loop, LongSupplier clockMs, ForwardCounters counters, ChannelGroup channels) {}

    /** Who waits for a message. The loop's thread. */
    interface Asker {
        /** {@return whether the message is the answer; else it is waited on} */
        boolean isAnswer(byte[] message, int id);

        /** The answer. */
        void onAnswer(UpstreamServer server, byte[] message);

        /** The server cannot be asked. */
        void onRefused(UpstreamServer server);
    }

    /** A message that was sent, and waits for its answer. */
    final class Sent {
        private final Socket socket;
        private final int id;
        private final Asker asker;
        private final long sinceMs;

        private Sent(Socket socket, int id, Asker asker, long sinceMs) {
            this.socket = socket;
            this.id = id;
            this.asker = asker;
            this.sinceMs = sinceMs;
        }

        /** {@return whom it was sent to} */
        UpstreamServer server() {
            return server;
        }

        /** {@return whether it waits} */
        boolean isWaiting() {
            return socket.waiting.get(id) == this;
        }

        /** {@return whether it waits for longer than is usual with the server} */
        boolean isLate(long nowMs) {
            return isWaiting() && nowMs - sinceMs >= server.patienceMs() - TIMER_MS;
        }

        /** It is not waited for any more, because it was for too long. */
        void giveUp(long nowMs) {
            if (isWaiting()) {
                socket.waiting.remove(id);
                server.missed(nowMs);
            }
        }
    }

    private static final SecureRandom RANDOM = new SecureRandom();

    private final UpstreamServer server;
    private final Opener opener;
    private final List<Socket> open = new ArrayList<>();
    private final List<Socket> retired = new ArrayList<>();

    UdpSockets(UpstreamServer server, Opener opener) {
        this.server = server;
        this.opener = opener;
    }

    /**
     * Sends a question.
     *
     * @param message with any id; it is not changed
     * @param asker hears what becomes of it, later
     */
    Sent ask(byte[] message, Asker asker) {
        server.asked();
        opener.counters.increment(ForwardCounter.SENT);
        Socket socket = choose();
        int id = RANDOM.nextInt(0x10000);
        while (socket.waiting.containsKey(id)) {
            id = (id + 1) & 0xFFFF;
        }
        Sent waiting = new Sent(socket, id, asker, opener.clockMs.getAsLong());
        socket.waiting.put(id, waiting);
        socket.uses++;
        if (socket.uses >= MOST_USES) {
            open.remove(socket);
            retired.add(socket);
        }
        byte[] sent = message.clone();
        sent[0] = (byte) (id >>> 8);
        sent[1] = (byte) id;
        socket.send(sent);
        return waiting;
    }

    /** Closes what is old and nobody waits on; who waited too long is not answered any more. */
    void sweep(long nowMs, long patienceMs) {
        for (Socket socket : List.copyOf(open)) {
            if (nowMs - socket.openedMs > MOST_AGE_MS) {
                open.remove(socket);
                retired.add(socket);
            }
            socket.expire(nowMs, patienceMs);
        }
        for (Socket socket : List.copyOf(retired)) {
            socket.expire(nowMs, patienceMs);
            if (socket.waiting.isEmpty()) {
                retired.remove(socket);
                socket.close();
            }
        }
    }

    private Socket choose() {
        if (open.size() >= MOST) {
            return open.get(RANDOM.nextInt(open.size()));
        }
        Socket socket = new Socket(opener.clockMs.getAsLong());
        open.add(socket);
        socket.connect();
        return socket;
    }

    private final class Socket extends ChannelInboundHandlerAdapter {
        private final Int2ObjectHashMap<Sent> waiting = new Int2ObjectHashMap<>();
        private final List<byte[]> early = new ArrayList<>();
        private final long openedMs;
        private Channel channel;
        private boolean connected;
        private boolean failed;
        private int uses;

        @SuppressWarnings("NullAway.Init") // The channel is there before anything else is called.
        private Socket(long openedMs) {
            this.openedMs = openedMs;
        }

        private void connect() {
            ChannelFuture connecting = new Bootstrap()
                    .group(opener.loop)
                    .channelFactory(opener.io.datagrams(server.address))
                    .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(BUFFER))
                    .handler(this)
                    .connect(server.address);
            channel = connecting.channel();
            opener.channels.add(channel);
            connecting.addListener(done -> opener.loop.execute(() -> onConnected(done.isSuccess())));
        }

        private void onConnected(boolean success) {
            connected = success;
            if (success) {
                early.forEach(this::write);
            } else {
                fail();
            }
            early.clear();
        }

        private void send(byte[] message) {
            if (connected) {
                write(message);
            } else {
                early.add(message);
            }
        }

        private void write(byte[] message) {
            channel.writeAndFlush(Unpooled.wrappedBuffer(message)).addListener(done -> {
                if (!done.isSuccess()) {
                    opener.loop.execute(this::fail);
                }
            });
        }

        /** The server's host refuses, or there is no way to it: for all who wait at this socket. */
        private void fail() {
            if (failed) {
                return;
            }
            failed = true;
            open.remove(this);
            retired.remove(this);
            close();
            server.refused(opener.clockMs.getAsLong());
            List<Sent> all = new ArrayList<>(waiting.values());
            waiting.clear();
            all.forEach(one -> one.asker.onRefused(server));
        }

        private void expire(long nowMs, long patienceMs) {
            waiting.values().removeIf(one -> {
                boolean expired = nowMs - one.sinceMs > patienceMs;
                if (expired) {
                    server.missed(nowMs);
                }
                return expired;
            });
        }

        private void close() {
            channel.close();
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object read) {
            try {
                ByteBuf content = read instanceof DatagramPacket packet ? packet.content() : (ByteBuf) read;
                onMessage(ByteBufUtil.getBytes(content));
            } finally {
                ReferenceCountUtil.release(read);
            }
        }

        private void onMessage(byte[] message) {
            int id = message.length < 2 ? -1 : (message[0] & 0xFF) << 8 | (message[1] & 0xFF);
            Sent one = waiting.get(id);
            if (one == null || !one.asker.isAnswer(message, id)) {
                opener.counters.increment(ForwardCounter.UNMATCHED);
                return;
            }
            waiting.remove(id);
            server.answered(opener.clockMs.getAsLong() - one.sinceMs);
            one.asker.onAnswer(server, message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            fail();
        }
    }
}
