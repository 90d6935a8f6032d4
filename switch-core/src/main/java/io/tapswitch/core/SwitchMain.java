package io.tapswitch.core;

import io.tapswitch.core.api.ApiServer;
import io.tapswitch.core.config.ConfigFile;
import io.tapswitch.core.config.Configuration;
import io.tapswitch.core.control.FlowMemory;
import io.tapswitch.core.control.SteeredOutside;
import io.tapswitch.core.control.TapPlumbing;
import io.tapswitch.core.control.UplinkChoice;
import io.tapswitch.core.dataplane.Dataplane;
import io.tapswitch.core.dataplane.DataplaneListener;
import io.tapswitch.core.dataplane.WorkerDataplane;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.tapio.DeviceException;
import io.tapswitch.tapio.FrameIos;
import io.tapswitch.tapio.IoMode;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/**
 * The daemon's main: reads the flags, starts a {@link Daemon}, says {@code tapswitch: ready} on standard output, and
 * ends on SIGTERM or SIGINT within five seconds. A start that fails says why in one sentence and exits with 1.
 */
public final class SwitchMain {
    private static final Logger LOG = LoggerFactory.getLogger(SwitchMain.class);

    /** An end that takes longer is cut short: the kernel takes devices and files back all the same. */
    private static final long END_TIMEOUT_MS = 4_000;

    private SwitchMain() {}

    /** Runs the daemon. */
    public static void main(String... arguments) {
        try {
            if (ConfigCheck.isAsked(arguments)) {
                System.out.println(ConfigCheck.run(arguments));
                return;
            }
            if (Cleanup.isAsked(arguments)) {
                Cleanup.run(arguments);
                return;
            }
            DaemonOptions options = DaemonOptions.parse(arguments);
            if (options.help) {
                CommandLine.usage(options, System.out);
                return;
            }
            run(options);
        } catch (Refusal e) {
            fail(e.sentence());
        } catch (DeviceException e) {
            // What the kernel refuses is said by the message; where in the code it was asked helps nobody.
            fail("cannot start: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.error("the switch cannot start", e);
            fail("cannot start: " + e.getMessage());
        }
    }

    @SuppressWarnings("SystemExitOutsideMain") // the exit code is the contract of this main
    private static void fail(String sentence) {
        new PrintStream(System.err, true, StandardCharsets.UTF_8).println("tapswitch: " + sentence);
        System.exit(1);
    }

    private static void run(DaemonOptions options) throws InterruptedException {
        Thread.ofPlatform().daemon().name("early").start(ApiServer::loadEarly);
        UplinkChoice uplink = uplink(options);
        if (uplink.mode() == UplinkChoice.Mode.SHARED) {
            Thread.ofPlatform().daemon().name("early-outside").start(SteeredOutside::loadEarly);
        }
        IoMode mode = ioMode(options);
        AtomicReference<@Nullable Daemon> running = new AtomicReference<>();
        HangUp.onSignal(() -> hangUp(running.get()));
        Daemon daemon = Daemon.start(
                options.socketPath(),
                options.group,
                options.stateDirectory,
                listener -> dataplane(options, mode, uplink, listener),
                () -> new TapPlumbing(options.runDirectory(), options.workers, uplink, options.tunnelWay()),
                options.config == null ? null : options.config.toAbsolutePath(),
                options.ports == null ? null : options.ports.toAbsolutePath(),
                options.metricsAddress(),
                options.cluster());
        running.set(daemon);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(daemon, options.detachOnExit), "end"));
        System.out.println("tapswitch: ready");
        System.out.flush();
        ReadyNotice.send(System.getenv("NOTIFY_SOCKET"));
        new CountDownLatch(1).await();
    }

    /** The way to the outside as the flag or the configuration file says. */
    private static UplinkChoice uplink(DaemonOptions options) {
        UplinkChoice flag = options.uplinkChoice();
        Configuration.Uplink declared = options.config == null
                ? null
                : ConfigFile.read(options.config.toAbsolutePath()).uplink();
        if (declared == null) {
            return flag;
        }
        String words = declared.words();
        UplinkChoice file = UplinkChoice.parse(words, true, flag.grace());
        if (options.uplink != null && !file.equals(flag)) {
            throw Refusal.badInput("--uplink " + options.uplink + " contradicts the configuration file, which says "
                    + words + ": leave one of them out");
        }
        return file;
    }

    /** The workers, with the flows of the last daemon where there is an outside. */
    private static Dataplane dataplane(
            DaemonOptions options, IoMode mode, UplinkChoice uplink, DataplaneListener listener) {
        // Its files stay open until this process ends: workers that are cut short at the end may still write.
        FlowMemory flows = uplink.mode() == UplinkChoice.Mode.NONE
                ? null
                : new FlowMemory(options.runDirectory(), options.workers, options.natFlows);
        Dataplane.Config config = new Dataplane.Config(
                options.workers,
                mode,
                options.memoryBytes(),
                options.busyPollNs(),
                flows == null ? null : flows.resources());
        return WorkerDataplane.start(config, listener);
    }

    /** While the switch starts, it reads the file anyway. */
    private static void hangUp(@Nullable Daemon daemon) {
        if (daemon != null && !daemon.reload()) {
            LOG.info("SIGHUP: there is no file to read again; --config and --ports name one");
        }
    }

    private static IoMode ioMode(DaemonOptions options) {
        IoMode forced = options.ioMode();
        if (forced != null) {
            String reason = FrameIos.whyNot(forced);
            if (reason != null) {
                throw Refusal.badInput("--io " + forced.word() + " is not possible here: " + reason);
            }
            LOG.info("frame I/O: {}, as --io says", forced.word());
            return forced;
        }
        FrameIos.Probe probe = FrameIos.probe();
        LOG.info("frame I/O: {} ({})", probe.mode().word(), probe.sentence());
        return probe.mode();
    }

    /** An ordered end exits with 0, as services that were asked to end do. */
    private static void end(Daemon daemon, boolean detach) {
        LOG.info("ending");
        Thread closing = Thread.ofPlatform().daemon().name("close").start(() -> {
            if (detach) {
                daemon.detachAll();
            }
            daemon.close();
        });
        boolean ended = false;
        try {
            closing.join(END_TIMEOUT_MS);
            ended = !closing.isAlive();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(ended ? 0 : 1);
    }
}
