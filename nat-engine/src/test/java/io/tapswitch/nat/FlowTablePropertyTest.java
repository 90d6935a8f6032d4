package io.tapswitch.nat;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.nat.FlowModel.Flow;
import io.tapswitch.nat.FlowModel.PortKey;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;

/**
 * Random life against a model of maps: a small world, so that keys meet, ports are taken, quotas and capacity are
 * reached, and processes that die and come again. {@code -Dseed=} repeats a run.
 */
class FlowTablePropertyTest {
    private static final int STEPS = 2_000;
    private static final int[] PROTOCOLS = {6, 6, 6, 17, 17, 1, 47};

    private final FlowTuple t = new FlowTuple();

    @RepeatedTest(8)
    void behavesLikeMaps(RepetitionInfo repetition) {
        RandomGenerator random = FlowWorld.random(repetition.getCurrentRepetition());
        // Sometimes the table is what is small, sometimes the quota, sometimes neither.
        int capacity = 32 << random.nextInt(4);
        int quota = random.nextBoolean() ? capacity : 12;
        FlowWorld world = new FlowWorld(new FlowLimits(capacity, 4, 2, quota));
        FlowModel model = new FlowModel(world);
        world.listener = model;
        world.reopen();
        for (int step = 0; step < STEPS; step++) {
            try {
                step(random, world, model);
                model.assertPortsTold();
                if (step % 64 == 0) {
                    model.assertSame();
                }
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("step " + step + ", -Dseed=" + FlowWorld.SEED, e);
            }
        }
        assertThat(model.expirations).isPositive();
    }

    private void step(RandomGenerator random, FlowWorld world, FlowModel model) {
        world.nowMs += random.nextInt(2_000);
        switch (random.nextInt(20)) {
            case 0, 1, 2, 3, 4, 5, 6, 7, 8 -> insert(random, world, model);
            case 9, 10, 11, 12, 13 -> packet(random, world, model);
            case 14 -> remove(random, world, model);
            case 15 -> search(random, world, model);
            case 16, 17 -> expire(random, world, model);
            case 18 -> retire(random, world, model);
            default -> rare(random, world, model);
        }
    }

    private void any(RandomGenerator random) {
        int protocol = PROTOCOLS[random.nextInt(PROTOCOLS.length)];
        boolean six = random.nextInt(4) == 0;
        long hi = six ? 0x2001_0db8L << 32 : 0;
        long inside = six ? 1 + random.nextInt(2) : FlowTuple.v4(0x0A09_0001 + random.nextInt(2));
        long peer = six ? 0x100 + random.nextInt(3) : FlowTuple.v4(0xC000_0201 + random.nextInt(3));
        boolean ports = FlowModel.hasPorts(protocol);
        int slot = six ? 1 : 0;
        if (random.nextInt(3) == 0) {
            t.inbound(protocol).rule(random.nextInt(3));
            t.outside(slot, ports ? 80 + random.nextInt(2) : 0);
            t.seenPeer(six || random.nextInt(4) != 0 ? 0 : 0x0A09_00FE);
            t.seenPort(!ports || random.nextInt(4) != 0 ? 0 : 1 + random.nextInt(4));
        } else {
            t.outbound(protocol).outside(slot, ports ? 1 + random.nextInt(24) : 0);
        }
        t.inside(random.nextInt(2), hi, inside, ports ? 1000 + random.nextInt(4) : 0)
                .peer(hi, peer, ports ? 1 + random.nextInt(4) : 0)
                .endpoint(random.nextInt(4));
    }

    private void insert(RandomGenerator random, FlowWorld world, FlowModel model) {
        any(random);
        if (t.kind() == FlowEntries.OUTBOUND) {
            int mapped = world.table.mappedPort(t);
            if (mapped != FlowTable.ABSENT && random.nextInt(10) != 0) {
                t.outside(t.outsideSlot(), mapped);
            }
            if (random.nextInt(8) == 0) {
                t.dependent();
            }
        }
        int refusal = model.expectedRefusal(t);
        int timerClass = random.nextInt(FlowWorld.TIMEOUTS_MS.length);
        if (refusal != 0) {
            assertThat(world.table.insert(t, timerClass, world.nowMs)).isEqualTo(refusal);
            return;
        }
        Flow flow = model.add(t, timerClass);
        int slot = world.table.insert(t, timerClass, world.nowMs);
        assertThat(slot).isNotNegative();
        model.placed(flow, slot);
    }

    private void packet(RandomGenerator random, FlowWorld world, FlowModel model) {
        Flow flow = pick(random, model);
        if (flow == null) {
            return;
        }
        flow.seenMs = world.nowMs;
        if (random.nextBoolean()) {
            world.table.touch(flow.slot, world.nowMs);
        } else {
            flow.timerClass = random.nextInt(FlowWorld.TIMEOUTS_MS.length);
            world.table.touch(flow.slot, world.nowMs, flow.timerClass);
        }
        if (random.nextInt(3) == 0) {
            int standing = random.nextInt(3);
            world.table.standing(flow.slot, standing);
            model.standing(flow, standing);
        }
        FlowEntries entries = world.table.entries();
        flow.bytes += 1400;
        entries.count(flow.slot, FlowEntries.TO_INSIDE, 1400);
        flow.state = random.nextInt(256);
        entries.protocolState(flow.slot, flow.state);
        flow.window = random.nextLong();
        entries.window(flow.slot, FlowEntries.TO_PEER, flow.window);
    }

    private static @Nullable Flow pick(RandomGenerator random, FlowModel model) {
        List<Flow> flows = model.flows();
        return flows.isEmpty() ? null : flows.get(random.nextInt(flows.size()));
    }

    private static void remove(RandomGenerator random, FlowWorld world, FlowModel model) {
        Flow flow = pick(random, model);
        if (flow != null) {
            model.condemn(List.of(flow));
            world.table.remove(flow.slot);
        }
    }

    private void search(RandomGenerator random, FlowWorld world, FlowModel model) {
        any(random);
        Flow inside = model.byInside.get(FlowModel.InsideKey.of(t));
        assertThat(world.table.findInside(t)).isEqualTo(inside == null ? FlowTable.ABSENT : inside.slot);
        Flow outside = model.byOutside.get(FlowModel.OutsideKey.of(t));
        assertThat(world.table.findOutside(t)).isEqualTo(outside == null ? FlowTable.ABSENT : outside.slot);
        PortKey port = PortKey.of(t);
        if (FlowModel.hasPorts(t.protocol())) {
            assertThat(world.table.portUsed(port.protocol(), port.slot(), port.port()))
                    .isEqualTo(model.used(port));
        }
    }

    private static void expire(RandomGenerator random, FlowWorld world, FlowModel model) {
        int limit = 1 + random.nextInt(8);
        if (random.nextBoolean()) {
            assertThat(world.table.expire(world.nowMs, limit)).isLessThanOrEqualTo(limit);
            return;
        }
        world.nowMs += random.nextInt(60_000);
        world.expireAll();
        model.assertNothingOverdue();
    }

    private static void retire(RandomGenerator random, FlowWorld world, FlowModel model) {
        Flow flow = pick(random, model);
        if (flow != null && FlowModel.hasPorts(flow.port.protocol())) {
            model.flows().stream()
                    .filter(other -> other.mapped() && other.port.equals(flow.port))
                    .forEach(other -> other.dependent = true);
            world.table.retirePort(flow.port.protocol(), flow.port.slot(), flow.port.port());
            assertThat(world.table.mappingOf(flow.port.protocol(), flow.port.slot(), flow.port.port()))
                    .isEqualTo(FlowTable.ABSENT);
        }
    }

    private static void rare(RandomGenerator random, FlowWorld world, FlowModel model) {
        int what = random.nextInt(12);
        if (what == 0) {
            world.nowMs += 3_600_000L * random.nextInt(4);
            world.expireAll();
            model.assertNothingOverdue();
        } else if (what < 3) {
            int endpoint = random.nextInt(4);
            removeSome(
                    random,
                    model,
                    model.flows().stream()
                            .filter(flow -> flow.key.endpoint() == endpoint)
                            .toList(),
                    limit -> world.table.removeEndpoint(endpoint, limit));
        } else if (what < 5) {
            int rule = random.nextInt(3);
            removeSome(
                    random,
                    model,
                    model.flows().stream()
                            .filter(flow -> flow.key.kind() == FlowEntries.INBOUND && flow.key.rule() == rule)
                            .toList(),
                    limit -> world.table.removeRule(rule, limit));
        } else if (what < 9) {
            world.reopen();
            model.reopened();
            assertThat(world.table.torn()).isZero();
            assertThat(world.table.recovered()).isEqualTo(model.flows().size());
            model.assertSame();
        }
    }

    private interface Removal {
        int upTo(int limit);
    }

    private static void removeSome(RandomGenerator random, FlowModel model, List<Flow> flows, Removal removal) {
        int limit = random.nextBoolean() ? 1_000 : 1 + random.nextInt(8);
        model.condemn(flows);
        assertThat(removal.upTo(limit)).isEqualTo(Math.min(limit, flows.size()));
    }
}
