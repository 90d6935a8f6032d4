package io.tapswitch.core.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What scripts/build runs to make the AOT cache of the commands: every verb that needs no root, against a daemon played
 * by a thread, so that the JVM records the classes and the profile of a short command (JEP 483, JEP 515). It needs
 * neither root nor network. Never run by users.
 */
public final class Rehearsal {
    private static final int ROUNDS = 30;
    private static final List<String> COMMANDS = List.of(
            "network ls",
            "network create --subnet 10.66.0.0/16 -o a=b web",
            "network inspect web",
            "network rm web",
            "ps -a",
            "fdb web",
            "drops",
            "stats",
            "stats -p",
            "flows",
            "status --format json",
            "inspect www",
            "version",
            "attach --netns www --name www --network web",
            "network ls --format json",
            "ps --format json",
            "rm -f www",
            "network ls --filter name=web",
            "network ls --format {{.Name}}",
            "network inspect --format {{.Name}} web",
            "network connect --ip 10.66.0.3 web www",
            "network disconnect web www",
            "network prune -f",
            "inspect -f {{.Id}} www",
            "rename www shop",
            "network ls --unknown",
            "node ls",
            "trace web",
            "nonsense");

    private Rehearsal() {}

    /** Plays all commands a few times and prints nothing unless it fails. */
    public static void main(String[] arguments) throws IOException {
        Path directory = Files.createTempDirectory("tapswitch-rehearsal-");
        Path socket = directory.resolve("socket");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            Thread.ofPlatform().daemon().start(() -> serve(server));
            PrintWriter nowhere = new PrintWriter(Writer.nullWriter());
            Map<String, String> environment = Map.of("TAPSWITCH_SOCKET", socket.toString());
            for (int round = 0; round < ROUNDS; round++) {
                for (String command : COMMANDS) {
                    Main.execute(command.split(" "), environment, nowhere, nowhere);
                }
            }
        } finally {
            Files.deleteIfExists(socket);
            Files.deleteIfExists(directory);
        }
    }

    private static void serve(ServerSocketChannel server) {
        while (true) {
            try (SocketChannel connection = server.accept()) {
                InputStream in = Channels.newInputStream(connection);
                byte[] request = new byte[8192];
                int length = in.read(request);
                String path = new String(request, 0, Math.max(length, 0), StandardCharsets.US_ASCII).split(" ", 3)[1];
                byte[] body = answer(path.substring("/v1".length())).getBytes(StandardCharsets.UTF_8);
                OutputStream out = Channels.newOutputStream(connection);
                out.write(("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: " + body.length
                                + "\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
                out.write(body);
            } catch (IOException e) {
                return; // Closed: the rehearsal is over.
            }
        }
    }

    private static String answer(String path) {
        return switch (path) {
            case "/networks/prune" -> "{\"deleted\":[\"web\"]}";
            case "/networks", "/networks?filters=%7B%22name%22%3A%5B%22web%22%5D%7D" ->
                "[" + NETWORK + "," + NETWORK + "]";
            case "/containers", "/containers?all=true" -> "[" + CONTAINER + "]";
            case "/fdb?network=web" ->
                "[{\"network\":\"web\",\"mac\":\"02:42:0a:42:00:02\",\"port\":1,"
                        + "\"container\":\"www\",\"type\":\"learned\",\"ageSeconds\":3}]";
            case "/flows" ->
                "[\n{\"protocol\":\"tcp\",\"kind\":\"out\",\"container\":\"www\",\"inside\":\"10.66.0.2\","
                        + "\"insidePort\":1,\"idleMs\":1}\n]\n";
            case "/ports" ->
                "[{\"container\":\"www\",\"address\":\"\",\"hostPort\":80,\"lastHostPort\":80,\"containerPort\":80,"
                        + "\"protocol\":\"tcp\",\"inForce\":true}]";
            case "/nodes" -> "[]";
            case "/drops" -> "[{\"port\":1,\"container\":\"www\",\"reason\":\"runt\",\"sentence\":\"x\",\"frames\":1}]";
            case "/stats" ->
                "{\"io\":\"multishot\",\"workers\":1,\"conservation\":{\"holds\":true},\"internals\":{"
                        + "\"handoff_frames\":0},\"containers\":[{\"container\":\"www\",\"network\":\"web\","
                        + "\"rxFrames\":1,"
                        + "\"rxBytes\":60,\"txFrames\":1,\"txBytes\":60,\"drops\":0}]}";
            default -> path.startsWith("/containers/") ? CONTAINER : NETWORK;
        };
    }

    private static final String ID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private static final String NETWORK = "{\"id\":\"" + ID + "\",\"Id\":\"" + ID + "\",\"Name\":\"web\",\"Created\":"
            + "\"2026-01-02T03:04:05.678901234Z\",\"Scope\":\"local\",\"Driver\":\"bridge\",\"EnableIPv6\":false,"
            + "\"IPAM\":{\"Driver\":\"default\",\"Options\":{},\"Config\":[{\"Subnet\":\"10.66.0.0/16\",\"Gateway\":"
            + "\"10.66.0.1\"}]},\"Internal\":false,\"Containers\":{},\"Options\":{},\"Labels\":{}}";
    private static final String CONTAINER = "{\"Id\":\"" + ID + "\",\"Name\":\"www\",\"Config\":{\"Cmd\":[\"sleep\","
            + "\"1000\"]},"
            + "\"Created\":\"2026-01-02T03:04:05.678901234Z\",\"State\":{\"Status\":\"running\",\"Pid\":1},\"Netns\":"
            + "\"/proc/1/ns/net\",\"NetworkSettings\":{\"Networks\":{\"web\":{\"IPAddress\":\"10.66.0.2\"}}}}";
}
