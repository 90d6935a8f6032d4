package io.tapswitch.core.dataplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenBucketTest {
    private static final long SECOND_NS = 1_000_000_000L;

    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, Long.MAX_VALUE, Long.MAX_VALUE - SECOND_NS / 2, Long.MIN_VALUE, -SECOND_NS})
    void B9_letsTheBurstAndThenTheRateThroughFromAnyTimeOnTheClock(long startNs) {
        TokenBucket bucket = new TokenBucket(1000, 50);
        assertThat(takeAll(bucket, startNs)).isEqualTo(50);
        int taken = 0;
        for (long t = 1; t <= 10 * SECOND_NS; t += 99_991) {
            taken += bucket.tryTake(startNs + t) ? 1 : 0;
        }
        assertThat(taken).isBetween(9_999, 10_000);
    }

    @Test
    void aTokenComesExactlyWhenItsTimeIsOver() {
        TokenBucket bucket = new TokenBucket(3, 1);
        assertThat(bucket.tryTake(0)).isTrue();
        assertThat(bucket.tryTake(333_333_333L)).isFalse();
        assertThat(bucket.tryTake(333_333_334L)).isTrue();
    }

    @Test
    void aLongPauseFillsTheBucketAndNoMore() {
        TokenBucket bucket = new TokenBucket(Integer.MAX_VALUE, Integer.MAX_VALUE);
        assertThat(bucket.tryTake(0)).isTrue();
        assertThat(bucket.tryTake(Long.MAX_VALUE)).isTrue();
        TokenBucket small = new TokenBucket(10, 4);
        takeAll(small, 0);
        assertThat(takeAll(small, 3600 * SECOND_NS)).isEqualTo(4);
    }

    @Test
    void timeThatGoesBackwardsEarnsNothing() {
        TokenBucket bucket = new TokenBucket(1, 1);
        assertThat(bucket.tryTake(100 * SECOND_NS)).isTrue();
        assertThat(bucket.tryTake(SECOND_NS)).isFalse();
        assertThat(bucket.tryTake(2 * SECOND_NS)).isTrue();
    }

    @Test
    void rateZeroIsNoLimit() {
        TokenBucket bucket = new TokenBucket(0, 1);
        for (int i = 0; i < 1000; i++) {
            assertThat(bucket.tryTake(7)).isTrue();
        }
    }

    @Test
    void aBucketThatCanNeverHoldATokenIsRefused() {
        assertThatThrownBy(() -> new TokenBucket(10, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new TokenBucket(-1, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    private static int takeAll(TokenBucket bucket, long nowNs) {
        int taken = 0;
        while (bucket.tryTake(nowNs)) {
            taken++;
        }
        return taken;
    }
}
