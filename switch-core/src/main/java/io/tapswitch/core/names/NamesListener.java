package io.tapswitch.core.names;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.tapswitch.core.dataplane.NameCount;
import io.tapswitch.core.dataplane.NamesClient;
import io.tapswitch.dns.DnsResponder;
import io.tapswitch.tapio.DeviceException;
import io.tapswitch.tapio.LinkCommand;
import io.tapswitch.tapio.LinkCommand.AddressFlag;
import io.tapswitch.tapio.LinkConfigurator;
import io.tapswitch.tapio.ServiceTap;
import io.tapswitch.tapio.Sysctl;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import io.tapswitch.wire.MacAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Names by TCP: a listener on port 53 in a network namespace of the switch's own.
 *
 * <h2>Theory of operation</h2>
 *
 * <pre>
 *   container -- worker: NamesOverTcp -- tap0 | kernel's TCP | socket -- event loop: TcpConnection, TcpQueries
 *                                             | namespace of the switch's own
 * </pre>
 *
 * <p>The workers write what containers send to port 53 to the TAP, with addresses that say who sent it; the kernel in
 * that namespace does TCP. It has a route for the clients' addresses, and the listener's are on its lo. The socket is
 * made by a thread that is inside; the event loop is not, and need not be.
 *
 * <p>Nothing of the host takes part: its firewall, its routes and whoever listens on its port 53 are in another
 * namespace. When the process ends, however it does, nothing is left.
 *
 * <p>When the listening socket ends although nobody closed it, another is made. When the TAP is lost, somebody closes
 * this and opens another: connections end with it, and clients ask again.
 */
public final class NamesListener implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NamesListener.class);

    private static final int PORT = 53;
    private static final MacAddress MAC = MacAddress.parse("02:74:61:70:00:35");
    private static final String PEER = "192.0.2.1";
    private static final String PEER6 = "fe80::1";
    private static final int BACKLOG = 256;
    private static final int READ_BYTES = 4096;
    private static final int KERNEL_RECEIVE_BYTES = 16 * 1024;
    private static final int KERNEL_SEND_BYTES = 128 * 1024;
    private static final int UNSENT_BYTES = 128 * 1024;
    private static final long PAUSE_MS = 1_000;

    private final ServiceTap tap;
    private final EventLoopGroup group;
    private final TcpQueries queries;
    private final TcpCounters counters;
    private final boolean uring;
    private volatile boolean closed;
    private volatile Channel channel;

    private NamesListener(
            ServiceTap tap, EventLoopGroup group, TcpQueries queries, TcpCounters counters, boolean uring) {
        this.tap = tap;
        this.group = group;
        this.queries = queries;
        this.counters = counters;
        this.uring = uring;
        channel = listen();
    }

    /**
     * Makes the namespace and begins to listen.
     *
     * @param configurator sets it up
     * @return the listener, until closed; it serves nobody yet
     * @throws DeviceException when that failed; nothing is left then
     */
    public static NamesListener open(LinkConfigurator configurator) {
        return open(configurator, TcpLimits.USUAL);
    }

    static NamesListener open(LinkConfigurator configurator, TcpLimits limits) {
        ServiceTap tap = ServiceTap.open(configurator, MAC, settings(false));
        boolean uring = IoUring.isAvailable();
        IoHandlerFactory handlers = uring ? IoUringIoHandler.newFactory(256) : NioIoHandler.newFactory();
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, handlers);
        try {
            withIpv6(tap, configurator);
            TcpCounters counters = new TcpCounters();
            DnsResponder responder =
                    new DnsResponder(DnsResponder.DEFAULT_MAX_UDP_LENGTH, new SecureRandom().nextLong());
            TcpQueries queries = new TcpQueries(limits, counters, responder);
            return new NamesListener(tap, group, queries, counters, uring);
        } catch (RuntimeException e) {
            end(group);
            tap.close();
            throw e;
        }
    }

    private static List<LinkCommand> settings(boolean ipv6) {
        List<LinkCommand> settings = new ArrayList<>();
        String name = ServiceTap.NAME;
        if (ipv6) {
            for (int i = 0; i < NamesClient.LISTENERS; i++) {
                Ipv6Address own = new Ipv6Address(NamesClient.LISTENER_HI, NamesClient.LISTENER_LO + i);
                settings.add(new LinkCommand.AddAddress("lo", own + "/128", Set.of(AddressFlag.NO_DAD)));
            }
            settings.add(new LinkCommand.AddRoute(name, new Ipv6Address(NamesClient.CLIENT_HI, 0) + "/64", PEER6));
        } else {
            // Of lo a whole prefix is the namespace's own.
            settings.add(new LinkCommand.AddAddress("lo", Ipv4Address.fromBits(NamesClient.LISTENER) + "/24"));
            settings.add(new LinkCommand.AddPrefixRoute(name, PEER + "/32", null, 0));
            settings.add(new LinkCommand.AddRoute(name, "128.0.0.0/2", PEER));
        }
        return settings;
    }

    /** Where the kernel has no IPv6, no container has. */
    private static void withIpv6(ServiceTap tap, LinkConfigurator configurator) {
        try {
            tap.call(() -> {
                Path all = Path.of("/proc/sys/net/ipv6/conf");
                for (String link : List.of("all", "default", "lo", ServiceTap.NAME)) {
                    Path setting = all.resolve(link).resolve("disable_ipv6");
                    if (!Sysctl.read(setting).equals("0")) {
                        Files.writeString(setting, "0");
                    }
                }
                return all;
            });
            tap.configure(configurator, settings(true));
        } catch (IOException | DeviceException e) {
            LOG.warn("names by TCP are served over IPv4 only: {}", e.getMessage());
        }
    }

    private Channel listen() {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(group)
                .channel(uring ? IoUringServerSocketChannel.class : NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_RCVBUF, KERNEL_RECEIVE_BYTES)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_SNDBUF, KERNEL_SEND_BYTES)
                .childOption(
                        ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(UNSENT_BYTES / 2, UNSENT_BYTES))
                .childOption(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(READ_BYTES))
                .childHandler(queries);
        // The socket is made by the thread that calls this, and stays in its namespace.
        ChannelFuture bound = tap.call(() -> bootstrap.bind(new InetSocketAddress(PORT)));
        bound.awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new DeviceException("cannot listen for names by TCP", bound.cause());
        }
        Channel made = bound.channel();
        made.closeFuture().addListener(ended -> onEnded());
        return made;
    }

    private void onEnded() {
        if (!closed) {
            LOG.warn("the listener for names by TCP has ended: it is made again");
            Thread.ofVirtual().name("names-listener").start(this::listenAgain);
        }
    }

    private void listenAgain() {
        try {
            while (!closed) {
                try {
                    Channel made = listen();
                    channel = made;
                    if (closed) {
                        made.close().awaitUninterruptibly(1, TimeUnit.SECONDS);
                    }
                    return;
                } catch (RuntimeException e) {
                    LOG.warn("names by TCP: {}", e.getMessage());
                    Thread.sleep(PAUSE_MS);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Says who is served from now on; what is gone loses its connections. Any thread. */
    public void users(NamesUsers users) {
        queries.users(users);
        if (!closed) {
            group.execute(() -> queries.forgetOthersThan(users));
        }
    }

    /** Says who is asked for what nobody here knows; without one, such queries fail. Any thread. */
    public void forwarder(@Nullable Forwarder forwarder) {
        queries.forwarder(forwarder);
    }

    /** {@return the TAP's open files, for the workers} */
    public List<Integer> fds() {
        return tap.fds();
    }

    /** {@return the TAP's MAC address} */
    public long mac() {
        return MAC.bits();
    }

    /** {@return what was counted} */
    public TcpCounters counters() {
        return counters;
    }

    /** {@return the names that were asked for most by TCP, in no order} */
    public CompletableFuture<List<NameCount>> topNames() {
        try {
            return CompletableFuture.supplyAsync(queries::topNames, group);
        } catch (RejectedExecutionException e) {
            // Closed meanwhile: what it counted went with it.
            return CompletableFuture.completedFuture(List.of());
        }
    }

    /** {@return the listening socket, for tests} */
    Channel channel() {
        return channel;
    }

    /** {@return the namespace, for tests} */
    ServiceTap tap() {
        return tap;
    }

    /** Ends listening and all connections; the workers must be done with the TAP's file. */
    @Override
    public void close() {
        closed = true;
        end(group);
        tap.close();
    }

    private static void end(EventLoopGroup group) {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }
}
