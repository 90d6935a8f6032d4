package io.tapswitch.nat;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** N22 against a model that keeps each datagram's fragments in a list and its bytes in an array. */
class ReassemblyPropertyTest {
    private static final long SEED = Long.getLong("seed", System.nanoTime());
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int KEYS = 12;
    private static final int OWNERS = 3;

    static {
        System.out.println("reassembly property tests: -Dseed=" + SEED);
    }

    private final UnsafeBuffer frame = new UnsafeBuffer(new byte[Reassembly.MAX_PACKET]);

    private static final class Piece {
        private final int from;
        private final int to;
        private final boolean last;
        private final byte[] bytes;

        private Piece(int from, int to, boolean last, byte[] bytes) {
            this.from = from;
            this.to = to;
            this.last = last;
            this.bytes = bytes;
        }

        private boolean isTwin(Piece other) {
            return from == other.from && to == other.to && last == other.last && Arrays.equals(bytes, other.bytes);
        }

        private boolean overlaps(Piece other) {
            boolean common = from < other.to && other.from < to;
            boolean beyond = (last && other.to > to) || (other.last && to > other.to);
            boolean sameEnd = last != other.last && to == other.to;
            return common || beyond || sameEnd || (last && other.last);
        }
    }

    /** What should be held of one datagram. */
    private static final class Model {
        private final List<Piece> pieces = new ArrayList<>();
        private boolean givenUp;
        private long deadlineMs;

        /** What adding should return; -1 stands for whole. */
        private int add(Piece piece) {
            if (givenUp) {
                return FragmentDrop.GIVEN_UP.verdict();
            }
            if (pieces.stream().anyMatch(piece::isTwin)) {
                return FragmentDrop.DUPLICATE.verdict();
            }
            if (pieces.stream().anyMatch(piece::overlaps)) {
                givenUp = true;
                pieces.clear();
                return FragmentDrop.OVERLAP.verdict();
            }
            pieces.add(piece);
            return Reassembly.HELD;
        }

        private byte[] whole() {
            int end = pieces.stream()
                    .filter(piece -> piece.last)
                    .mapToInt(piece -> piece.to)
                    .findAny()
                    .orElse(-1);
            int sum = pieces.stream().mapToInt(piece -> piece.to - piece.from).sum();
            byte[] bytes = new byte[sum == end ? end : 0];
            if (bytes.length > 0) {
                pieces.forEach(piece -> System.arraycopy(piece.bytes, 0, bytes, piece.from, piece.bytes.length));
            }
            return bytes;
        }
    }

    @RepeatedTest(10)
    void N22_everyOrderOverlapAndDuplicateEndsAsInTheModel(RepetitionInfo repetition) {
        long seed = SEED + repetition.getCurrentRepetition();
        var random = new Random(seed);
        var reassembly =
                new Reassembly(new UnsafeBuffer(new byte[(int) Reassembly.bytes(2_000)]), 2_000, 600, OWNERS, seed, 5);
        Map<Integer, Model> models = new HashMap<>();
        FragmentedDatagram[] datagrams = new FragmentedDatagram[KEYS];
        long nowMs = 0;
        long offered = 0;
        int wholes = 0;
        for (int step = 0; step < 6_000; step++) {
            nowMs += random.nextInt(20) == 0 ? random.nextInt(4_000) : 0;
            long now = nowMs;
            expire(reassembly, models, now, random.nextInt(50) == 0);
            int key = random.nextInt(KEYS);
            int owner = key % OWNERS;
            FragmentedDatagram d = datagrams[key];
            if (d == null) {
                d = new FragmentedDatagram(key % 2 == 1, key / 4, 16 + random.nextInt(180), random);
                datagrams[key] = d;
            }
            Piece piece = piece(random, d);
            byte[] packet = d.part(piece.from, piece.bytes, !piece.last);
            Model model = models.get(key);
            if (model == null || model.deadlineMs <= now) {
                model = new Model();
                model.deadlineMs = now + (d.ipv6 ? Reassembly.TIMEOUT_IPV6_MS : Reassembly.TIMEOUT_IPV4_MS);
                models.put(key, model);
            }
            int expected = model.add(piece);
            byte[] whole = model.whole();
            frame.putBytes(0, packet);
            int result = reassembly.add(frame, 0, packet.length, owner, key, now);
            offered++;
            String what = "-Dseed=" + SEED + " repetition " + repetition.getCurrentRepetition() + " step " + step;
            if (expected == Reassembly.HELD && whole.length > 0) {
                assertThat(result).as(what).isEqualTo(d.wholeHeaderLength() + whole.length);
                byte[] got = new byte[whole.length];
                frame.getBytes(d.wholeHeaderLength(), got);
                assertThat(got).as(what).isEqualTo(whole);
                models.remove(key);
                datagrams[key] = random.nextInt(4) == 0 ? d : null;
                wholes++;
            } else {
                assertThat(result).as(what).isEqualTo(expected);
            }
            long dropped = Arrays.stream(FragmentDrop.values())
                    .mapToLong(reassembly::dropped)
                    .sum();
            assertThat(reassembly.held() + reassembly.merged() + dropped).isEqualTo(offered);
        }
        assertThat(wholes).as("-Dseed=" + SEED).isGreaterThan(100);
        while (reassembly.expire(nowMs + 60_000, frame, 0, 0) != Reassembly.NOTHING_DUE) {
            nowMs++;
        }
        assertThat(reassembly.held()).isZero();
        assertThat(reassembly.usedBlocks()).isZero();
    }

    /** Most are parts of the datagram on a grid, some lie askew or have other bytes. */
    private static Piece piece(Random random, FragmentedDatagram d) {
        int length = d.udp.length;
        int grid = random.nextInt(12) == 0 ? 8 : 40;
        int from = random.nextInt((length + grid - 1) / grid) * grid;
        int to = Math.min(length, from + grid);
        byte[] bytes = Arrays.copyOfRange(d.udp, from, to);
        if (random.nextInt(60) == 0) {
            bytes[random.nextInt(bytes.length)]++;
        }
        boolean last = to == length;
        if (bytes.length % 8 == 0 && random.nextInt(80) == 0) {
            last = !last;
        }
        if (from == 0 && last) {
            return piece(random, d);
        }
        return new Piece(from, to, last, bytes);
    }

    private void expire(Reassembly reassembly, Map<Integer, Model> models, long nowMs, boolean run) {
        if (run) {
            while (reassembly.expire(nowMs, frame, 0, 0) != Reassembly.NOTHING_DUE) {
                assertThat(models).isNotEmpty();
            }
            models.values().removeIf(model -> model.deadlineMs <= nowMs);
        }
    }

    /** Small memory, many containers: evictions at every turn must leave nothing that does not add up. */
    @RepeatedTest(5)
    void N22_underPressureMemoryIsNeverLostAndNoLimitBroken(RepetitionInfo repetition) {
        var random = new Random(SEED + repetition.getCurrentRepetition());
        var reassembly = new Reassembly(
                new UnsafeBuffer(new byte[(int) Reassembly.bytes(300)]), 300, 128, 10, random.nextLong(), 1);
        byte[][] packets = new byte[240][];
        for (int i = 0; i < packets.length; i++) {
            var d = new FragmentedDatagram(i % 2 == 0, i / 6, 12_000, new Random(i / 6));
            packets[i] = d.part(i / 2 % 3 * 4_000, i / 2 % 3 * 4_000 + 4_000);
        }
        long offered = 0;
        long nowMs = 0;
        int largest = 0;
        for (int step = 0; step < 20_000; step++) {
            nowMs += random.nextInt(30);
            byte[] packet = packets[random.nextInt(packets.length)];
            frame.putBytes(0, packet);
            reassembly.add(frame, 0, packet.length, (int) Math.sqrt(random.nextInt(100)), 0, nowMs);
            offered++;
            if (random.nextInt(100) == 0) {
                reassembly.removeOwner(random.nextInt(10));
                reassembly.expire(nowMs, frame, 0, 0);
            }
            int used = 0;
            for (int owner = 0; owner < 10; owner++) {
                used += reassembly.usedBlocks(owner);
                largest = Math.max(largest, reassembly.usedBlocks(owner));
            }
            if (reassembly.usedBlocks() != used) {
                assertThat(reassembly.usedBlocks()).as("-Dseed=" + SEED).isEqualTo(used);
            }
        }
        assertThat(largest).as("-Dseed=" + SEED).isLessThanOrEqualTo(128);
        assertThat(reassembly.merged()).isPositive();
        long dropped = Arrays.stream(FragmentDrop.values())
                .mapToLong(reassembly::dropped)
                .sum();
        assertThat(reassembly.held() + reassembly.merged() + dropped).isEqualTo(offered);
        assertThat(reassembly.dropped(FragmentDrop.EVICTED)).isPositive();
        for (int owner = 0; owner < 10; owner++) {
            reassembly.removeOwner(owner);
        }
        assertThat(reassembly.usedBlocks()).isZero();
    }

    /** Rows 3 and 4: a buffer as long as the packet makes every read beyond it an exception. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void noPrefixAndNoFlippedBitIsReadBeyondItsEnd(boolean ipv6) {
        var random = new Random(SEED);
        var reassembly = new Reassembly(new UnsafeBuffer(new byte[(int) Reassembly.bytes(300)]), 300, 300, 1, 1, 1);
        var d = new FragmentedDatagram(ipv6, 1, 600, random);
        byte[] valid = d.part(0, 200);
        for (int length = 0; length < valid.length; length++) {
            byte[] prefix = Arrays.copyOf(valid, length);
            int result = reassembly.add(new UnsafeBuffer(prefix), 0, length, 0, 0, 0);
            assertThat(result).isEqualTo(FragmentDrop.MALFORMED.verdict());
        }
        for (int i = 0; i < 20_000; i++) {
            byte[] flipped = d.part(200, 400);
            for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                flipped[random.nextInt(60)] ^= (byte) (1 << random.nextInt(8));
            }
            var packet = new UnsafeBuffer(flipped);
            int result = reassembly.add(packet, 0, flipped.length, 0, 0, i);
            assertThat(result).isLessThanOrEqualTo(flipped.length);
            if (flipped[0] >>> 4 == 4 || (flipped[0] >>> 4 == 6 && flipped.length >= 40)) {
                Reassembly.isFragment(packet, 0, flipped.length);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void R11_noFragmentAllocates(boolean ipv6) {
        var reassembly = new Reassembly(new UnsafeBuffer(new byte[(int) Reassembly.bytes(512)]), 512, 256, 4, 1, 1);
        var random = new Random(SEED);
        byte[][] parts = new FragmentedDatagram(ipv6, 1, 6_000, random).parts(1_448);
        List<byte[]> shuffled = new ArrayList<>(List.of(parts));
        Collections.shuffle(shuffled, random);
        byte[][] packets = shuffled.toArray(new byte[0][]);
        byte[] orphan = new FragmentedDatagram(ipv6, 2, 6_000, random).parts(1_448)[1];
        byte[] overlap = new FragmentedDatagram(ipv6, 3, 6_000, random).part(8, new byte[16], true);
        var out = new UnsafeBuffer(new byte[2_000]);
        run(reassembly, packets, orphan, overlap, out);
        long least = Long.MAX_VALUE;
        for (int attempt = 0; attempt < 8 && least != 0; attempt++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            run(reassembly, packets, orphan, overlap, out);
            least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(least).isZero();
        assertThat(reassembly.merged()).isGreaterThanOrEqualTo(5L * 5_000);
    }

    private void run(Reassembly reassembly, byte[][] packets, byte[] orphan, byte[] overlap, UnsafeBuffer out) {
        for (int round = 0; round < 5_000; round++) {
            int length = 0;
            for (int i = 0; i < packets.length; i++) {
                frame.putBytes(0, packets[i]);
                length = reassembly.add(frame, 0, packets[i].length, 0, 0, round);
            }
            long shape = reassembly.shape();
            int pieces = Fragmentation.pieces(frame, 0, length, shape);
            for (int i = 0; i < pieces; i++) {
                Fragmentation.write(frame, 0, length, shape, i, out, 0);
            }
            frame.putBytes(0, orphan);
            reassembly.add(frame, 0, orphan.length, 1, round, round);
            frame.putBytes(0, overlap);
            frame.putByte(8, (byte) round);
            reassembly.add(frame, 0, overlap.length, 2, 0, round);
            reassembly.expire(round, out, 0, 2_000);
        }
        reassembly.removeOwner(1);
        reassembly.removeOwner(2);
    }

    @Test
    void theHashIsSipHash() {
        // SipHash-1-3 of the bytes 00 to 2f with the key 00 to 0f is 0x9f31_43f8_df07_4c46, by an implementation in
        // Python that also gives the paper's vector for SipHash-2-4.
        var hash = new FragmentHash(0x0706_0504_0302_0100L, 0x0f0e_0d0c_0b0a_0908L);
        assertThat(sixWords(hash)).isEqualTo(0x9f31_43f8 ^ 0xdf07_4c46);
    }

    private static int sixWords(FragmentHash hash) {
        hash.start();
        for (long i = 0; i < 6; i++) {
            hash.word(0x0706_0504_0302_0100L + i * 0x0808_0808_0808_0808L);
        }
        return hash.finish();
    }
}
