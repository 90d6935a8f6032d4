package io.tapswitch.tapio;

import io.tapswitch.tapio.LinkCommand.AddAddress;
import io.tapswitch.tapio.LinkCommand.AddDefaultRoute;
import io.tapswitch.tapio.LinkCommand.AddPrefixRoute;
import io.tapswitch.tapio.LinkCommand.AddRoute;
import io.tapswitch.tapio.LinkCommand.AddressFlag;
import io.tapswitch.tapio.LinkCommand.Delete;
import io.tapswitch.tapio.LinkCommand.DeleteAddress;
import io.tapswitch.tapio.LinkCommand.DeleteRoute;
import io.tapswitch.tapio.LinkCommand.Down;
import io.tapswitch.tapio.LinkCommand.MoveToNamespace;
import io.tapswitch.tapio.LinkCommand.Rename;
import io.tapswitch.tapio.LinkCommand.SetAddrGenMode;
import io.tapswitch.tapio.LinkCommand.SetAddress;
import io.tapswitch.tapio.LinkCommand.SetDefaultRoute;
import io.tapswitch.tapio.LinkCommand.SetHostRoute;
import io.tapswitch.tapio.LinkCommand.SetMtu;
import io.tapswitch.tapio.LinkCommand.SetSuperFrameLength;
import io.tapswitch.tapio.LinkCommand.SetTxQueueLength;
import io.tapswitch.tapio.LinkCommand.Up;
import io.tapswitch.tapio.LinkCommand.WithoutArp;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Links, addresses and routes through iproute2: all commands of one call in one process.
 *
 * <p><b>Theory of operation.</b> {@code ip -batch -} reads a line a command and ends at the first that fails, with the
 * words of the kernel's extended acknowledgement and the number of the line:
 *
 * <pre>
 *   Error: ipv4: Address already assigned.
 *   Command failed -:3
 * </pre>
 *
 * <p>The process is started by a thread that is in the namespace ({@link NetworkNamespace#call}) and inherits it. A
 * namespace to move into is named by the path of its open file, {@code /proc/PID/fd/N}, which iproute2 opens like any
 * name with a slash (netns_get_fd of lib/namespace.c): one way for names, paths and processes, with no race between
 * the name's resolution here and there. The process is killed when it takes longer than the timeout; the lines it did
 * by then stay done.
 *
 * <p>Why iproute2 and not netlink: docs/adr/0005-iproute2-or-netlink.md. Any thread may call; the call blocks for the
 * process' life, a few milliseconds.
 */
public final class IpBatch implements LinkConfigurator {
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);
    private static final Pattern FAILED_LINE = Pattern.compile("(?m)^Command failed [^\\n]*:(\\d+)$");

    private final String executable;
    private final Duration timeout;

    /** With the {@code ip} of this machine. */
    public IpBatch() {
        this(find(), DEFAULT_TIMEOUT);
    }

    IpBatch(String executable, Duration timeout) {
        this.executable = executable;
        this.timeout = timeout;
    }

    @Override
    public void apply(NetworkNamespace namespace, List<LinkCommand> commands) {
        if (commands.isEmpty()) {
            return;
        }
        String batch = commands.stream().map(IpBatch::render).collect(Collectors.joining("\n", "", "\n"));
        Outcome outcome = namespace.call(() -> run(batch));
        if (outcome.timedOut()) {
            throw new DeviceException("`" + executable + " -batch` in the network namespace " + namespace
                    + " did not end within " + timeout.toMillis() + " ms and was killed");
        }
        if (outcome.exitCode() != 0) {
            throw failure(namespace, commands, outcome);
        }
    }

    /** {@return the line of a batch file that carries out the command} */
    static String render(LinkCommand command) {
        return switch (command) {
            case MoveToNamespace(var link, var target, var newName)
            when newName.equals(link) -> "link set dev " + link + " netns " + target.path();
            case MoveToNamespace(var link, var target, var newName) ->
                "link set dev " + link + " netns " + target.path() + " name " + newName;
            case Rename(var link, var newName) -> "link set dev " + link + " name " + newName;
            case SetAddress(var link, var macAddress) -> "link set dev " + link + " address " + macAddress;
            case SetMtu(var link, var mtuBytes) -> "link set dev " + link + " mtu " + mtuBytes;
            case SetSuperFrameLength(var link, var bytes) -> "link set dev " + link + " gso_max_size " + bytes;
            case SetTxQueueLength(var link, var frames) -> "link set dev " + link + " txqueuelen " + frames;
            case Up(var link) -> "link set dev " + link + " up";
            case WithoutArp(var link) -> "link set dev " + link + " arp off";
            case Down(var link) -> "link set dev " + link + " down";
            case AddAddress(var link, var address, var flags) ->
                "address add " + address + " dev " + link + words(address, flags);
            case DeleteAddress(var link, var address) -> "address delete " + address + " dev " + link;
            case SetAddrGenMode(var link, var mode) -> "link set dev " + link + " addrgenmode " + mode;
            case AddPrefixRoute(var link, var prefix, var source, var mtuBytes) ->
                "route add " + prefix + " dev " + link + (source == null ? "" : " src " + source)
                        + (mtuBytes == 0 ? "" : " mtu " + mtuBytes);
            case DeleteRoute(var link, var prefix) -> "route delete " + prefix + " dev " + link;
            case AddRoute(var link, var prefix, var gateway) ->
                "route add " + prefix + " via " + gateway + " dev " + link;
            case AddDefaultRoute(var link, var gateway) -> "route add default via " + gateway + " dev " + link;
            case SetDefaultRoute(var link, var gateway) -> "route replace default via " + gateway + " dev " + link;
            case SetHostRoute(var link, var address, var gateway) ->
                "route replace " + address + " via " + gateway + " dev " + link;
            case Delete(var link) -> "link delete dev " + link;
        };
    }

    private static String words(String address, Set<AddressFlag> flags) {
        StringBuilder words = new StringBuilder();
        for (AddressFlag flag : AddressFlag.values()) {
            // iproute2 warns of nodad beside an IPv4 address.
            if (flags.contains(flag) && (flag != AddressFlag.NO_DAD || address.indexOf(':') >= 0)) {
                words.append(' ').append(flag.word);
            }
        }
        return words.toString();
    }

    private record Outcome(int exitCode, String output, boolean timedOut) {}

    private Outcome run(String batch) {
        ProcessBuilder builder = new ProcessBuilder(executable, "-batch", "-").redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C");
        try {
            Process process = builder.start();
            // A process that neither reads nor ends would hold us in a write or read: its death ends both.
            CompletableFuture<Boolean> killed = process.onExit()
                    .thenApply(ended -> false)
                    .completeOnTimeout(true, timeout.toMillis(), TimeUnit.MILLISECONDS)
                    .whenComplete((late, failure) -> killIfLate(process, late));
            try (OutputStream input = process.getOutputStream()) {
                input.write(batch.getBytes(StandardCharsets.UTF_8));
            } catch (IOException endedEarly) {
                // It ends at the first line that fails and reads no further; its output says which.
            }
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            boolean timedOut = killed.join();
            return new Outcome(timedOut ? -1 : process.exitValue(), output, timedOut);
        } catch (IOException e) {
            throw new DeviceException(
                    "cannot run `" + executable + "`, which sets links and addresses: " + e.getMessage()
                            + "; install iproute2",
                    e);
        }
    }

    /** Only then: to destroy a process that has ended closes the stream that its output is being read from. */
    private static void killIfLate(Process process, Boolean late) {
        if (late) {
            process.destroyForcibly();
        }
    }

    private static DeviceException failure(NetworkNamespace namespace, List<LinkCommand> commands, Outcome outcome) {
        Matcher matcher = FAILED_LINE.matcher(outcome.output());
        String words =
                matcher.replaceAll("").strip().replaceFirst("^Error: ", "").replace('\n', ' ');
        String reason = words.isEmpty() ? "exit code " + outcome.exitCode() : words;
        int line = matcher.reset().find() ? Integer.parseInt(matcher.group(1)) : 0;
        String what =
                line >= 1 && line <= commands.size() ? "`ip " + render(commands.get(line - 1)) + "`" : "`ip -batch`";
        return new DeviceException(what + " in the network namespace " + namespace + " failed: " + reason);
    }

    // /usr/sbin is not in the PATH of everybody who may become root.
    private static String find() {
        String path = System.getenv().getOrDefault("PATH", "");
        return Stream.concat(Stream.of(path.split(File.pathSeparator)), Stream.of("/usr/sbin", "/sbin"))
                .filter(directory -> !directory.isEmpty())
                .map(directory -> new File(directory, "ip"))
                .filter(File::canExecute)
                .map(File::getPath)
                .findFirst()
                .orElse("ip");
    }
}
