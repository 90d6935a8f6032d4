package io.tapswitch.tapio;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A process that steers, for {@link SteeringDeathIT}, to be killed. */
final class SteeringProcess {
    private SteeringProcess() {}

    /** {@code BPF-DIRECTORY DEVICE TAP GRACE-MS ADDRESS}: steers, marks TCP port 8080 if asked to, beats for ever. */
    public static void main(String[] arguments) throws InterruptedException {
        Duration grace = Duration.ofMillis(Long.parseLong(arguments[3]));
        try (Steering steering = Steering.open(Path.of(arguments[0]), grace)) {
            PortMarks marks = steering.marks(0, IpFrames.low(arguments[4]));
            System.out.println("owner " + marks.owner(PortMarks.TCP, SteeringLab.PORT));
            marks.mark(PortMarks.TCP, SteeringLab.PORT, 3);
            steering.steer(Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
            steering.beat(System.nanoTime());
            System.out.println("steers");
            while (true) {
                TimeUnit.MILLISECONDS.sleep(10);
                steering.beat(System.nanoTime());
            }
        }
    }

    /** Starts one in the host's namespace, and leaves the mount namespace as it is, where the pins are. */
    static Process start(SteeringLab lab, Duration grace) throws java.io.IOException {
        List<String> command = List.of(
                "nsenter",
                "--net=/run/netns/" + lab.host.name,
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                SteeringProcess.class.getName(),
                lab.bpf.toString(),
                "" + lab.uplink,
                "" + lab.uplinkTap.index,
                "" + grace.toMillis(),
                SteeringLab.HOST);
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }
}
