package io.tapswitch.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Theory of operation. JUnit extension that gives a test class a world of its own:
 *
 * <pre>
 *   outside ---veth--- host (daemon, socket, state directory)
 *                        |  TAPs, made by the daemon
 *              container   container   container ...      namespaces, made by each test
 * </pre>
 *
 * <p>One host and one daemon serve all tests of a class, because starting a JVM for each would take longer than most
 * tests. Networks and containers belong to one test and are removed after it. After every test the daemon must be
 * alive, must not have logged a warning or an error that the test did not announce, and its frames must be conserved:
 * received + generated + copied + split = transmitted + dropped + consumed + merged + held, once nothing moves.
 * After the containers are gone no device of theirs may be left on the host.
 *
 * <p>Used as {@code @RegisterExtension static final Lab lab = Lab.withDaemon("--workers", "2");}. One thread; not for
 * parallel test execution, since tests measure. Needs root; without it the tests are skipped, which scripts/test counts
 * as a failure.
 */
public final class Lab implements BeforeAllCallback, AfterEachCallback, AfterAllCallback {
    private static final Set<String> BUILT_IN = Set.of("bridge", "host", "none");

    private final List<String> flags;
    private final String everyContainer;
    private final boolean hasOutside;
    private final List<LabContainer> containers = new ArrayList<>();
    private final List<AutoCloseable> others = new ArrayList<>();
    private @Nullable LabHost host;
    private @Nullable Outside outside;
    private @Nullable Daemon daemon;
    private @Nullable Path directory;
    private int lastNetwork;

    private Lab(List<String> flags, String everyContainer, boolean hasOutside) {
        this.flags = flags;
        this.everyContainer = everyContainer;
        this.hasOutside = hasOutside;
    }

    /** A lab whose daemon is started with these flags. */
    public static Lab withDaemon(String... flags) {
        return new Lab(List.of(flags), "", false);
    }

    /** A lab whose host has ways out (see {@link Outside}), and whose daemon uses them. */
    public static Lab withOutside(String... flags) {
        List<String> all = new ArrayList<>(List.of("--uplink", "shared"));
        all.addAll(List.of(flags));
        return new Lab(all, "", true);
    }

    /**
     * A lab whose containers may send what they like unless a test says otherwise: the source guard, which is on by
     * default, would drop the frames that these tests are about before the switch does anything else with them.
     */
    public static Lab withoutSourceGuard(String... flags) {
        return new Lab(List.of(flags), ",\"sourceGuard\":false", false);
    }

    @Override
    public void beforeAll(ExtensionContext context) throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "network namespaces need root");
        host = new LabHost();
        directory = Files.createTempDirectory(Leftovers.directory(), "d");
        if (hasOutside) {
            outside = new Outside(host);
        }
        daemon = Daemon.start(host, directory, List.of(), flags);
    }

    /** {@return what is around the host} */
    public Outside outside() {
        return present(outside);
    }

    /** {@return the namespace that plays the host} */
    public LabHost host() {
        return present(host);
    }

    /** {@return the daemon under test} */
    public Daemon daemon() {
        return present(daemon);
    }

    /** {@return where the daemon's socket and state are} */
    public Path directory() {
        return present(directory);
    }

    /** {@return a directory for a test's own files, removed with the lab} */
    public Path newDirectory() {
        try {
            return Files.createTempDirectory(directory(), "t");
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static <T> T present(@Nullable T made) {
        if (made == null) {
            throw new IllegalStateException("the lab was not set up");
        }
        return made;
    }

    /** Makes a network with the next free subnet; {@code options} are pairs of key and value, as {@code -o} takes. */
    public LabNetwork network(String... options) {
        return networkWith("", options);
    }

    /** Makes a network with further members in the request, each beginning with a comma. */
    public LabNetwork networkWith(String more, String... options) {
        String name = "net" + ++lastNetwork;
        List<String> pairs = new ArrayList<>();
        for (int i = 0; i < options.length; i += 2) {
            pairs.add("\"" + options[i] + "\":\"" + options[i + 1] + "\"");
        }
        Api api = daemon().api();
        api.post("/networks", "{\"name\":\"" + name + "\",\"options\":{" + String.join(",", pairs) + "}" + more + "}")
                .ok();
        return LabNetwork.of(api.get("/networks/" + name));
    }

    /** Makes a container in a network. */
    public LabContainer container(LabNetwork network) {
        return container(network, "");
    }

    /** Makes a container in a network, with further members in the request, each beginning with a comma. */
    public LabContainer container(LabNetwork network, String more) {
        LabContainer container = bareContainer();
        boolean says = more.contains("\"sourceGuard\"");
        return container.attach(network, says ? more : more + everyContainer);
    }

    /** Makes a network of both families, 10.N.0.0/24 and fd00:N::/64, by the command line, with further flags. */
    public void dual(String name, int number, String... flags) {
        List<String> words = new ArrayList<>(List.of("network", "create", "--ipv6"));
        words.addAll(List.of("--subnet", "10." + number + ".0.0/24", "--subnet", "fd00:" + number + "::/64"));
        words.addAll(List.of(flags));
        words.add(name);
        cli(words.toArray(String[]::new));
    }

    /** Makes a namespace and attaches it by the command line, as people do: a name, and further flags. */
    public LabContainer attached(String name, String... flags) {
        return bareContainer().attachByCommand(name, flags);
    }

    /** Runs the product's command line on the host; it must succeed. {@return what it prints} */
    public String cli(String... words) {
        return daemon().cli(words).ok().text();
    }

    /** Runs the product's command line on the host; it must refuse in words that people read. {@return those} */
    public String refused(String... words) {
        return daemon().refused(words);
    }

    /** {@return the first element of the JSON array that a command prints} */
    public Json inspected(String... words) {
        return Json.parse(cli(words)).at(0);
    }

    /** Attaches a container again that was detached. */
    public void attachAgain(LabContainer container, LabNetwork network) {
        container.attach(network, everyContainer);
    }

    /** Makes a container that is attached to nothing yet. */
    public LabContainer bareContainer() {
        LabContainer container = new LabContainer(daemon());
        containers.add(container);
        return container;
    }

    /** Makes so many containers in a network. */
    public List<LabContainer> containers(LabNetwork network, int count) {
        List<LabContainer> made = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            made.add(container(network));
        }
        return made;
    }

    /** Makes a namespace that has nothing to do with the switch. */
    public LabNamespace namespace(String kind) {
        return closing(new LabNamespace(kind));
    }

    /** Sees to it that something is closed after the test, whatever happens. */
    public <T extends AutoCloseable> T closing(T resource) {
        others.add(resource);
        return resource;
    }

    /** {@return the daemon's statistics} */
    public Json stats() {
        return daemon().api().get("/stats");
    }

    /** Waits until nothing moves and the sum of the frames holds. */
    public void assertConservation() {
        daemon().assertConservation();
    }

    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        List<Throwable> failures = new ArrayList<>();
        if (context.getExecutionException().isPresent()) {
            attempt(failures, () -> tellWhatTheDaemonSaw(context.getDisplayName()));
        }
        attempt(failures, () -> others.reversed().forEach(Lab::closeQuietly));
        attempt(
                failures,
                () -> assertThat(daemon().process().alive())
                        .as("daemon alive; its log:\n%s", daemon().log())
                        .isTrue());
        attempt(failures, this::assertConservation);
        attempt(failures, this::removeContainersAndNetworks);
        attempt(
                failures,
                () -> assertThat(daemon().newTrouble())
                        .as("trouble in the daemon's log")
                        .isEmpty());
        others.clear();
        containers.clear();
        if (!failures.isEmpty()) {
            AssertionError all = new AssertionError(
                    "after " + context.getDisplayName() + ": "
                            + failures.getFirst().getMessage(),
                    failures.getFirst());
            failures.stream().skip(1).forEach(all::addSuppressed);
            throw all;
        }
    }

    /** What explains a failure and is gone with the daemon: into the report. */
    private void tellWhatTheDaemonSaw(String test) {
        for (String verb : List.of("drops", "stats", "status")) {
            System.out.printf("%s failed; %s:%n%s%n", test, verb, daemon().cli(verb));
        }
    }

    private void removeContainersAndNetworks() {
        Api api = daemon().api();
        for (Json container : api.get("/containers?all=true").elements()) {
            api.delete("/containers/" + container.text("Id") + "?force=true");
        }
        containers.forEach(LabContainer::close);
        for (Json network : api.get("/networks").elements()) {
            if (!BUILT_IN.contains(network.text("Name"))) {
                api.delete("/networks/" + network.text("Id"));
            }
        }
        Eventually.until(
                "no device left on the host: " + host().foreignDevices(),
                () -> host().foreignDevices().isEmpty());
        assertThat(api.get("/containers?all=true").elements())
                .as("containers left")
                .isEmpty();
        assertThat(api.get("/networks").elements().stream().map(network -> network.text("Name")))
                .as("networks left")
                .allMatch(BUILT_IN::contains);
    }

    private static void attempt(List<Throwable> failures, Runnable check) {
        try {
            check.run();
        } catch (RuntimeException | AssertionError e) {
            failures.add(e);
        }
    }

    private static void closeQuietly(AutoCloseable resource) {
        try {
            resource.close();
        } catch (Exception e) {
            throw new IllegalStateException("cannot close " + resource, e);
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (daemon != null) {
            daemon.close();
        }
        if (outside != null) {
            present(daemon).cleanup();
            outside.close();
        }
        if (host != null) {
            host.close();
        }
    }
}
