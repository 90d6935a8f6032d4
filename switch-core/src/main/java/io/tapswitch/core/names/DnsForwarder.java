package io.tapswitch.core.names;

import io.netty.channel.EventLoop;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.ScheduledFuture;
import io.tapswitch.dns.DnsQuery;
import io.tapswitch.dns.DnsResponder;
import io.tapswitch.dns.DnsResult;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import org.agrona.collections.Int2IntCounterMap;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks others for the names that nobody here has.
 *
 * <h2>Theory of operation</h2>
 *
 * <pre>
 *   query of a client ──► whom may it ask? ──► kept answer? ──► the same asked already? ──► Question ──► UpstreamServer
 *                            │ nobody            │ fresh             │ join                 hedged       UDP, TCP
 *                            ▼                   ▼                   │                        │
 *                         REFUSED             answer  ◄──────────────┴────────────────────────┘
 * </pre>
 *
 * Everything happens on one event loop, and all its tables are that thread's: other threads only put queries on it. A
 * worker never waits for it, and its clients get their local names whatever happens here (D16, D22).
 *
 * <p><b>Always one answer</b> (D14): a query waits in exactly one {@link Question}, which ends by an answer, by an old
 * one, or by its deadline.
 *
 * <p><b>Fair and bounded</b> (D16): a client may have as many waiting as there are places left, and no more than
 * {@link ForwardSettings#perClient}. So one that floods gets half of the places, and who comes after it finds room.
 * What is kept is bounded in octets.
 *
 * <p><b>No loops</b> (D15): the switch's own addresses are never asked. If somebody whom we ask asks us, that is the
 * question that waits already, and its deadline ends it.
 */
public final class DnsForwarder implements Forwarder, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DnsForwarder.class);
    private static final long SWEEP_MS = 250;
    private static final int MOST_GROUPS = 4096;

    /**
     * Whom queries go to; immutable, of one version of the switch.
     *
     * @param upstreams by id of the client's port; {@link Upstreams#NONE} for those that may ask nobody
     * @param own whether an address is the switch's own, and is never asked
     */
    public record Clients(IntFunction<Upstreams> upstreams, Predicate<InetAddress> own) {
        /** Nobody may ask anybody. */
        public static final Clients NOBODY = new Clients(port -> Upstreams.NONE, address -> false);
    }

    private final NamesLoop io;
    private final EventLoop loop;
    private final ForwardSettings settings;
    private final Path resolvConf;
    private final HostResolvers resolvers;
    private final ForwardCounters counters = new ForwardCounters();
    private final AnswerCache cache;
    private final Messages messages = new Messages();
    private final DnsResponder responder =
            new DnsResponder(DnsResponder.DEFAULT_MAX_UDP_LENGTH, new SecureRandom().nextLong());
    private final byte[] scratch = new byte[DnsResponder.MIN_ROOM * 2];
    private final Map<Asked.Key, Question> asked = new HashMap<>();
    private final List<Question> alone = new ArrayList<>();
    private final Int2IntCounterMap waiting = new Int2IntCounterMap(0);
    private int waitingTotal;
    private final Map<List<InetSocketAddress>, UpstreamGroup> groups = new HashMap<>();
    private final Map<InetSocketAddress, UpstreamServer> servers = new ConcurrentHashMap<>();
    private final ChannelGroup channels;
    private final UdpSockets.Opener opener;
    private volatile Clients clients = Clients.NOBODY;
    private final Home home = new Home();
    private final ScheduledFuture<?> sweeping;
    private boolean closed;

    /**
     * Starts one.
     *
     * @param io has its thread and makes its sockets
     * @param resolvConf the host's
     * @param settings bounds and times
     */
    public DnsForwarder(NamesLoop io, Path resolvConf, ForwardSettings settings) {
        this.io = io;
        this.settings = settings;
        loop = io.loop();
        this.resolvConf = resolvConf;
        resolvers = new HostResolvers(resolvConf);
        channels = new DefaultChannelGroup(loop);
        cache = new AnswerCache(settings.cacheBytes());
        opener = new UdpSockets.Opener(io, loop, DnsForwarder::now, counters, channels);
        sweeping = loop.scheduleWithFixedDelay(this::sweep, SWEEP_MS, SWEEP_MS, TimeUnit.MILLISECONDS);
    }

    /** Takes over whom queries go to. Any thread. */
    public void clients(Clients now) {
        clients = now;
    }

    /** {@return what was counted, by name. Any thread} */
    public Map<String, Long> counters() {
        return counters.byName();
    }

    /** {@return a counter. Any thread} */
    public long count(ForwardCounter counter) {
        return counters.get(counter);
    }

    /** A worker had no room for an answer. The loop's thread. */
    void lost() {
        counters.increment(ForwardCounter.ANSWERS_LOST);
    }

    /** {@return what is known of the servers of these groups, asked or not, each once. Any thread} */
    public List<UpstreamStatus> upstreams(Collection<Upstreams> used) {
        Clients who = clients;
        long nowMs = now();
        return used.stream()
                // The loop's own reading of the file is the loop's.
                .map(one -> one.host() ? new HostResolvers(resolvConf).servers(nowMs) : one.servers())
                .flatMap(List::stream)
                .filter(server -> mayAsk(who.own(), server))
                .distinct()
                .map(server -> {
                    UpstreamServer known = servers.get(server);
                    return known == null ? UpstreamStatus.unasked(server) : known.status(nowMs);
                })
                .toList();
    }

    @Override
    public void forward(byte[] query, int client, boolean tcp, Consumer<byte[]> answer) {
        try {
            loop.execute(() -> take(query, client, tcp, answer));
        } catch (RejectedExecutionException ended) {
            LOG.debug("a query came after the end");
        }
    }

    /** The same on the loop's thread, at once. */
    void take(byte[] message, int client, boolean tcp, Consumer<byte[]> answer) {
        counters.increment(ForwardCounter.QUERIES);
        DnsQuery query = new DnsQuery();
        boolean isQuery = query.read(new UnsafeBuffer(message), 0, message.length);
        Waiter waiter = new Waiter(client, message, query, tcp, answer);
        UpstreamGroup group = isQuery && !closed ? group(clients, client) : null;
        if (group == null) {
            counters.increment(ForwardCounter.NO_UPSTREAM);
            give(waiter, failure(message, isQuery && !closed ? DnsResult.REFUSED : DnsResult.FAILED));
            return;
        }
        Asked what = Asked.of(message, query, group);
        AnswerCache.Entry kept = what.key == null ? null : cache.get(what.key, now());
        if (kept != null && kept.isFresh(now())) {
            counters.increment(ForwardCounter.CACHE_HITS);
            int age = kept.ageSeconds(now());
            give(waiter, messages.forClient(kept.message(), message, query, age, -1, waiter.limit()));
            return;
        }
        Question same = what.key == null ? null : asked.get(what.key);
        boolean staleAtOnce = false;
        if (kept != null && group.isDead()) {
            staleAtOnce = true;
            home.stale(waiter, kept);
        }
        if (staleAtOnce && same != null) {
            return;
        }
        int mine = waiting.get(client);
        if (mine >= Math.min(settings.perClient(), settings.total() - waitingTotal)) {
            if (!staleAtOnce) {
                refuseMore(waiter, kept);
            }
            return;
        }
        if (same != null) {
            counters.increment(ForwardCounter.JOINED);
            admit(same, waiter);
            return;
        }
        ask(new Question(what, group, home, kept), staleAtOnce ? null : waiter);
    }

    private void refuseMore(Waiter waiter, AnswerCache.@Nullable Entry kept) {
        if (kept != null) {
            home.stale(waiter, kept);
        } else {
            counters.increment(ForwardCounter.OVERLOADED);
            give(waiter, failure(waiter.message(), DnsResult.FAILED));
        }
    }

    private void ask(Question question, @Nullable Waiter waiter) {
        if (question.asked.key == null) {
            alone.add(question);
        } else {
            asked.put(question.asked.key, question);
        }
        if (waiter != null) {
            admit(question, waiter);
        }
        question.start();
    }

    private void admit(Question question, Waiter waiter) {
        waiting.incrementAndGet(waiter.client());
        waitingTotal++;
        Consumer<byte[]> leave = bytes -> {
            waiting.decrementAndGet(waiter.client());
            waitingTotal--;
            waiter.answer().accept(bytes);
        };
        question.join(new Waiter(waiter.client(), waiter.message(), waiter.query(), waiter.tcp(), leave));
    }

    // Whom.

    private @Nullable UpstreamGroup group(Clients now, int client) {
        Upstreams upstreams = now.upstreams().apply(client);
        List<InetSocketAddress> named = upstreams.host() ? resolvers.servers(now()) : upstreams.servers();
        List<InetSocketAddress> others = named;
        for (InetSocketAddress server : named) {
            if (!mayAsk(now.own(), server)) {
                others = named.stream().filter(one -> mayAsk(now.own(), one)).toList();
                break;
            }
        }
        if (others.isEmpty()) {
            return null;
        }
        UpstreamGroup known = groups.get(others);
        if (known != null) {
            return known;
        }
        if (groups.size() >= MOST_GROUPS) {
            // Of versions that are gone; those that are still in use come back at once.
            groups.clear();
        }
        UpstreamGroup made =
                new UpstreamGroup(others.stream().distinct().map(this::server).toList());
        groups.put(others, made);
        return made;
    }

    /** {@return whether a server can be asked at all: it is one host, and not the switch itself (D15)} */
    static boolean mayAsk(Predicate<InetAddress> own, InetSocketAddress server) {
        InetAddress address = server.getAddress();
        return address != null
                && server.getPort() != 0
                && !address.isAnyLocalAddress()
                && !address.isMulticastAddress()
                && !own.test(address);
    }

    private UpstreamServer server(InetSocketAddress address) {
        return servers.computeIfAbsent(address, one -> new UpstreamServer(one, settings.patienceMs(), opener));
    }

    private void sweep() {
        long nowMs = now();
        servers.values().forEach(server -> server.sockets.sweep(nowMs, settings.deadlineMs()));
    }

    private static long now() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
    }

    private byte[] failure(byte[] message, DnsResult result) {
        UnsafeBuffer out = new UnsafeBuffer(scratch);
        int length = responder.fail(new UnsafeBuffer(message), 0, message.length, result, out, 0);
        return length < 0 ? new byte[0] : Arrays.copyOf(scratch, length);
    }

    private static void give(Waiter waiter, byte[] answer) {
        try {
            waiter.answer().accept(answer);
        } catch (RuntimeException fault) {
            LOG.error("an answer could not be given", fault);
        }
    }

    /** Ends all questions; who waits hears that they failed. The loop goes on. */
    @Override
    public void close() {
        if (!loop.isShuttingDown()) {
            loop.submit(this::end).awaitUninterruptibly(2, TimeUnit.SECONDS);
            channels.close().awaitUninterruptibly(2, TimeUnit.SECONDS);
        }
    }

    private void end() {
        closed = true;
        sweeping.cancel(false);
        List.copyOf(asked.values()).forEach(Question::abandon);
        List.copyOf(alone).forEach(Question::abandon);
    }

    /** What questions need. */
    private final class Home implements Question.Home {
        @Override
        public ForwardSettings settings() {
            return settings;
        }

        @Override
        public EventLoop loop() {
            return loop;
        }

        @Override
        public NamesLoop io() {
            return io;
        }

        @Override
        public ChannelGroup channels() {
            return channels;
        }

        @Override
        public long nowMs() {
            return now();
        }

        @Override
        public void count(ForwardCounter counter) {
            counters.increment(counter);
        }

        @Override
        public boolean isWhole(byte[] message) {
            return messages.isWhole(message);
        }

        @Override
        public void answer(Waiter waiter, byte[] message) {
            counters.increment(ForwardCounter.ANSWERS);
            int limit = Messages.isTruncated(message) ? 0 : waiter.limit();
            give(waiter, messages.forClient(message, waiter.message(), waiter.query(), 0, -1, limit));
        }

        @Override
        public void stale(Waiter waiter, AnswerCache.Entry entry) {
            counters.increment(ForwardCounter.STALE_ANSWERS);
            int ttl = AnswerCache.STALE_TTL_SECONDS;
            byte[] message = entry.message();
            give(waiter, messages.forClient(message, waiter.message(), waiter.query(), 0, ttl, waiter.limit()));
        }

        @Override
        public void fail(Waiter waiter) {
            counters.increment(ForwardCounter.FAILED);
            give(waiter, failure(waiter.message(), DnsResult.FAILED));
        }

        @Override
        public void over(Question question, byte @Nullable [] message) {
            Asked.Key key = question.asked.key;
            if (key == null) {
                alone.remove(question);
                return;
            }
            asked.remove(key, question);
            int seconds = message == null ? 0 : messages.keepSeconds(message);
            if (message != null && seconds > 0) {
                cache.put(key, message, seconds, nowMs());
            }
        }
    }
}
