package io.tapswitch.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A recording of all frames on a device, both ways, read with Wireshark's eyes: a witness that knows each protocol. */
public final class Wire implements AutoCloseable {
    private final Background process;
    private final Path file;

    private Wire(Background process, Path file) {
        this.process = process;
        this.file = file;
    }

    /** Begins to record what matches the filter (pcap-filter(7)). */
    public static Wire on(LabNamespace namespace, String link, String filter) {
        try {
            Path file = Files.createTempFile(Leftovers.directory(), "wire", ".pcap");
            return new Wire(
                    namespace
                            .start(
                                    "tcpdump",
                                    "-i",
                                    link,
                                    "-n",
                                    "-U",
                                    "--immediate-mode",
                                    "-B",
                                    "16384",
                                    "-Z",
                                    "root",
                                    "-w",
                                    file.toString(),
                                    filter)
                            .awaitWords("listening on"),
                    file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@return the fields of each recorded packet that matches the display filter (tshark's), separated by tabs} */
    public List<String> packets(String displayFilter, String... fields) {
        List<String> command = new ArrayList<>(List.of(
                "tshark",
                "-r",
                file.toString(),
                "-Y",
                displayFilter,
                "-o",
                "ip.check_checksum:TRUE",
                "-o",
                "udp.check_checksum:TRUE",
                "-o",
                "tcp.check_checksum:TRUE",
                "-o",
                "ip.defragment:FALSE",
                "-T",
                "fields",
                "-E",
                "separator=/t"));
        if (fields.length == 0) {
            command.addAll(List.of("-e", "frame.number"));
        }
        for (String field : fields) {
            command.add("-e");
            command.add(field);
        }
        return Commands.run(Duration.ofSeconds(60), "", command)
                .ok()
                .out()
                .lines()
                .toList();
    }

    /** Waits until a packet matches the display filter. {@return the fields of the packets that do} */
    public List<String> await(String displayFilter, String... fields) {
        return Eventually.value(
                "a packet on the wire: " + displayFilter,
                Duration.ofSeconds(10),
                () -> packets(displayFilter, fields),
                found -> !found.isEmpty());
    }

    @Override
    public void close() {
        process.close();
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
