package io.tapswitch.core.names;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.tapswitch.core.dataplane.NameCount;
import io.tapswitch.core.dataplane.NamesClient;
import io.tapswitch.dns.ClientView;
import io.tapswitch.dns.DnsResponder;
import io.tapswitch.dns.DnsResult;
import io.tapswitch.dns.TopNames;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.stream.Collectors;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections of all clients, and what becomes of their queries: answered here from what the client sees, as a
 * worker answers those by UDP, or forwarded.
 *
 * <p>Who a client is says the address that its connection comes from ({@link NamesClient}). It is looked up again for
 * each query, so that names that come or go are seen by connections that are there already; when an endpoint goes, so
 * do its connections.
 *
 * <p>On the event loop's one thread, but for {@link #users} and {@link #forwarder}.
 */
@SuppressWarnings("FutureReturnValueIgnored") // the connection ends in any case
final class TcpQueries extends ChannelInitializer<Channel> {
    private static final Logger LOG = LoggerFactory.getLogger(TcpQueries.class);
    private static final int NOBODY = -1;

    private final TcpLimits limits;
    private final TcpCounters counters;
    private final DnsResponder responder;
    private final UnsafeBuffer in = new UnsafeBuffer(0, 0);
    private final UnsafeBuffer out = new UnsafeBuffer(ByteBuffer.allocateDirect(DnsResponder.MAX_TCP_LENGTH));

    /** By when they had their last query, the longest silent one first; and by client. */
    private final LinkedHashSet<TcpConnection> connections = new LinkedHashSet<>();

    private final Map<NamesUsers.Client, LinkedHashSet<TcpConnection>> ofClient = new HashMap<>();
    private final TopNames top = new TopNames();
    private volatile NamesUsers users = NamesUsers.NONE;
    /** Whose names are in {@link #top}. */
    private Map<Integer, String> networks = Map.of();

    private volatile @Nullable Forwarder forwarder;

    TcpQueries(TcpLimits limits, TcpCounters counters, DnsResponder responder) {
        this.limits = limits;
        this.counters = counters;
        this.responder = responder;
    }

    /** From now on these are who is served; {@link #forgetOthersThan} is to follow, on the event loop. */
    void users(NamesUsers next) {
        users = next;
    }

    /** From now on this one is asked for what nobody here knows; without one, such queries fail. */
    void forwarder(@Nullable Forwarder next) {
        forwarder = next;
    }

    /**
     * Ends the connections of endpoints that are not there any more, and forgets what was counted of them and of
     * networks that are gone. Each version comes by here: a network's number may be another's in the next.
     */
    void forgetOthersThan(NamesUsers version) {
        NamesUsers now = users;
        List<TcpConnection> gone = new ArrayList<>();
        for (TcpConnection connection : connections) {
            if (now.view(connection.port, connection.client) == null) {
                gone.add(connection);
            }
        }
        gone.forEach(TcpConnection::reset);
        counters.keep(
                now.clients().values().stream().map(NamesUsers.Client::endpoint).collect(Collectors.toSet()));
        networks.forEach((number, id) -> {
            if (!id.equals(version.networks().get(number))) {
                top.forget(number);
            }
        });
        networks = version.networks();
    }

    /** {@return the names that were asked for most, in no order} */
    List<NameCount> topNames() {
        List<NameCount> all = new ArrayList<>();
        top.forEach((name, network, least, most) -> all.add(new NameCount(name, network, least, most)));
        return all;
    }

    @Override
    protected void initChannel(Channel channel) {
        int port = portOf(channel.remoteAddress() instanceof InetSocketAddress from ? from.getAddress() : null);
        NamesUsers.Client client = port == NOBODY ? null : users.client(port);
        if (client == null) {
            // Its container has ended while it was on the way here.
            channel.close();
            return;
        }
        LinkedHashSet<TcpConnection> own = ofClient.computeIfAbsent(client, id -> new LinkedHashSet<>());
        if (own.size() >= limits.connectionsOfClient()) {
            evict(own);
        } else if (connections.size() >= limits.connections()) {
            evict(connections);
        }
        TcpConnection connection = new TcpConnection(this, channel, port, client, limits);
        connections.add(connection);
        // The set may have gone with its last member.
        ofClient.computeIfAbsent(client, id -> new LinkedHashSet<>()).add(connection);
        counters.connected(connections.size());
        channel.pipeline().addLast(connection);
    }

    private void evict(SequencedSet<TcpConnection> from) {
        TcpConnection silent = from.getFirst();
        remove(silent);
        // One that has just ended is still here until the event loop tells.
        if (silent.channel().isOpen()) {
            counters.evicted();
            silent.reset();
        }
    }

    /** {@return the port that an address stands for, or NOBODY} */
    static int portOf(@Nullable InetAddress address) {
        if (address == null) {
            return NOBODY;
        }
        ByteBuffer octets = ByteBuffer.wrap(address.getAddress());
        if (address instanceof Inet6Address) {
            Ipv6Address six = new Ipv6Address(octets.getLong(), octets.getLong());
            return NamesClient.isClient(six.hi(), six.lo()) ? NamesClient.port(six.lo()) : NOBODY;
        }
        Ipv4Address four = Ipv4Address.fromBits(octets.getInt());
        return NamesClient.isClient(four.bits()) ? NamesClient.port(four.bits()) : NOBODY;
    }

    /** Answers a query of a connection, or forwards it. */
    void take(TcpConnection connection, ByteBuf from, int index, int length) {
        ClientView view = users.view(connection.port, connection.client);
        if (view == null) {
            connection.reset();
            return;
        }
        touch(connection);
        wrap(from, index, length);
        int answered = responder.answerTcp(in, 0, length, view, out, 0);
        top.add(responder.query(), connection.client.network());
        Forwarder others = forwarder;
        if (answered == DnsResponder.FORWARD && others == null) {
            answered = responder.fail(in, 0, length, DnsResult.FAILED, out, 0);
        }
        counters.ended(connection.client.endpoint(), responder.result());
        if (answered == DnsResponder.FORWARD && others != null) {
            forward(others, connection, from, index, length);
        } else if (answered < 0) {
            connection.endWhenSent();
        } else {
            connection.write(
                    Unpooled.copiedBuffer(out.byteBuffer().limit(answered).position(0)));
        }
        in.wrap(0, 0);
    }

    private void wrap(ByteBuf from, int index, int length) {
        if (from.hasMemoryAddress()) {
            in.wrap(from.memoryAddress() + index, length);
        } else {
            byte[] copy = new byte[length];
            from.getBytes(index, copy);
            in.wrap(copy);
        }
    }

    private static void forward(Forwarder to, TcpConnection connection, ByteBuf from, int index, int length) {
        byte[] query = new byte[length];
        from.getBytes(index, query);
        connection.onForwarded();
        Channel channel = connection.channel();
        to.forward(query, connection.port, true, answer -> {
            if (channel.eventLoop().inEventLoop()) {
                connection.onAnswered(answer);
            } else {
                channel.eventLoop().execute(() -> connection.onAnswered(answer));
            }
        });
    }

    /** The connection is the youngest now. */
    private void touch(TcpConnection connection) {
        connections.remove(connection);
        connections.add(connection);
        LinkedHashSet<TcpConnection> own = ofClient.get(connection.client);
        if (own != null) {
            own.remove(connection);
            own.add(connection);
        }
    }

    /** A connection had nothing to say for too long. */
    void onIdle() {
        counters.idle();
    }

    /** A connection has ended, whoever ended it. */
    void onClosed(TcpConnection connection) {
        remove(connection);
        counters.connected(connections.size());
    }

    private void remove(TcpConnection connection) {
        connections.remove(connection);
        LinkedHashSet<TcpConnection> own = ofClient.get(connection.client);
        if (own != null && own.remove(connection) && own.isEmpty()) {
            ofClient.remove(connection.client);
        }
    }

    @Override
    public void exceptionCaught(io.netty.channel.ChannelHandlerContext context, Throwable cause) {
        LOG.error("a connection for names could not begin", cause);
        context.close();
    }
}
