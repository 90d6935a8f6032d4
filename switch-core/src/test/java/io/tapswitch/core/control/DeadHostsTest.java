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
    private final Map<IpAddress, Long> frames = new HashMap<>();
    private long nowMs = 5_000;
    private long goneAtMs = -1;

    private final DeadHosts tested = new DeadHosts(() -> nowMs);

    private void look() {
        tested.look(Map.of(HOST.id(), HOST), host -> goneAtMs < 0 ? -1 : nowMs - goneAtMs, frames, removed::add);
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
            tested.look(Map.of(HOST.id(), HOST), host -> nowMs - goneAtMs, frames, host -> {
                tries[0]++;
                throw Refusal.conflict("host_alive", "it lives");
            });
        }
        assertThat(tries[0]).isEqualTo(3);
    }
}
