package io.tapswitch.core.names;

import static io.tapswitch.core.control.Eventually.eventually;
import static io.tapswitch.core.names.TestMessages.aliasOfItself;
import static io.tapswitch.core.names.TestMessages.answer;
import static io.tapswitch.core.names.TestMessages.lastOctet;
import static io.tapswitch.core.names.TestMessages.name;
import static io.tapswitch.core.names.TestMessages.negative;
import static io.tapswitch.core.names.TestMessages.query;
import static io.tapswitch.core.names.TestMessages.rcode;
import static io.tapswitch.core.names.TestMessages.ttl;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.dns.DnsQuery;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** Answers that are kept: how long, for whom, and what is given when no upstream answers. */
class KeptAnswersTest {
    private static final int SERVFAIL = 2;
    private static final int NXDOMAIN = 3;

    private final Messages messages = new Messages();

    @Test
    void theSecondWhoAsksIsAnsweredFromMemoryInItsOwnLetters() {
        FakeUpstream upstream = FakeUpstream.good(7);
        try (ForwardWorld world = new ForwardWorld(upstream)) {
            world.get("www.test");
            byte[] again = world.get("WwW.test");
            assertThat(lastOctet(again)).isEqualTo(7);
            assertThat(name(again)).isEqualTo("WwW.test");
            assertThat(ttl(again)).isBetween(58, 60);
            assertThat(upstream.seen).hasSize(1);
        }
    }

    @Test
    void row72_aLoopOfAliasesIsPassedOnAndFollowedByNobody() {
        FakeUpstream upstream = new FakeUpstream(query -> List.of(aliasOfItself(query, 60)));
        try (ForwardWorld world = new ForwardWorld(upstream)) {
            byte[] query = query(1, "loop.test");
            byte[] answer = world.get(query, false);
            assertThat(answer).isEqualTo(aliasOfItself(query, 60));
            assertThat(ttl(world.get("LOOP.test"))).as("from memory").isBetween(58, 60);
            assertThat(upstream.seen).hasSize(1);
        }
    }

    @Test
    void otherUpstreamsHaveOtherAnswers() {
        FakeUpstream one = FakeUpstream.good(1);
        FakeUpstream two = FakeUpstream.good(2);
        try (ForwardWorld world = new ForwardWorld(one, two)) {
            world.ask(one.address());
            assertThat(lastOctet(world.get("www.test"))).isEqualTo(1);
            world.ask(two.address());
            assertThat(lastOctet(world.get("www.test"))).isEqualTo(2);
        }
    }

    @Test
    void whileNoUpstreamAnswersAnAnswerThatHasExpiredIsGiven() throws Exception {
        FakeUpstream upstream = new FakeUpstream(query -> List.of(answer(query, 1, 7)));
        try (ForwardWorld world = new ForwardWorld(upstream)) {
            world.get("www.test");
            upstream.behave(query -> FakeUpstream.SILENCE);
            eventually(() -> {
                byte[] answer = world.get("www.test");
                assertThat(lastOctet(answer)).isEqualTo(7);
                assertThat(world.count(ForwardCounter.STALE_ANSWERS)).isGreaterThan(0);
                assertThat(ttl(answer)).isEqualTo(AnswerCache.STALE_TTL_SECONDS);
            });
            assertThat(rcode(world.get("other.test"))).isEqualTo(SERVFAIL);
            eventually(() -> {
                world.get("yetanother.test");
                assertThat(world.state(upstream)).isEqualTo("dead");
            });
            assertThat(world.millis("www.test"))
                    .as("at once, when all are dead")
                    .isLessThan(140);
            upstream.behave(query -> List.of(answer(query, 60, 8)));
            eventually(() -> assertThat(lastOctet(world.get("www.test"))).isEqualTo(8));
        }
    }

    @Test
    void ttlsCountDownAndTheLeastOfThemDecides() {
        byte[] query = query(1, "www.test");
        byte[] kept = answer(query, 100, 1, 2);
        assertThat(messages.keepSeconds(kept)).isEqualTo(100);
        DnsQuery read = new DnsQuery();
        read.read(new UnsafeBuffer(query), 0, query.length);
        assertThat(ttl(messages.forClient(kept, query, read, 40, -1, 512))).isEqualTo(60);
        assertThat(ttl(messages.forClient(kept, query, read, 400, -1, 512))).isZero();
        assertThat(messages.keepSeconds(answer(query, 0, 1))).isZero();
        assertThat(messages.keepSeconds(answer(query, -5, 1)))
                .as("highest bit set")
                .isZero();
        assertThat(messages.keepSeconds(answer(query, 1 << 30, 1))).isEqualTo(Messages.MAX_TTL_SECONDS);
    }

    @Test
    void aNoIsKeptAsLongAsTheSoaSaysAndNotWithout() {
        byte[] query = query(1, "www.test");
        assertThat(messages.keepSeconds(negative(query, NXDOMAIN, 300, 60))).isEqualTo(60);
        assertThat(messages.keepSeconds(negative(query, 0, 30, 60))).isEqualTo(30);
        assertThat(messages.keepSeconds(negative(query, NXDOMAIN, 300, -1))).isZero();
        assertThat(messages.keepSeconds(negative(query, SERVFAIL, 300, 60))).isZero();
        FakeUpstream upstream = new FakeUpstream(asked -> List.of(negative(asked, NXDOMAIN, 300, 60)));
        try (ForwardWorld world = new ForwardWorld(upstream)) {
            world.get("no.test");
            assertThat(rcode(world.get("no.test"))).isEqualTo(NXDOMAIN);
            assertThat(upstream.seen).hasSize(1);
        }
    }

    @Test
    void memoryIsBounded() {
        AnswerCache cache = new AnswerCache(100_000);
        UpstreamGroup group = new UpstreamGroup(List.of());
        for (int i = 0; i < 10_000; i++) {
            byte[] query = query(i, "r" + i + ".test");
            DnsQuery read = new DnsQuery();
            read.read(new UnsafeBuffer(query), 0, query.length);
            Asked asked = Asked.of(query, read, group);
            if (asked.key != null) {
                cache.put(asked.key, answer(query, 60, 1), 60, 0);
            }
        }
        assertThat(cache.bytes()).isBetween(90_000L, 100_000L);
        assertThat(cache.size()).isBetween(200, 400);
    }
}
