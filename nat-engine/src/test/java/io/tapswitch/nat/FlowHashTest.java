package io.tapswitch.nat;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The hash is the one that it says it is, and everything that tells flows apart goes into it. */
class FlowHashTest {
    /** Judge: CPython 3.11, whose hash of bytes is SipHash-1-3, with PYTHONHASHSEED=0; the bytes 0, 1, 2 ... */
    @Test
    void isSipHash13() {
        assertThat(hash(15)).isEqualTo(0xf30eb725bb91c9eaL);
        assertThat(hash(23)).isEqualTo(0x37332b1389daa4ffL);
        assertThat(hash(39)).isEqualTo(0x6c76b6d34bb6d26bL);
    }

    private static long hash(int length) {
        ByteBuffer bytes = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < length; i++) {
            bytes.put(i, (byte) i);
        }
        long[] words = new long[length / 8];
        bytes.asLongBuffer().get(words);
        return new FlowHash(0, 0).hash64(words, bytes.getLong(length / 8 * 8));
    }

    @Test
    void N30_eachPartOfAKeyChangesItsHash() {
        FlowHash hash = new FlowHash(1, 2);
        for (long hi : new long[] {0, 0x2001_0db8L << 32}) {
            long lo = hi == 0 ? FlowTuple.v4(0x0A09_0001) : 1;
            Set<Integer> hashes = new HashSet<>();
            int keys = 0;
            for (int part = -1; part < 7; part++) {
                FlowTuple t = new FlowTuple()
                        .lookup(part == 0 ? 17 : 6)
                        .inside(part == 1 ? 1023 : 0, hi, part == 2 ? lo + 1 : lo, part == 3 ? 2 : 1)
                        .peer(hi, part == 4 ? lo + 3 : lo + 2, part == 5 ? 4 : 3)
                        .outside(part == 6 ? 255 : 0, part == 3 ? 2 : 1);
                hashes.add(hash.inside(t));
                hashes.add(hash.outside(t));
                hashes.add(hash.mapping(t));
                // The slot is no part of the inside's key; network and inside none of the outside's; the peer none
                // of the mapping's.
                keys += part == -1 ? 3 : partsThatChange(part);
            }
            assertThat(hashes).hasSize(keys);
        }
        assertThat(hash.rule(1)).isNotEqualTo(hash.rule(2));
    }

    private static int partsThatChange(int part) {
        return switch (part) {
            case 0, 3 -> 3;
            case 1, 2, 4, 5, 6 -> 2;
            default -> 0;
        };
    }

    @Test
    void anotherKeyIsAnotherHash() {
        FlowTuple t = FlowWorld.outbound(6, 1, 2, 3, 4);
        assertThat(new FlowHash(1, 2).inside(t))
                .isNotEqualTo(new FlowHash(1, 3).inside(t))
                .isNotEqualTo(new FlowHash(2, 2).inside(t));
    }
}
