package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Publication;
import io.tapswitch.nat.NatVersion.OutsideAddress;
import io.tapswitch.tapio.PortMarks;
import io.tapswitch.wire.IpAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The marks of published ports against the plainest model there is. */
class PublishedTest {
    private static final int WORKERS = 3;
    private static final int PORTS = 40;
    private static final List<String> ADDRESSES = List.of("192.0.2.1", "192.0.2.2", "2001:db8::1");

    private final Published published = new Published(WORKERS);
    private final List<PortMarks> marksOf = new ArrayList<>();
    private final Map<Integer, PortMarks> marks = new HashMap<>();
    private int lastRule;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void P8_P9_afterAnyChangesTheMarksAreThoseOfWhatIsServed(long seed) {
        Random random = new Random(seed);
        List<OutsideAddress> addresses = new ArrayList<>();
        for (int slot = 0; slot < ADDRESSES.size(); slot++) {
            addresses.add(new OutsideAddress(slot, IpAddress.parse(ADDRESSES.get(slot))));
            marksOf.add(PortMarks.inMemory());
            marks.put(slot, marksOf.getLast());
        }
        List<ActivePort> inForce = List.of();
        for (int change = 0; change < 300; change++) {
            List<ActivePort> next = changed(inForce, random);
            List<OutsideAddress> now = addresses.subList(0, 1 + random.nextInt(ADDRESSES.size()));
            published.plan(next, now, marks);
            published.unmark();
            if (random.nextInt(4) == 0) {
                // The dataplane did not take the version: the one before comes again.
                published.plan(inForce, now, marks);
                published.unmark();
            } else {
                inForce = next;
            }
            published.mark();
            for (OutsideAddress gone : addresses.subList(now.size(), addresses.size())) {
                // The wiring forgets its marks, and makes others when it is there again.
                marksOf.set(gone.slot(), PortMarks.inMemory());
                marks.put(gone.slot(), marksOf.get(gone.slot()));
            }
            assertMarked(inForce, now);
            assertSockets(inForce);
        }
    }

    private void assertMarked(List<ActivePort> served, List<OutsideAddress> addresses) {
        for (OutsideAddress address : addresses) {
            for (int port = 1; port <= PORTS + 3; port++) {
                int owner = -1;
                for (ActivePort each : served) {
                    boolean isOn = each.outside() == null
                            ? each.inside().isIpv6() == address.address().isIpv6()
                            : address.address().equals(each.outside());
                    if (isOn && each.firstHostPort() <= port && port <= each.lastHostPort()) {
                        owner = each.endpoint() % WORKERS;
                    }
                }
                assertThat(marksOf.get(address.slot()).owner(PortMarks.TCP, port))
                        .as("%s port %d of %s", address, port, served)
                        .isEqualTo(owner);
            }
        }
    }

    private void assertSockets(List<ActivePort> served) {
        for (int port = 1; port <= PORTS + 3; port++) {
            int number = port;
            assertThat(published.has(new OutsideKernel.HostSocket(6, number, null)))
                    .isEqualTo(served.stream()
                            .anyMatch(each -> each.outside() == null
                                    && each.firstHostPort() <= number
                                    && number <= each.lastHostPort()));
        }
    }

    private List<ActivePort> changed(List<ActivePort> before, RandomGenerator random) {
        List<ActivePort> next = new ArrayList<>(before);
        for (int changes = random.nextInt(4); changes > 0; changes--) {
            switch (random.nextInt(4)) {
                case 0 -> next.removeIf(port -> random.nextInt(4) == 0);
                case 1 -> Collections.shuffle(next, new Random(random.nextLong()));
                case 2 ->
                    // Its container has another endpoint now.
                    next.replaceAll(port -> random.nextInt(4) == 0 ? moved(port, random.nextInt(9)) : port);
                default -> add(next, random);
            }
        }
        return next;
    }

    private static ActivePort moved(ActivePort port, int endpoint) {
        return new ActivePort(
                port.publication(), port.outside(), port.inside(), endpoint, port.network(), port.containerId());
    }

    private void add(List<ActivePort> to, RandomGenerator random) {
        int first = 1 + random.nextInt(PORTS);
        int last = first + random.nextInt(3);
        if (to.stream().anyMatch(port -> port.firstHostPort() <= last && first <= port.lastHostPort())) {
            return;
        }
        String address = random.nextBoolean() ? "" : ADDRESSES.get(random.nextInt(2)) + ":";
        PortSpec spec = PortSpec.parse(address + first + "-" + last + ":" + first + "-" + last);
        Publication publication = new Publication(++lastRule, "c", spec, first, List.of(), new Origin.Command());
        int endpoint = random.nextInt(9);
        int place = random.nextInt(to.size() + 1);
        to.add(place, new ActivePort(publication, spec.address(), IpAddress.parse("10.0.0.2"), endpoint, 0, "c"));
        if (spec.address() == null) {
            to.add(place + 1, new ActivePort(publication, null, IpAddress.parse("fd00::2"), endpoint, 0, "c"));
        }
    }
}
