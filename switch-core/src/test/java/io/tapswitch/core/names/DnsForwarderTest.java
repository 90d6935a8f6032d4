package io.tapswitch.core.names;

import static io.tapswitch.core.control.Eventually.eventually;
import static io.tapswitch.core.names.TestMessages.answer;
import static io.tapswitch.core.names.TestMessages.answers;
import static io.tapswitch.core.names.TestMessages.code;
import static io.tapswitch.core.names.TestMessages.cut;
import static io.tapswitch.core.names.TestMessages.id;
import static io.tapswitch.core.names.TestMessages.isCut;
import static io.tapswitch.core.names.TestMessages.lastOctet;
import static io.tapswitch.core.names.TestMessages.name;
import static io.tapswitch.core.names.TestMessages.query;
import static io.tapswitch.core.names.TestMessages.questionEnd;
import static io.tapswitch.core.names.TestMessages.rcode;
import static io.tapswitch.core.names.TestMessages.uint16;
import static io.tapswitch.lab.Eventually.measureFor;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What becomes of queries that upstreams are asked: D13 to D16, catalogue rows 72, 73 and 75. */
class DnsForwarderTest {
    private static final int SERVFAIL = 2;
    private static final int NXDOMAIN = 3;
    private static final int REFUSED = 5;

    @Test
    void d13TheAnswerHasTheClientsIdAndQuestionAndTheUpstreamSeesAnotherId() {
        FakeUpstream upstream = FakeUpstream.good(7);
        try (ForwardWorld world = new ForwardWorld(upstream)) {
            for (int i = 0; i < 20; i++) {
                byte[] answer = world.get(query(0x4711, "wWw" + i + ".ExAmple.test"), false);
                assertThat(id(answer)).isEqualTo(0x4711);
                assertThat(name(answer)).isEqualTo("wWw" + i + ".ExAmple.test");
                assertThat(lastOctet(answer)).isEqualTo(7);
            }
            assertThat(upstream.seen.stream().map(FakeUpstream.Seen::sourcePort).distinct())
                    .as("source ports")
                    .hasSizeGreaterThan(15);
            assertThat(upstream.seen.stream().map(one -> id(one.message())).distinct())
                    .as("ids")
                    .hasSizeGreaterThan(18);
            assertThat(upstream.seen.getFirst().message()[2]).as("RD").isEqualTo((byte) 1);
        }
    }

    @Test
    void d13EdnsIsPassedOnWithoutTheCookie() {
        FakeUpstream upstream = FakeUpstream.good(7);
        try (ForwardWorld world = new ForwardWorld(upstream)) {
            int[] cookieAndSubnet = {0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 8, 0, 4, 0, 1, 0, 0};
            world.get(query(1, "plain.test", TestMessages.A, -1), false);
            world.get(query(2, "edns.test", TestMessages.A, 4096), false);
            world.get(query(3, "options.test", TestMessages.A, 4096, cookieAndSubnet), false);
            byte[] plain = upstream.seen.get(0).message();
            byte[] edns = upstream.seen.get(1).message();
            byte[] options = upstream.seen.get(2).message();
            assertThat(plain).hasSize(questionEnd(plain));
            assertThat(edns).hasSize(questionEnd(edns) + 11);
            assertThat(uint16(edns, questionEnd(edns) + 1)).isEqualTo(41);
            assertThat(Arrays.copyOfRange(options, questionEnd(options) + 9, options.length))
                    .as("the subnet of the client, not its cookie")
                    .containsExactly(0, 8, 0, 8, 0, 4, 0, 1, 0, 0);
        }
    }

    @Test
    void row72OnlyTheRightReplyPasses() throws Exception {
        FakeUpstream upstream = FakeUpstream.silent();
        try (ForwardWorld world = new ForwardWorld(upstream);
                DatagramSocket stranger = new DatagramSocket(0, InetAddress.ofLiteral("127.0.0.1"))) {
            upstream.behave(query -> {
                byte[] wrongId = answer(query, 60, 1);
                wrongId[0] ^= 1;
                byte[] wrongName = answer(query, 60, 2);
                wrongName[13] ^= 1;
                byte[] wrongType = answer(query, 60, 3);
                wrongType[questionEnd(wrongType) - 3] = 28;
                byte[] notAResponse = answer(query, 60, 4);
                notAResponse[2] = 1;
                fromElsewhere(stranger, upstream, answer(query, 60, 5));
                byte[] right = answer(query, 60, 6);
                return List.of(new byte[0], new byte[1], wrongId, wrongName, wrongType, notAResponse, right, right);
            });
            assertThat(lastOctet(world.get("www.example.test"))).isEqualTo(6);
            eventually(() -> assertThat(world.count(ForwardCounter.UNMATCHED)).isGreaterThanOrEqualTo(6));
        }
    }

    private static void fromElsewhere(DatagramSocket stranger, FakeUpstream upstream, byte[] message) {
        try {
            int port = upstream.seen.getLast().sourcePort();
            InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
            stranger.send(new DatagramPacket(message, message.length, loopback, port));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void row72GarbageAndHugeRepliesAreAsGoodAsNone() {
        FakeUpstream garbage = new FakeUpstream(query -> {
            byte[] missing = answer(query, 60, 1, 2, 3);
            return List.of(Arrays.copyOf(missing, missing.length - 5));
        });
        FakeUpstream huge = new FakeUpstream(query -> List.of(
                answer(query, 60, IntStream.range(0, 4000).map(i -> i & 0xFF).toArray())));
        try (ForwardWorld world = new ForwardWorld(garbage, huge)) {
            long begin = System.nanoTime();
            assertThat(rcode(world.get("www.example.test"))).isEqualTo(SERVFAIL);
            assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(5));
        }
    }

    @Test
    void row72ALateReplyIsDroppedAndTellsThatTheServerLives() throws Exception {
        FakeUpstream late = new FakeUpstream(query -> {
            measureFor(Duration.ofMillis(400));
            return List.of(answer(query, 60, 1));
        });
        FakeUpstream second = FakeUpstream.good(2);
        try (ForwardWorld world = new ForwardWorld(late, second)) {
            assertThat(lastOctet(world.get("www.example.test"))).isEqualTo(2);
            assertThat(world.state(late)).isEqualTo("suspect");
            eventually(() -> assertThat(world.state(late)).isEqualTo("live"));
        }
    }

    @Test
    void d14TheSecondServerAnswersForASilentFirstAndIsAskedFirstFromThenOn() {
        FakeUpstream silent = FakeUpstream.silent();
        try (ForwardWorld world = new ForwardWorld(silent, FakeUpstream.good(2))) {
            assertThat(world.millis("a.test")).isBetween(100L, 2_000L);
            for (int i = 0; i < 10; i++) {
                assertThat(world.leastMillis("b" + i + ".test"))
                        .as("a silent server costs once")
                        .isLessThan(100);
            }
        }
    }

    @Test
    void d14AServerThatIsBackIsFoundWithoutAnybodyWaiting() throws Exception {
        FakeUpstream first = FakeUpstream.silent();
        try (ForwardWorld world = new ForwardWorld(first, FakeUpstream.good(2))) {
            world.get("a.test");
            first.behave(query -> List.of(answer(query, 60, 1)));
            int[] names = {0};
            eventually(() -> {
                String name = "again" + names[0]++ + ".test";
                assertThat(world.leastMillis(name)).isLessThan(140);
                assertThat(world.state(first)).isEqualTo("live");
            });
            assertThat(lastOctet(world.get("last.test"))).isEqualTo(1);
        }
    }

    @Test
    void d14AllSilentIsServfailInTimeAndExactlyOnce() {
        try (ForwardWorld world = new ForwardWorld(
                ForwardSettings.USUAL, FakeUpstream.silent(), FakeUpstream.silent(), FakeUpstream.silent())) {
            long begin = System.nanoTime();
            byte[] answer = world.get("www.example.test");
            assertThat(rcode(answer)).isEqualTo(SERVFAIL);
            assertThat(id(answer)).isEqualTo(0x1234);
            assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(5));
            assertThat(world.count(ForwardCounter.TIMED_OUT)).isEqualTo(1);
        }
    }

    @Test
    void row73RefusedAndFailedMeanTheNextServerAtOnce() {
        FakeUpstream refuses = new FakeUpstream(query -> List.of(code(query, REFUSED)));
        FakeUpstream fails = new FakeUpstream(query -> List.of(code(query, SERVFAIL)));
        FakeUpstream headerOnly = new FakeUpstream(query -> {
            byte[] header = Arrays.copyOf(code(query, 1), 12);
            header[5] = 0;
            return List.of(header);
        });
        try (ForwardWorld world = new ForwardWorld(refuses, fails, headerOnly, FakeUpstream.good(4))) {
            assertThat(world.leastMillis("a.test")).isLessThan(140);
            assertThat(lastOctet(world.get("a.test"))).isEqualTo(4);
            assertThat(world.state(refuses)).isEqualTo("live");
        }
    }

    @Test
    void row73WhatTheOnlyLivingServerRefusesIsRefusedSoon() {
        FakeUpstream dead = FakeUpstream.silent();
        FakeUpstream refusing = new FakeUpstream(query -> List.of(code(query, REFUSED)));
        try (ForwardWorld world = new ForwardWorld(dead, refusing)) {
            world.get("first.test");
            assertThat(rcode(world.get("second.test"))).isEqualTo(REFUSED);
            assertThat(world.leastMillis("third.test")).isLessThan(900);
        }
    }

    @Test
    void row73WhatAllServersRefuseIsRefusedAtOnce() {
        FakeUpstream refuses = new FakeUpstream(query -> List.of(code(query, REFUSED)));
        try (ForwardWorld world = new ForwardWorld(refuses)) {
            assertThat(world.leastMillis("a.test")).isLessThan(140);
            assertThat(rcode(world.get("b.test"))).isEqualTo(REFUSED);
        }
    }

    @Test
    void row73IcmpUnreachableMeansTheNextServerAtOnce() {
        FakeUpstream good = FakeUpstream.good(2);
        try (ForwardWorld world = new ForwardWorld(good)) {
            world.ask(ForwardWorld.nobody(), good.address());
            assertThat(world.leastMillis("a.test")).isLessThan(140);
            assertThat(lastOctet(world.get("a.test"))).isEqualTo(2);
            world.ask(ForwardWorld.nobody());
            assertThat(world.leastMillis("c.test")).isLessThan(140);
            assertThat(rcode(world.get("d.test"))).isEqualTo(SERVFAIL);
        }
    }

    @Test
    void d13CutIsPassedOnByUdpAndAskedForByTcp() {
        FakeUpstream upstream = new FakeUpstream(query -> List.of(cut(query)));
        upstream.behaveByTcp(query -> answer(query, 60, IntStream.range(0, 200).toArray()));
        try (ForwardWorld world = new ForwardWorld(upstream)) {
            byte[] byUdp = world.get(query(1, "big.test"), false);
            assertThat(isCut(byUdp)).isTrue();
            assertThat(answers(byUdp)).isZero();
            byte[] byTcp = world.get(query(2, "big.test"), true);
            assertThat(isCut(byTcp)).isFalse();
            assertThat(answers(byTcp)).isEqualTo(200);
            byte[] again = world.get(query(3, "big.test"), false);
            assertThat(isCut(again)).as("kept, and too big for UDP").isTrue();
            assertThat(again.length).isLessThanOrEqualTo(512);
            assertThat(world.count(ForwardCounter.CACHE_HITS)).isEqualTo(1);
        }
    }

    @Test
    void row73ATcpResetMeansTheNextServerAndThenServfail() {
        FakeUpstream resets = new FakeUpstream(query -> List.of(cut(query)));
        FakeUpstream good = new FakeUpstream(query -> List.of(cut(query)));
        good.behaveByTcp(query -> answer(query, 60, IntStream.range(0, 100).toArray()));
        try (ForwardWorld world = new ForwardWorld(resets, good)) {
            assertThat(answers(world.get(query(1, "big.test"), true))).isEqualTo(100);
            world.ask(resets.address());
            assertThat(rcode(world.get(query(2, "bigger.test"), true))).isEqualTo(SERVFAIL);
        }
    }

    @Test
    void D14_aServerThatIsSilentByTcpIsLeftForTheNextAfterASecondAndRemembered() throws Exception {
        FakeUpstream silent = new FakeUpstream(query -> List.of(cut(query)));
        FakeUpstream good = new FakeUpstream(query -> List.of(cut(query)));
        CountDownLatch end = new CountDownLatch(1);
        silentUntil(end, silent, good);
        try (ForwardWorld world = new ForwardWorld(ForwardSettings.USUAL, silent, good)) {
            assertThat(millisByTcp(world, "first.test")).as("ms").isBetween(900L, 2_000L);
            assertThat(silent.seen.stream().filter(FakeUpstream.Seen::tcp))
                    .as("accepted, and was asked")
                    .hasSize(1);
            assertThat(millisByTcp(world, "second.test")).as("ms, of the next").isLessThan(500);
            assertThat(world.state(silent)).as("by UDP").isEqualTo("live");
            end.countDown();
        }
    }

    @Test
    void D14_aServerToWhichNoTcpConnectionComesAboutIsLeftForTheNextAfterASecond() throws Exception {
        FakeUpstream silent = new FakeUpstream(query -> List.of(cut(query)));
        FakeUpstream good = new FakeUpstream(query -> List.of(cut(query)));
        CountDownLatch end = new CountDownLatch(1);
        silentUntil(end, silent, good);
        List<SocketChannel> others = new ArrayList<>();
        try (ForwardWorld world = new ForwardWorld(ForwardSettings.USUAL, silent, good)) {
            world.ask(silent.address());
            assertThat(world.send(query(1, "occupies.test"), 1, true)).isNotDone();
            eventually(() -> assertThat(silent.seen.stream().anyMatch(FakeUpstream.Seen::tcp))
                    .isTrue());
            // It accepts no more, so the kernel answers no connection once its queue is full.
            for (int i = 0; i < 60; i++) {
                SocketChannel one = SocketChannel.open();
                one.configureBlocking(false);
                one.connect(silent.address());
                others.add(one);
            }
            world.ask(silent.address(), good.address());
            assertThat(millisByTcp(world, "first.test")).as("ms").isBetween(900L, 2_000L);
            assertThat(millisByTcp(world, "second.test")).as("ms, of the next").isLessThan(500);
            end.countDown();
        } finally {
            for (SocketChannel one : others) {
                one.close();
            }
        }
    }

    private static long millisByTcp(ForwardWorld world, String name) {
        long begin = System.nanoTime();
        assertThat(answers(world.get(query(2, name), true))).isEqualTo(100);
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
    }

    /** By TCP one says nothing until the end, and the other answers. */
    private static void silentUntil(CountDownLatch end, FakeUpstream silent, FakeUpstream good) {
        silent.behaveByTcp(query -> {
            awaitQuietly(end);
            return query;
        });
        good.behaveByTcp(query -> answer(query, 60, IntStream.range(0, 100).toArray()));
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void d15OwnAddressesAndEmptyListsAreRefusedAndNothingIsSent() {
        FakeUpstream upstream = FakeUpstream.good(1);
        try (ForwardWorld world = new ForwardWorld(upstream)) {
            world.forwarder.clients(new DnsForwarder.Clients(
                    port -> Upstreams.of(List.of(upstream.address())), address -> address.isLoopbackAddress()));
            assertThat(rcode(world.get("a.test"))).isEqualTo(REFUSED);
            world.ask();
            assertThat(rcode(world.get("a.test"))).isEqualTo(REFUSED);
            assertThat(upstream.seen).isEmpty();
        }
    }

    @Test
    void d15AnUpstreamThatAsksUsEndsAtTheDeadline() {
        FakeUpstream loop = FakeUpstream.silent();
        try (ForwardWorld world = new ForwardWorld(loop)) {
            Queue<CompletableFuture<byte[]>> round = new ConcurrentLinkedQueue<>();
            loop.behave(query -> {
                round.add(world.send(query, 2, false));
                return FakeUpstream.SILENCE;
            });
            assertThat(rcode(world.get("loop.test"))).isEqualTo(SERVFAIL);
            assertThat(loop.seen).hasSizeLessThanOrEqualTo(7);
            assertThat(round)
                    .isNotEmpty()
                    .allSatisfy(one -> assertThat(
                                    rcode(one.orTimeout(6, TimeUnit.SECONDS).join()))
                            .isEqualTo(SERVFAIL));
        }
    }

    @Test
    void d18WhoMayAskNobodyIsRefusedAndNothingIsSent() {
        FakeUpstream upstream = FakeUpstream.good(1);
        try (ForwardWorld world = new ForwardWorld(upstream)) {
            Upstreams servers = Upstreams.of(List.of(upstream.address()));
            world.forwarder.clients(
                    new DnsForwarder.Clients(port -> port == 1 ? Upstreams.NONE : servers, address -> false));
            assertThat(rcode(world.get("a.test"))).isEqualTo(REFUSED);
            assertThat(upstream.seen).isEmpty();
            byte[] other = world.send(query(1, "a.test"), 2, false).join();
            assertThat(lastOctet(other)).isEqualTo(1);
        }
    }

    @Test
    void d16AFloodOfOneClientLeavesRoomForOthersAndEachQueryHasAnAnswer() {
        try (ForwardWorld world = new ForwardWorld(FakeUpstream.silent())) {
            List<CompletableFuture<byte[]>> flood = new ArrayList<>();
            for (int i = 0; i < 5_000; i++) {
                flood.add(world.send(query(i, "r" + i + ".test"), 1, false));
            }
            for (int i = 0; i < 10; i++) {
                flood.add(world.send(query(i, "other" + i + ".test"), 2, false));
            }
            CompletableFuture.allOf(flood.toArray(CompletableFuture[]::new))
                    .orTimeout(5, TimeUnit.SECONDS)
                    .join();
            assertThat(flood).allSatisfy(one -> assertThat(rcode(one.join())).isEqualTo(SERVFAIL));
            assertThat(world.count(ForwardCounter.OVERLOADED))
                    .as("places for one client: half of 100; the other's ten all find one")
                    .isEqualTo(4_950);
        }
    }

    @Test
    void sameQuestionsAtTheSameTimeAreOneQuestion() {
        FakeUpstream upstream = new FakeUpstream(query -> {
            measureFor(Duration.ofMillis(50));
            return List.of(answer(query, 60, 9));
        });
        try (ForwardWorld world = new ForwardWorld(upstream)) {
            List<CompletableFuture<byte[]>> all = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                all.add(world.send(query(i, i % 2 == 0 ? "same.test" : "SAME.test"), i, false));
            }
            for (int i = 0; i < 20; i++) {
                byte[] answer = all.get(i).orTimeout(5, TimeUnit.SECONDS).join();
                assertThat(id(answer)).isEqualTo(i);
                assertThat(name(answer)).isEqualTo(i % 2 == 0 ? "same.test" : "SAME.test");
            }
            assertThat(upstream.asked("same.test")).isEqualTo(1);
            assertThat(world.count(ForwardCounter.JOINED)).isEqualTo(19);
        }
    }

    @Test
    void theDomainThatDoesNotExistIsPassedOn() {
        FakeUpstream upstream = new FakeUpstream(query -> List.of(code(query, NXDOMAIN)));
        try (ForwardWorld world = new ForwardWorld(upstream)) {
            assertThat(rcode(world.get("no.test"))).isEqualTo(NXDOMAIN);
        }
    }

    @Test
    void whoWaitsAtTheEndHearsThatItFailed() {
        ForwardWorld world = new ForwardWorld(FakeUpstream.silent());
        CompletableFuture<byte[]> answer = world.send(query(1, "a.test"), 1, false);
        world.close();
        assertThat(rcode(answer.orTimeout(1, TimeUnit.SECONDS).join())).isEqualTo(SERVFAIL);
    }
}
