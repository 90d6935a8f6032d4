package io.tapswitch.tapio;

import io.tapswitch.tapio.PortReservation.Outcome.Refused;
import io.tapswitch.tapio.PortReservation.Outcome.Reserved;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;
import java.io.IOException;
import java.nio.file.Path;

/** A process in a cgroup that reserves TCP port 8080 of all addresses, for {@link BindGuardIT}. */
final class ReservingProcess {
    private ReservingProcess() {}

    /** Reserves it, and says how that went. */
    public static void main(String[] arguments) {
        IpAddress any = IpAddress.parse("0.0.0.0");
        switch (PortReservation.reserve(IpProtocol.TCP, any, SteeringLab.PORT, SteeringLab.PORT)) {
            case Reserved reserved -> {
                System.out.println("reserved");
                reserved.reservation().close();
            }
            case Refused refused -> System.out.println(refused);
        }
    }

    /** Starts one in the host's namespace. */
    static Process start(SteeringLab lab, Path cgroup) throws IOException {
        String command = "echo $$ > " + cgroup + "/cgroup.procs; exec ip netns exec " + lab.host.name + " "
                + ProcessHandle.current().info().command().orElseThrow()
                + " --enable-native-access=ALL-UNNAMED -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "
                + System.getProperty("java.class.path") + " " + ReservingProcess.class.getName();
        return new ProcessBuilder("sh", "-c", command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }
}
