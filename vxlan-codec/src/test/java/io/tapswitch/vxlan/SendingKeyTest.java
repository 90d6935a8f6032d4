package io.tapswitch.vxlan;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.wire.Seeds;
import java.util.HashSet;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** V13: no counter of a key is ever used twice. */
class SendingKeyTest {
    private final RandomGenerator random = Seeds.random();
    private final TunnelKey key = new TunnelKey(1, new byte[TunnelKey.SECRET_LENGTH], 2);

    @Test
    void V13_noCounterComesTwice_whateverDies() {
        for (int round = 0; round < 50; round++) {
            Set<Long> used = new HashSet<>();
            long onDisk = 0;
            for (int life = 0; life < 6; life++) {
                long begin = onDisk;
                onDisk = begin + random.nextInt(40);
                SendingKey sending = new SendingKey(key, begin, onDisk);
                for (int i = random.nextInt(400); i > 0; i--) {
                    if (random.nextInt(30) == 0) {
                        // The disk first. The daemon may die between.
                        onDisk += random.nextInt(20);
                        if (random.nextInt(10) == 0) {
                            break;
                        }
                        sending.raise(onDisk);
                    }
                    long counter = sending.take(random.nextInt(3));
                    if (counter != SendingKey.NONE) {
                        assertThat(used.add(counter)).as(Seeds.description()).isTrue();
                        assertThat(SealHeader.sequence(counter)).isBetween(begin, onDisk - 1);
                    }
                }
                assertThat(sending.highest()).isBetween(begin, onDisk);
            }
            assertThat(used).isNotEmpty();
        }
    }

    @Test
    void V13_theLastWorkersCounterIsNoDropCode() {
        SendingKey sending = new SendingKey(key, 5, 6);
        long counter = sending.take(SendingKey.MAX_WORKERS - 1);
        assertThat(counter).isPositive();
        assertThat(SealHeader.worker(counter)).isEqualTo(127);
        assertThat(SealHeader.sequence(counter)).isEqualTo(5);
        assertThat(sending.take(127)).isEqualTo(SendingKey.NONE);
        assertThat(sending.take(126)).isNotEqualTo(SendingKey.NONE);
        assertThat(sending.highest()).isEqualTo(6);
    }
}
