package io.tapswitch.nat;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KeyedRandomTest {
    /**
     * {@code PYTHONHASHSEED=0 python3.11 -c 'print(hash(bytes(range(8))))'}: CPython's SipHash-1-3 with a key of
     * zeros.
     */
    @Test
    void theHashIsSipHash13() {
        assertThat(KeyedRandom.sipHash13(0, 0, 0x0706_0504_0302_0100L)).isEqualTo(0xead4_11e6_7ebe_2eeaL);
        assertThat(KeyedRandom.sipHash13(0, 0, 1)).isEqualTo(0x1e9f_7341_61d6_2dd9L);
    }

    @Test
    void n5_anotherKeyGivesOtherNumbers() {
        assertThat(KeyedRandom.create().nextLong())
                .isNotEqualTo(KeyedRandom.create().nextLong());
        assertThat(new KeyedRandom(1, 2).nextLong()).isEqualTo(new KeyedRandom(1, 2).nextLong());
    }
}
