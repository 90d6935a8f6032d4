package io.tapswitch.core.overlay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.ClusterEntry.Host;
import io.tapswitch.core.overlay.ClusterEntry.OverlayNetwork;
import io.tapswitch.core.overlay.ClusterEntry.RemoteEndpoint;
import io.tapswitch.core.overlay.store.ClusterStore;
import io.tapswitch.core.overlay.store.StoreException;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Whatever hosts do at once, and whatever answers are lost: nothing is given twice. */
final class AllocationTest {
    private static final AtomicLong IDS = new AtomicLong(0x1000);

    private final FakeStore store = new FakeStore();

    private NetworkAllocation networks(ClusterStore client) {
        return new NetworkAllocation(client, NetworkAllocation.VNI_FIRST, ClusterText.VNI_MAX);
    }

    private static Registration registration(ClusterStore client) {
        return new Registration(client, "/state/cluster.json");
    }

    private static Registration.Sign sign(long lease) {
        return new Registration.Sign(lease, true, null);
    }

    private static NetworkPlan plan(String name) {
        String id = Entries.id(IDS.incrementAndGet());
        return (others, vni) -> {
            OverlayNetwork like = Entries.network(name, vni);
            return new OverlayNetwork(id, name, vni, "now", true, false, true, like.subnets(), Map.of(), Map.of());
        };
    }

    private OverlayNetwork made(String name) {
        return networks(store.client()).create(name, 0, plan(name), List.of()).value();
    }

    private Host registered(ClusterStore client, int number) {
        Host host = Entries.host(number);
        registration(client).register(host, sign(client.grant(java.time.Duration.ofSeconds(15))));
        return host;
    }

    /** Plans for the lowest free address. */
    private static EndpointPlan endpoint(OverlayNetwork network, Host host, String name) {
        String id = Entries.id(IDS.incrementAndGet());
        return taken -> at(network, host, id, name, lowest(taken));
    }

    private static Ipv4Address lowest(Predicate<IpAddress> taken) {
        return IntStream.range(0, 1_000)
                .mapToObj(Entries::address)
                .filter(address -> !taken.test(address))
                .findFirst()
                .orElseThrow();
    }

    private static RemoteEndpoint at(OverlayNetwork network, Host host, String id, String name, Ipv4Address address) {
        return new RemoteEndpoint(
                id,
                network.id(),
                host.id(),
                name,
                List.of(),
                io.tapswitch.wire.MacAddress.ofContainer(address),
                address,
                null);
    }

    private static <T> List<T> atOnce(List<Callable<T>> tasks) throws InterruptedException {
        List<T> results = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            for (Future<T> future : threads.invokeAll(tasks)) {
                try {
                    results.add(future.get());
                } catch (ExecutionException e) {
                    assertThat(e).hasCauseInstanceOf(Refusal.class);
                }
            }
        }
        return results;
    }

    @Test
    void A_OVL_03_aNameIsMadeOnceHoweverManyHostsMakeItAtOnce() throws InterruptedException {
        List<Callable<OverlayNetwork>> tasks = new ArrayList<>();
        for (int host = 0; host < 8; host++) {
            tasks.add(() -> networks(store.client())
                    .create("web", 0, plan("web"), List.of())
                    .value());
        }
        assertThat(atOnce(tasks)).hasSize(1);
        assertThatThrownBy(() -> made("web")).hasMessage("network with name web already exists");
    }

    @Test
    void A_OVL_08_networksMadeAtOnceHaveVnisOfTheirOwnAndKnewEachOther() throws InterruptedException {
        Set<Set<String>> known = java.util.Collections.synchronizedSet(new HashSet<>());
        List<Callable<OverlayNetwork>> tasks = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            String name = "net-" + i;
            NetworkPlan plan = plan(name);
            tasks.add(() -> networks(store.client())
                    .create(
                            name,
                            0,
                            (others, vni) -> {
                                Set<String> names = new HashSet<>();
                                others.forEach(other -> names.add(other.name()));
                                known.add(names);
                                return plan.network(others, vni);
                            },
                            List.of())
                    .value());
        }
        List<OverlayNetwork> made = atOnce(tasks);
        assertThat(made).hasSize(24);
        assertThat(made).extracting(OverlayNetwork::vni).doesNotHaveDuplicates().allMatch(vni -> vni >= 4_096);
        assertThat(known).anyMatch(names -> names.size() == 23);
    }

    @Test
    void aVniThatIsTakenIsRefusedAndOneThatNobodyCanReadIsPassedOver() {
        store.put(new ClusterEntry.Claim(ClusterKeys.vni(4_096), Entries.id(1)));
        assertThat(made("web").vni()).isEqualTo(4_097);
        assertThatThrownBy(() -> networks(store.client()).create("db", 4_097, plan("db"), List.of()))
                .hasMessage("VNI 4097 is that of network web of the cluster");
        assertThatThrownBy(() ->
                        new NetworkAllocation(store.client(), 4_096, 4_097).create("db", 0, plan("db"), List.of()))
                .hasMessage("all VNIs from 4096 to 4097 are in use");
        assertThatThrownBy(() -> new NetworkAllocation(store.client(), 0, 1 << 24))
                .hasMessageContaining("they must be from 1 to 16777215");
    }

    @Test
    void row92_aNetworkThatAllHostsRegisterAgainAtOnceIsThereOnce() throws InterruptedException {
        List<OverlayNetwork> lost = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            lost.add(made("net-" + i));
        }
        store.become("8", Map.of());
        List<Callable<Boolean>> tasks = new ArrayList<>();
        for (int i = 0; i < 8 * lost.size(); i++) {
            OverlayNetwork network = lost.get(i / 8);
            tasks.add(() -> networks(store.client()).restore(network) != null);
        }
        assertThat(atOnce(tasks)).as("and nobody is refused").hasSize(8 * lost.size());
        assertThat(store.content().keySet().stream().filter(key -> key.contains("/networks/")))
                .hasSize(lost.size());
    }

    @Test
    void A_OVL_04_addressesAreNeverGivenTwice() throws InterruptedException {
        OverlayNetwork network = made("web");
        List<Callable<RemoteEndpoint>> tasks = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            FakeStore.Client client = store.client();
            Host host = registered(client, 1 + i % 4);
            EndpointPlan plan = endpoint(network, host, "c" + i);
            tasks.add(() -> new EndpointAllocation(client, host)
                    .add(network, Set.of(), Set.of(), plan)
                    .value());
        }
        assertThat(atOnce(tasks)).hasSize(40).extracting(RemoteEndpoint::ipv4).doesNotHaveDuplicates();
    }

    @Test
    void aLostAnswerIsLookedForAndNothingIsMadeTwice() {
        OverlayNetwork network = made("web");
        FakeStore.Client client = store.client();
        Host host = registered(client, 1);
        client.losesAnswers(true);
        RemoteEndpoint made = new EndpointAllocation(client, host)
                .add(network, Set.of(), Set.of(), endpoint(network, host, "one"))
                .value();
        assertThat(store.content()).containsKey(made.key());
        assertThat(networks(client)
                        .create("db", 0, plan("db"), List.of())
                        .value()
                        .vni())
                .isEqualTo(4_097);
        new EndpointAllocation(client, host).remove(made);
        assertThat(store.content()).doesNotContainKey(made.key());
    }

    @Test
    void withoutTheStoreNothingIsGiven() {
        OverlayNetwork network = made("web");
        FakeStore.Client client = store.client();
        Host host = registered(client, 1);
        client.away(true);
        assertThatThrownBy(() -> new EndpointAllocation(client, host)
                        .add(network, Set.of(), Set.of(), endpoint(network, host, "one")))
                .isInstanceOf(StoreException.class);
    }

    @Test
    void A_OVL_17_aNetworkWithAnEndpointAnywhereStaysAndOneWithoutGoesForAll() {
        OverlayNetwork network = made("web");
        FakeStore.Client client = store.client();
        Host host = registered(client, 1);
        EndpointAllocation endpoints = new EndpointAllocation(client, host);
        RemoteEndpoint endpoint = endpoints
                .add(network, Set.of(), Set.of(), endpoint(network, host, "one"))
                .value();
        assertThatThrownBy(() -> networks(store.client()).remove(network))
                .hasMessageContaining("has active endpoints: disconnect or remove container one on host host-1 first");
        endpoints.remove(endpoint);
        networks(store.client()).remove(network);
        assertThat(store.content().keySet())
                .noneMatch(key -> key.contains(network.id()) || key.endsWith("/web") || key.endsWith("/4096"));
        assertThatThrownBy(() -> endpoints.add(network, Set.of(), Set.of(), endpoint(network, host, "two")))
                .hasMessage("network web not found");
    }

    @Test
    void A_OVL_17_aNameInANetworkIsGivenOnce() {
        OverlayNetwork network = made("web");
        FakeStore.Client first = store.client();
        FakeStore.Client second = store.client();
        Host one = registered(first, 1);
        Host two = registered(second, 2);
        new EndpointAllocation(first, one).add(network, Set.of(), Set.of(), endpoint(network, one, "svc"));
        assertThatThrownBy(() -> new EndpointAllocation(second, two)
                        .add(network, Set.of(), Set.of(), endpoint(network, two, "svc")))
                .hasMessage("endpoint with name svc already exists in network web");
    }

    @Test
    void A_OVL_18_endpointsOfADeadHostAreRemovedElsewhereAndTheSameAddressIsGivenAgain() {
        OverlayNetwork network = made("web");
        FakeStore.Client dead = store.client();
        Host one = registered(dead, 1);
        RemoteEndpoint old = new EndpointAllocation(dead, one)
                .add(network, Set.of(), Set.of(), endpoint(network, one, "svc"))
                .value();
        FakeStore.Client client = store.client();
        Host two = registered(client, 2);
        EndpointAllocation endpoints = new EndpointAllocation(client, two);
        assertThatThrownBy(() -> endpoints.removeForced(old)).hasMessageContaining("is alive: remove container svc");
        store.expireLeases();
        endpoints.removeForced(old);
        RemoteEndpoint again = endpoints
                .add(network, Set.of(), Set.of(), endpoint(network, two, "svc"))
                .value();
        assertThat(again.ipv4()).isEqualTo(old.ipv4());
        assertThatThrownBy(() -> new EndpointAllocation(dead, one).restore(old))
                .as("the dead one comes back")
                .hasMessage("endpoint with name svc already exists in network " + network.id());
        assertThat(new EndpointAllocation(dead, one).remove(old))
                .as("a late removal takes nothing from the new one")
                .noneMatch(entry -> entry.value() == null && !entry.key().equals(old.key()));
        assertThat(store.content())
                .containsKey(again.key())
                .containsKey(Entries.claim(again).key());
    }

    @Test
    void row94_whoComesFirstHasTheAddressUntilItIsDeadAndThenItsEndpointsGo() {
        OverlayNetwork network = made("web");
        FakeStore.Client first = store.client();
        Host one = registered(first, 1);
        RemoteEndpoint old = new EndpointAllocation(first, one)
                .add(network, Set.of(), Set.of(), endpoint(network, one, "svc"))
                .value();
        FakeStore.Client second = store.client();
        Host thief = new Host(Entries.id(9), "thief", one.vtep(), 1);
        long lease = second.grant(java.time.Duration.ofSeconds(15));
        assertThatThrownBy(() -> registration(second).register(thief, sign(lease)))
                .hasMessage("host thief has the address 192.0.2.1 of host host-1, which came first and is alive: give"
                        + " each host a --cluster-advertise of its own");
        assertThatThrownBy(() -> new EndpointAllocation(second, thief)
                        .add(network, Set.of(), Set.of(), endpoint(network, thief, "two")))
                .hasMessageContaining("is not its own in the cluster");
        store.expireLeases();
        registration(second).register(thief, sign(second.grant(java.time.Duration.ofSeconds(15))));
        assertThat(store.content()).doesNotContainKey(old.key()).doesNotContainKey(one.key());
        assertThat(store.content()).containsEntry(ClusterKeys.vtep(one.vtep()), thief.id());
    }

    @Test
    void row94_namesOfHostsAndIdsOfCopiedStateDirectoriesToo() {
        registered(store.client(), 1);
        FakeStore.Client other = store.client();
        long lease = other.grant(java.time.Duration.ofSeconds(15));
        Host namesake = new Host(Entries.id(9), "host-1", IpAddress.parse("192.0.2.9"), 1);
        registration(other).register(namesake, sign(lease));
        String named = "host-1-" + namesake.id().substring(0, 6);
        assertThat(store.content())
                .containsEntry(ClusterKeys.hostName("host-1"), Entries.id(1))
                .containsEntry(ClusterKeys.hostName(named), namesake.id())
                .containsEntry(namesake.key(), ClusterText.write(namesake.named(named)));
        Host copy = new Host(Entries.id(1), "host-1", IpAddress.parse("192.0.2.1"), 0);
        assertThatThrownBy(() -> registration(other).register(copy, sign(lease)))
                .hasMessageContaining("one of the two state directories is a copy of the other");
    }

    @Test
    void row94_aHostThatMovesGivesItsOldAddressBack_andOneThatIsAliveElsewhereIsAnotherOne() {
        FakeStore.Client client = store.client();
        Host before = registered(client, 1);
        long lease = client.grant(java.time.Duration.ofSeconds(15));
        Host after = new Host(before.id(), "renamed", IpAddress.parse("192.0.2.77"), 2);
        assertThatThrownBy(() -> registration(client).register(after, sign(lease)))
                .hasMessageStartingWith("host host-1 at 192.0.2.1 has registered with the id that this host has in"
                        + " /state/cluster.json too");
        registration(client).register(after, new Registration.Sign(lease, true, before));
        assertThat(store.content())
                .containsEntry(ClusterKeys.vtep(after.vtep()), after.id())
                .doesNotContainKey(ClusterKeys.vtep(before.vtep()))
                .doesNotContainKey(ClusterKeys.hostName("host-1"));
        store.expireLeases();
        registration(client)
                .register(
                        new Host(before.id(), "again", before.vtep(), 3),
                        sign(client.grant(java.time.Duration.ofSeconds(15))));
    }
}
