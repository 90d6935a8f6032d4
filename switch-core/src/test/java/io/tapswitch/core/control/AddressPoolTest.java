package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class AddressPoolTest {
    private static AddressPool pool(String subnet, String gateway) {
        return new AddressPool("web", Ipv4.prefix(subnet, "subnet"), Ipv4.parse(gateway, "gateway"));
    }

    private static int address(String text) {
        return Ipv4.parse(text, "address");
    }

    @Test
    @DisplayName("A-IPAM-02, A-IPAM-03 lowest free first: two leaves, three gets its address, two rejoins behind")
    void givesTheLowestFreeAddress() {
        AddressPool pool = pool("10.0.0.0/24", "10.0.0.1");
        assertThat(pool.take()).isEqualTo(address("10.0.0.2"));
        int two = pool.take();
        assertThat(two).isEqualTo(address("10.0.0.3"));
        pool.giveBack(two);
        assertThat(pool.take()).isEqualTo(address("10.0.0.3"));
        assertThat(pool.take()).isEqualTo(address("10.0.0.4"));
    }

    @Test
    @DisplayName("A-IPAM-07 a chosen gateway is never given out")
    void goesAroundTheGateway() {
        AddressPool pool = pool("10.0.0.0/29", "10.0.0.3");
        assertThat(pool.take()).isEqualTo(address("10.0.0.1"));
        assertThat(pool.take()).isEqualTo(address("10.0.0.2"));
        assertThat(pool.take()).isEqualTo(address("10.0.0.4"));
    }

    @Test
    @DisplayName("A-IPAM-06 outside, in use, gateway, network and broadcast are refused, each with its reason")
    void refusesImpossibleChoices() {
        AddressPool pool = pool("10.0.0.0/24", "10.0.0.1");
        pool.take(address("10.0.0.9"));
        assertThatThrownBy(() -> pool.take(address("10.0.1.2"))).hasMessageContaining("no configured subnet");
        assertThatThrownBy(() -> pool.take(address("10.0.0.9"))).hasMessageContaining("already in use");
        assertThatThrownBy(() -> pool.take(address("10.0.0.1"))).hasMessageContaining("gateway");
        assertThatThrownBy(() -> pool.take(address("10.0.0.0"))).hasMessageContaining("network address");
        assertThatThrownBy(() -> pool.take(address("10.0.0.255"))).hasMessageContaining("broadcast address");
    }

    @Test
    @DisplayName("A-IPAM-13 an exhausted subnet is a clear error, and one given back is enough again")
    void saysWhenItIsExhausted() {
        AddressPool pool = pool("10.0.0.0/30", "10.0.0.1");
        int only = pool.take();
        assertThatThrownBy(pool::take)
                .hasMessageContaining("no available IPv4 addresses")
                .hasMessageContaining("web");
        pool.giveBack(only);
        assertThat(pool.take()).isEqualTo(only);
    }

    @Test
    @DisplayName("C3 against a model: whatever was taken and given back, the next is the lowest free one")
    void agreesWithASortedSet() {
        long seed = Long.getLong("seed", System.nanoTime());
        Random random = new Random(seed);
        AddressPool pool = pool("10.0.0.0/25", "10.0.0.7");
        TreeSet<Integer> free = new TreeSet<>();
        for (int i = 1; i < 127; i++) {
            free.add(address("10.0.0.0") + i);
        }
        free.remove(address("10.0.0.7"));
        TreeSet<Integer> taken = new TreeSet<>();
        for (int step = 0; step < 20_000; step++) {
            if (random.nextInt(100) < 52 && !free.isEmpty()) {
                Integer lowest = free.pollFirst();
                assertThat(pool.take()).as("seed %d step %d", seed, step).isEqualTo(lowest);
                taken.add(lowest);
            } else if (!taken.isEmpty()) {
                int victim = taken.stream()
                        .skip(random.nextInt(taken.size()))
                        .findFirst()
                        .orElseThrow();
                taken.remove(victim);
                free.add(victim);
                pool.giveBack(victim);
            }
            assertThat(pool.free()).as("seed %d step %d", seed, step).isEqualTo(free.size());
        }
    }
}
