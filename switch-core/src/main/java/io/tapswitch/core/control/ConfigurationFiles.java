package io.tapswitch.core.control;

import io.tapswitch.core.config.ConfigFile;
import io.tapswitch.core.config.ConfigWatch;
import io.tapswitch.core.config.Configuration;
import io.tapswitch.core.config.Configuration.DeclaredPort;
import io.tapswitch.core.config.PortsFile;
import io.tapswitch.core.document.Source;
import io.tapswitch.core.model.Origin;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.IpAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Theory of operation: the files that say what there shall be, and how they share it.
 *
 * <p>The configuration file answers for networks and for whatever files publish, but for what the file of {@code
 * --ports} published: that one answers for its own entries only. Each is read and brought into force by itself, so a
 * fault in one leaves the other in force. An entry whose file is not given any more goes with the next configuration
 * file, or, without one, is like what commands make.
 *
 * <p>The way to the outside is made once, at the start: a file that says otherwise later is refused as a whole.
 */
final class ConfigurationFiles implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ConfigurationFiles.class);

    private final Desired desired;
    private final HostPorts hostPorts;
    private final Networks networks;
    private final Chronicle chronicle;
    private final Consumer<Configuration> onSettings;
    private final PlannedOnce plans = new PlannedOnce(this::isOfConfiguration);
    private final PlannedOnce portsPlans = new PlannedOnce(origin -> !isOfConfiguration(origin));
    private final WaitingEntries waiting = new WaitingEntries();
    private volatile @Nullable ConfigWatch configuration;
    private volatile @Nullable ConfigWatch ports;
    private volatile @Nullable String portsFile;
    private volatile @Nullable Configuration inForce;
    private volatile @Nullable Untranslated untranslated;

    /** The dataplane did not take a file's nat and dns settings; it has them with the next version of the state. */
    private record Untranslated(String sentence, long version) {}

    /**
     * Composes; nothing is read yet.
     *
     * @param desired what there is
     * @param hostPorts says whether anything can be published
     * @param networks brings plans into force
     * @param chronicle hears of each reading
     * @param onSettings hears how addresses are to be translated and names answered, each time that a configuration
     *     file comes into force
     */
    ConfigurationFiles(
            Desired desired,
            HostPorts hostPorts,
            Networks networks,
            Chronicle chronicle,
            Consumer<Configuration> onSettings) {
        this.desired = desired;
        this.hostPorts = hostPorts;
        this.networks = networks;
        this.chronicle = chronicle;
        this.onSettings = onSettings;
    }

    /**
     * Brings files into force, now and whenever they change. A fault in a file is refused now, and changes nothing
     * later. So is a contradiction to what is there, unless an earlier daemon has left something: that goes on then,
     * and a warning says why the file is not in force.
     *
     * @param file the configuration; null for none: what an earlier one made is like what commands make
     * @param onlyPorts the file of published ports, null for none
     */
    void configure(@Nullable Path file, @Nullable Path onlyPorts) {
        boolean isInUse = isInUse();
        portsFile = onlyPorts == null ? null : onlyPorts.toString();
        if (file == null) {
            reconcileWithoutFile();
        } else {
            ConfigWatch watch = new ConfigWatch(
                    file,
                    ConfigFile::parse,
                    () -> "",
                    declared -> plans.prepare(desired.state(), declared),
                    this::reconcile,
                    this::reloaded);
            configuration = watch;
            watch.start(isInUse);
        }
        if (onlyPorts != null) {
            ConfigWatch watch = new ConfigWatch(
                    onlyPorts,
                    (path, text) -> PortsFile.parse(path, text, publishAddress()),
                    this::publishAddress,
                    declared -> portsPlans.prepare(desired.state(), declared),
                    this::reconcilePorts,
                    this::reloaded);
            ports = watch;
            watch.start(isInUse);
        }
    }

    private void reloaded(Path file, @Nullable String fault) {
        chronicle.reloaded(file.toString(), fault);
        if (fault == null) {
            // It may have given up what the other one was refused for, as when an entry moves between them.
            watches().stream()
                    .filter(watch -> !watch.isOf(file) && !watch.warnings().isEmpty())
                    .forEach(ConfigWatch::reload);
        }
    }

    private boolean isInUse() {
        return !desired.state().containers().isEmpty()
                || desired.state().networks().stream().anyMatch(network -> !network.isBuiltIn());
    }

    /** Brings what a configuration file declares into force, all of it or nothing. */
    void reconcile(Configuration declared) {
        Configuration before = inForce;
        if (before != null && !Objects.equals(before.uplink(), declared.uplink())) {
            throw new Source(declared.file())
                    .refuse(
                            declared.line("uplink"),
                            "uplink",
                            "is made when the daemon starts: restart it to change the way to the outside");
        }
        if (before != null && !before.dns().address().equals(declared.dns().address())) {
            throw new Source(declared.file())
                    .refuse(
                            declared.line("dns"),
                            "dns.address",
                            "is in the resolv.conf of containers: restart the daemon to change it");
        }
        refusePortsWithoutUplink(declared);
        networks.reconcile(declared.overlay(), (state, surroundings) -> {
            Reconciler.Plan plan = Reconciler.plan(state, declared, surroundings);
            return plan.with(plans.plan(plan.next(), declared));
        });
        inForce = declared;
        waiting.tell(desired.state());
        translate(declared);
    }

    /** The file is in force already: trouble with this part of it is to be known, but takes nothing back. */
    private void translate(Configuration declared) {
        try {
            onSettings.accept(declared);
            untranslated = null;
        } catch (RuntimeException e) {
            LOG.error(
                    "{} is in force, but for its nat and dns settings: they will be with the next change",
                    declared.file(),
                    e);
            untranslated = new Untranslated(
                    declared.file() + ": its nat and dns settings are not in force before the next change: "
                            + (e instanceof Refusal refusal ? refusal.sentence() : e.toString()),
                    desired.state().version());
        }
    }

    /** Brings what the file of published ports declares into force, all of it or nothing. */
    private void reconcilePorts(Configuration declared) {
        refusePortsWithoutUplink(declared);
        networks.reconcile(
                (state, surroundings) -> new Reconciler.Plan(portsPlans.plan(state, declared), List.of(), List.of()));
        waiting.tell(desired.state());
    }

    private void refusePortsWithoutUplink(Configuration declared) {
        if (!declared.ports().isEmpty()) {
            try {
                hostPorts.ready();
            } catch (Refusal e) {
                DeclaredPort first = declared.ports().getFirst();
                throw new Source(declared.file()).refuse(first.line(), "publish", e.sentence());
            }
        }
    }

    private boolean isOfConfiguration(Origin.File origin) {
        return !origin.file().equals(portsFile);
    }

    /** Makes what an earlier configuration file declared everybody's: the daemon was started without one. */
    private void reconcileWithoutFile() {
        networks.reconcile((state, surroundings) -> new Reconciler.Plan(
                PublishPlan.withoutFile(Reconciler.withoutFile(state), this::isOfConfiguration), List.of(), List.of()));
    }

    /** Asks for another reading of each file, and does not wait for it. {@return whether there is one} */
    boolean reload() {
        watches().forEach(ConfigWatch::reload);
        return !watches().isEmpty();
    }

    private List<ConfigWatch> watches() {
        List<ConfigWatch> watches = new ArrayList<>();
        ConfigWatch first = configuration;
        ConfigWatch second = ports;
        if (first != null) {
            watches.add(first);
        }
        if (second != null) {
            watches.add(second);
        }
        return watches;
    }

    /** {@return the configurations in force, that of the configuration file first; none when there is no file} */
    List<Configuration> configurations() {
        return watches().stream().map(ConfigWatch::current).toList();
    }

    /** {@return the configuration in force, null when there is no configuration file} */
    @Nullable
    Configuration configuration() {
        ConfigWatch watch = configuration;
        return watch == null ? null : watch.current();
    }

    /** {@return where ports are published that name no address, null for all} */
    @Nullable
    IpAddress publishAddress() {
        Configuration current = inForce;
        return current == null ? null : current.publishAddress();
    }

    /** {@return why a file, or a part of it, is not in force} */
    List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        watches().forEach(watch -> warnings.addAll(watch.warnings()));
        warnings.addAll(WaitingEntries.warnings(desired.state()));
        Untranslated trouble = untranslated;
        if (trouble != null && trouble.version() == desired.state().version()) {
            warnings.add(trouble.sentence());
        }
        return warnings;
    }

    @Override
    public void close() {
        watches().forEach(ConfigWatch::close);
    }
}
