package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.wire.IpAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DeadHostsTest {
    private static final Host HOST = new Host("h".repeat(64), "north", IpAddress.parse("192.0.2.1"), 1);

    private final List<Host> removed = new ArrayList<>();
    private final List<Long> vouched = new ArrayList<>();
    private final Map<IpAddress, Long> frames = new HashMap<>();
    private long nowMs = 5_000;
    private long goneAtMs = -1;

    private final DeadHosts tested = new DeadHosts(() -> nowMs);

    private void look() {
        tested.look(
                Map.of(HOST.id(), HOST),
                host -> goneAtMs < 0 ? -1 : nowMs - goneAtMs,
                frames,
                host -> vouched.add(nowMs),
                removed::add);
    }

    private void pass(int seconds) {
        for (int i = 0; i < seconds; i += 5) {
            nowMs += 5_000;
            look();
        }
    }

    @Test
    void A_OVL_18_aHostThatNeitherStoreNorTunnelHasSeenForAMinuteIsDead() {
        look();
        goneAtMs = nowMs;
        pass(55);
        assertThat(removed).isEmpty();
        pass(5);
        assertThat(removed).containsExactly(HOST);
    }

    @Test
    void V12_aHostThatIsCutOffFromTheStoreAndStillForwardsIsNotDead() {
        look();
        goneAtMs = nowMs;
        for (int i = 1; i <= 20; i++) {
            frames.put(HOST.vtep(), (long) i);
            pass(30);
        }
        assertThat(removed).isEmpty();
        pass(60);
        assertThat(removed).as("and then its tunnel falls silent").isNotEmpty();
    }

    @Test
    void aHostThatTheStoreSeesIsNotDeadHoweverSilentItsTunnelIs() {
        pass(600);
        assertThat(removed).isEmpty();
    }

    @Test
    void aHostThatIsNewHereHasAMinuteToo() {
        goneAtMs = 0;
        nowMs = 1_000_000;
        look();
        assertThat(removed).isEmpty();
        pass(60);
        assertThat(removed).isNotEmpty();
    }

    @Test
    void whoCannotBeRemovedIsTriedAgain() {
        goneAtMs = nowMs;
        look();
        int[] tries = {0};
        for (int i = 0; i < 14; i++) {
            nowMs += 5_000;
            tested.look(Map.of(HOST.id(), HOST), host -> nowMs - goneAtMs, frames, host -> {}, host -> {
                tries[0]++;
                throw Refusal.conflict("host_alive", "it lives");
            });
        }
        assertThat(tries[0]).isEqualTo(3);
    }

    @Test
    void V12_whoHearsAHostThatTheStoreDoesNotSeeSaysSoEachTwentySeconds() {
        look();
        frames.put(HOST.vtep(), 1L);
        pass(30);
        assertThat(vouched).as("while the store sees it").isEmpty();
        goneAtMs = nowMs;
        pass(20);
        assertThat(vouched).as("while it is silent").isEmpty();
        for (int i = 2; i < 22; i++) {
            frames.put(HOST.vtep(), (long) i);
            pass(5);
        }
        assertThat(vouched).hasSize(5);
        assertThat(vouched.get(1) - vouched.get(0)).isEqualTo(DeadHosts.VOUCH_MS);
        pass(40);
        assertThat(vouched).as("silent again").hasSize(5);
    }

    @Test
    void V12_countersThatBeganAnewAreNoSignOfLife_andWhatCouldNotBeSaidIsSaidAgain() {
        frames.put(HOST.vtep(), 100L);
        look();
        goneAtMs = nowMs;
        frames.put(HOST.vtep(), 0L);
        pass(5);
        assertThat(vouched).isEmpty();
        int[] tries = {0};
        for (int i = 1; i <= 3; i++) {
            nowMs += 5_000;
            frames.put(HOST.vtep(), (long) i);
            tested.look(
                    Map.of(HOST.id(), HOST),
                    host -> nowMs - goneAtMs,
                    frames,
                    host -> {
                        tries[0]++;
                        throw Refusal.failed("cluster_unreachable", "away");
                    },
                    removed::add);
        }
        assertThat(tries[0]).isEqualTo(3);
    }
}
