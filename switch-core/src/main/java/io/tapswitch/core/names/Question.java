package io.tapswitch.core.names;

import io.netty.channel.EventLoop;
import io.netty.channel.group.ChannelGroup;
import io.netty.util.concurrent.ScheduledFuture;
import io.tapswitch.dns.DnsHeader;
import io.tapswitch.dns.FoldedName;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Theory of operation: one question that upstreams are asked, and all who wait for its answer (D13, D14).
 *
 * <pre>
 *   0 ms          the first server that lives; beside it one that does not, if it is time to see whether it is back
 *   patience      not answered: the next server, and so on round, each time a little later, {@link #MOST_SENT} times
 *   at once       a server refuses, fails or answers nonsense: the next, and that one not again
 *   stale time    who has an old answer gets it; the question goes on
 *   deadline      failed
 * </pre>
 *
 * <p>The first answer that says something about the name ends it. All earlier messages stay open: a server that is slow
 * may still answer the second question, and a late answer tells that it lives. An answer that was cut goes to those who
 * came by UDP, who will come again by TCP; for those who did, the server is asked by TCP. If it is silent, the next one
 * is asked after {@link #TCP_PATIENCE_MS}; the last one has what is left of the time. The loop's thread.
 */
final class Question implements UdpSockets.Asker {
    private static final int MOST_SENT = 6;
    private static final int LONGEST_PAUSE_MS = 1_000;
    private static final int ROUNDS = 2;
    private static final int TCP_PATIENCE_MS = 1_000;

    /** What a question needs of the forwarder. */
    interface Home {
        /** {@return bounds and times} */
        ForwardSettings settings();

        EventLoop loop();

        NamesLoop io();

        ChannelGroup channels();

        /** {@return the time in milliseconds} */
        long nowMs();

        void count(ForwardCounter counter);

        /** {@return whether all records of a message are there} */
        boolean isWhole(byte[] message);

        /** Somebody gets an answer of an upstream; of one that was cut only that it was. */
        void answer(Waiter waiter, byte[] message);

        /** Somebody gets an expired answer. */
        void stale(Waiter waiter, AnswerCache.Entry entry);

        /** Somebody gets the answer that there is none. */
        void fail(Waiter waiter);

        /** The question is over; the message is to be kept, if there is one. */
        void over(Question question, byte @Nullable [] message);
    }

    final Asked asked;
    private final UpstreamGroup group;
    private final Home home;
    private final AnswerCache.@Nullable Entry old;
    private final List<Waiter> waiters = new ArrayList<>();
    private final List<UdpSockets.Sent> sent = new ArrayList<>();
    private final Set<UpstreamServer> useless = new HashSet<>();
    private final FoldedName scratch = new FoldedName();
    private final UnsafeBuffer buffer = new UnsafeBuffer(0, 0);
    private List<UpstreamServer> order = List.of();
    private int next;
    private long deadlineMs;
    private byte @Nullable [] unhelpful;
    private @Nullable TcpQuestion tcp;
    private @Nullable ScheduledFuture<?> hedge;
    private @Nullable ScheduledFuture<?> tcpPatience;
    private @Nullable ScheduledFuture<?> patience;
    private @Nullable ScheduledFuture<?> end;
    private boolean over;

    /**
     * One that is not asked yet.
     *
     * @param asked what
     * @param group whom
     * @param old answer that has expired, null for none
     */
    Question(Asked asked, UpstreamGroup group, Home home, AnswerCache.@Nullable Entry old) {
        this.asked = asked;
        this.group = group;
        this.home = home;
        this.old = old;
    }

    /** Somebody waits for the answer. */
    void join(Waiter waiter) {
        waiters.add(waiter);
    }

    /** Asks. */
    void start() {
        home.count(ForwardCounter.QUESTIONS);
        ForwardSettings settings = home.settings();
        int wholeMs = group.isDead() ? settings.deadDeadlineMs() : settings.deadlineMs();
        deadlineMs = home.nowMs() + wholeMs;
        end = later(this::onDeadline, wholeMs);
        if (old != null && settings.staleAfterMs() < wholeMs) {
            patience = later(this::giveStale, settings.staleAfterMs());
        }
        order = group.inOrder();
        askNext();
        if (order.getFirst().state() != UpstreamServer.State.LIVE && order.size() > 1) {
            // Nobody lives: who comes back first is not known.
            askNext();
        }
        for (UpstreamServer server : order.subList(Math.min(next, order.size()), order.size())) {
            if (server.isProbeDue(home.nowMs())) {
                ask(server);
            }
        }
    }

    private ScheduledFuture<?> later(Runnable what, long ms) {
        return home.loop().schedule(what, ms, TimeUnit.MILLISECONDS);
    }

    /** Asks the next server that may know; {@return whether there is one} */
    private boolean askNext() {
        for (int i = 0; i < order.size(); i++) {
            UpstreamServer server = order.get(next++ % order.size());
            if (!useless.contains(server)) {
                ask(server);
                long pauseMs =
                        Math.min(server.patienceMs() << Math.min((next - 1) / order.size(), 3), LONGEST_PAUSE_MS);
                cancel(hedge);
                hedge = sent.size() < Math.max(MOST_SENT, ROUNDS * order.size()) ? later(this::onHedge, pauseMs) : null;
                return true;
            }
        }
        return false;
    }

    private void ask(UpstreamServer server) {
        sent.add(server.sockets.ask(asked.message, this));
    }

    private void onHedge() {
        long nowMs = home.nowMs();
        sent.stream()
                .filter(one -> one.isLate(nowMs))
                .forEach(one -> one.server().late(nowMs));
        if (!over && tcp == null) {
            askNext();
        }
    }

    @Override
    public boolean isAnswer(byte[] message, int id) {
        buffer.wrap(message);
        if (asked.query.isAnsweredBy(buffer, 0, message.length, id, scratch)) {
            return true;
        }
        // Some say that they could not read the question by leaving it out.
        return message.length >= DnsHeader.LENGTH
                && DnsHeader.id(buffer, 0) == id
                && (DnsHeader.flags(buffer, 0) & DnsHeader.QR) != 0
                && DnsHeader.questions(buffer, 0) == 0
                && !Messages.isTelling(message);
    }

    @Override
    public void onAnswer(UpstreamServer server, byte[] message) {
        if (over || tcp != null) {
            return;
        }
        if (Messages.isTelling(message) && Messages.isTruncated(message)) {
            onTruncated(server, message);
        } else if (Messages.isTelling(message) && home.isWhole(message)) {
            finish(message);
        } else {
            keepUnhelpful(message);
            onUseless(server);
        }
    }

    private void keepUnhelpful(byte[] message) {
        buffer.wrap(message);
        boolean canBePassedOn = DnsHeader.questions(buffer, 0) == 1 && !Messages.isTelling(message);
        if (canBePassedOn && home.isWhole(message)) {
            unhelpful = message;
        }
    }

    @Override
    public void onRefused(UpstreamServer server) {
        onUseless(server);
    }

    private void onUseless(UpstreamServer server) {
        useless.add(server);
        if (over || tcp != null) {
            return;
        }
        boolean othersMayAnswer = sent.stream().anyMatch(one -> one.isWaiting() && !useless.contains(one.server()));
        if (!askNext() && !othersMayAnswer) {
            giveUp();
        } else if (unhelpful != null && order.stream().noneMatch(this::isPromising)) {
            // Somebody lives and does not know; the others have been silent for some time.
            cancel(end);
            end = later(
                    this::onDeadline,
                    Math.clamp(deadlineMs - home.nowMs(), 1, 2 * home.settings().patienceMs()));
        }
    }

    private boolean isPromising(UpstreamServer server) {
        return server.state() == UpstreamServer.State.LIVE && !useless.contains(server);
    }

    // An answer that was cut.

    private void onTruncated(UpstreamServer server, byte[] message) {
        List<Waiter> byUdp = waiters.stream().filter(waiter -> !waiter.tcp()).toList();
        waiters.removeAll(byUdp);
        byUdp.forEach(waiter -> home.answer(waiter, message));
        if (waiters.isEmpty()) {
            end(null);
        } else {
            askByTcp(server);
        }
    }

    private void askByTcp(UpstreamServer wanted) {
        UpstreamServer other = wanted.isTcpPromising(home.nowMs()) ? null : otherByTcp(wanted);
        UpstreamServer server = other != null && other.isTcpPromising(home.nowMs()) ? other : wanted;
        home.count(ForwardCounter.TCP_QUESTIONS);
        tcp = new TcpQuestion(asked.message, server, this::onTcpAnswer);
        cancel(tcpPatience);
        tcpPatience = otherByTcp(server) == null ? null : later(() -> onTcpLate(server), TCP_PATIENCE_MS);
        tcp.start(home.io(), home.loop(), home.channels(), (int) Math.max(1, deadlineMs - home.nowMs()));
    }

    /** {@return the best of the others that may know, null for none} */
    private @Nullable UpstreamServer otherByTcp(UpstreamServer server) {
        long nowMs = home.nowMs();
        return order.stream()
                .filter(other -> other != server && !useless.contains(other))
                .min(Comparator.comparing(other -> !other.isTcpPromising(nowMs)))
                .orElse(null);
    }

    private void onTcpLate(UpstreamServer server) {
        if (!over && tcp != null) {
            tcp.cancel();
            onTcpAnswer(server, null);
        }
    }

    private void onTcpAnswer(UpstreamServer server, byte @Nullable [] message) {
        if (over || tcp == null) {
            return;
        }
        if (message == null) {
            server.missedTcp(home.nowMs());
        } else {
            server.answeredTcp();
        }
        buffer.wrap(message == null ? new byte[0] : message);
        if (message != null
                && asked.query.isAnsweredBy(buffer, 0, message.length, tcp.id(), scratch)
                && Messages.isTelling(message)
                && home.isWhole(message)) {
            finish(message);
            return;
        }
        useless.add(server);
        UpstreamServer other = otherByTcp(server);
        if (other == null) {
            giveUp();
        } else {
            askByTcp(other);
        }
    }

    // The end.

    private void onDeadline() {
        long nowMs = home.nowMs();
        sent.forEach(one -> one.giveUp(nowMs));
        if (tcp != null) {
            tcp.server().missedTcp(nowMs);
        }
        home.count(ForwardCounter.TIMED_OUT);
        giveUp();
    }

    private void giveStale() {
        AnswerCache.Entry entry = old;
        if (entry != null) {
            List<Waiter> all = List.copyOf(waiters);
            waiters.clear();
            all.forEach(waiter -> home.stale(waiter, entry));
        }
    }

    private void giveUp() {
        giveStale();
        byte[] said = unhelpful;
        for (Waiter waiter : waiters) {
            if (said == null) {
                home.fail(waiter);
            } else {
                home.answer(waiter, said);
            }
        }
        end(null);
    }

    private void finish(byte[] message) {
        waiters.forEach(waiter -> home.answer(waiter, message));
        end(message);
    }

    private void end(byte @Nullable [] message) {
        over = true;
        waiters.clear();
        cancel(hedge);
        cancel(tcpPatience);
        cancel(patience);
        cancel(end);
        if (tcp != null) {
            tcp.cancel();
        }
        home.over(this, message);
    }

    /** The forwarder ends. */
    void abandon() {
        if (!over) {
            giveUp();
        }
    }

    private static void cancel(@Nullable ScheduledFuture<?> timer) {
        if (timer != null) {
            timer.cancel(false);
        }
    }
}
