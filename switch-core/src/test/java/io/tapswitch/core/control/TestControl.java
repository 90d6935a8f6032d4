package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.ipam.DefaultPools;
import io.tapswitch.core.ipam.Taken;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.Network;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;

/** A control plane over a kernel and a dataplane that only remember; restarts keep the kernel. */
final class TestControl implements AutoCloseable {
    final FakePlumbing plumbing;
    final List<Taken> hostBlocks = new ArrayList<>();
    final Set<IpAddress> hostAddresses = new HashSet<>();
    FakeDataplane dataplane = new FakeDataplane(2);
    DataplaneEvents events = new DataplaneEvents();
    Controller controller;

    private final Path directory;
    private StateDirectory state;

    TestControl(Path directory) {
        this(directory, new FakePlumbing());
    }

    TestControl(Path directory, FakePlumbing plumbing) {
        this.plumbing = plumbing;
        this.directory = directory;
        this.state = StateDirectory.open(directory);
        this.controller = controller();
        controller.start(state.load());
    }

    private Controller controller() {
        return new Controller(
                dataplane,
                plumbing,
                state,
                events,
                own -> new HostLook(hostBlocks, hostAddresses),
                DefaultPools.localPool("test"),
                null);
    }

    /** Ends the daemon without a word and starts the next one. */
    void restart() {
        close();
        dataplane = new FakeDataplane(2);
        events = new DataplaneEvents();
        state = StateDirectory.open(directory);
        controller = controller();
        controller.start(state.load());
    }

    void hostReaches(String prefix, String by) {
        hostBlocks.add(new Taken(IpPrefix.parse(prefix), by, false));
    }

    Network create(String name, String... subnets) {
        return create(name, false, false, subnets);
    }

    Network create(String name, boolean internal, boolean ipv6, String... subnets) {
        return controller.createNetwork(new NetworkRequest(
                name, null, List.of(subnets), null, null, null, internal, ipv6, null, null, Map.of()));
    }

    static AttachRequest request(@Nullable String netns, @Nullable String name, String... networks) {
        return Attaching.netns(netns).name(name).networks(networks).request();
    }

    static AttachRequest withInit(
            String name, Process process, boolean autoRemove, @Nullable String ip, String... networks) {
        return withInit(name, process.pid(), autoRemove, ip, networks);
    }

    static AttachRequest withInit(String name, long pid, boolean autoRemove, @Nullable String ip, String... networks) {
        return Attaching.netns("/proc/" + pid)
                .name(name)
                .networks(networks)
                .addresses(ip, null, null)
                .init(new AttachRequest.Init(pid, List.of("sleep", "300"), autoRemove))
                .request();
    }

    static AttachRequest withAddresses(
            String netns, String network, @Nullable String ip, @Nullable String ip6, @Nullable String mac) {
        return Attaching.netns(netns).networks(network).addresses(ip, ip6, mac).request();
    }

    Container attach(String netns, String... networks) {
        return controller.attach(request(netns, null, networks));
    }

    void connect(String network, String container) {
        controller.connect(network, new ConnectRequest(container, null, null, null, null));
    }

    void disconnect(String network, String container) {
        controller.disconnect(network, container, false);
    }

    Container container(String name) {
        return controller.container(name);
    }

    List<String> addresses(String container) {
        return container(container).endpoints().stream()
                .map(endpoint -> String.valueOf(endpoint.ipv4Address()))
                .toList();
    }

    List<String> interfaces(String container) {
        return container(container).endpoints().stream()
                .map(endpoint -> endpoint.interfaceName())
                .toList();
    }

    void nothingIsAttached() {
        assertThat(plumbing.plugs).isEmpty();
        assertThat(dataplane.ports).isEmpty();
        assertThat(controller.containers(false, Filters.NONE)).isEmpty();
    }

    /** {@return what happened since then: type, action, the container's or network's name, and the exit code if any} */
    List<String> told(Instant since) throws InterruptedException {
        List<String> told = new ArrayList<>();
        try (EventLog.Reader reader = controller.events().read(since)) {
            EventLog.Next next = reader.next(event -> true, Duration.ZERO);
            while (next.fate() == EventLog.Fate.EVENT) {
                Event event = Objects.requireNonNull(next.entry()).event();
                String code = event.attributes().get("exitCode");
                told.add(event.type() + " " + event.action() + " "
                        + event.attributes().get("name") + (code == null ? "" : " " + code));
                next = reader.next(event2 -> true, Duration.ZERO);
            }
        }
        return told;
    }

    static void refused(Refusal.Kind kind, ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(Refusal.class, e -> assertThat(e.kind()).isEqualTo(kind))
                .hasMessageContaining(message);
    }

    static void refusedWithCode(String code, ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(Refusal.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(message);
    }

    @Override
    public void close() {
        controller.close();
        plumbing.close();
        state.close();
    }
}
