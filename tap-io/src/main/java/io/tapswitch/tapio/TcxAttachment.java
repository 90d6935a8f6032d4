package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Bpf;
import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** By links of tcx (Linux 6.6), each pinned: a link lives while it is pinned or open. */
final class TcxAttachment implements Attachment {
    private static final String LINK = SteeringMaps.VERSION + "-link-";

    private final Path directory;
    private final Map<Integer, Integer> links = new HashMap<>();

    TcxAttachment(Path directory) {
        this.directory = directory;
    }

    /** {@return whether the kernel has it} */
    static boolean exists() {
        return Bpf.queryTcx(Steering.LOOPBACK, new int[1]) >= 0;
    }

    @Override
    public void attach(int device, int program) {
        Path pin = pin(device);
        int pinned = Bpf.openPin(pin);
        if (pinned >= 0 && isFirst(device, pinned) && Bpf.updateLink(pinned, program) >= 0) {
            hold(device, pinned);
            return;
        }
        int link = Bpf.createTcxLink(program, device, Bpf.BPF_F_BEFORE);
        if (link < 0) {
            close(pinned);
            throw new DeviceException(
                    "cannot attach a BPF program to device " + device + ": " + Errno.describe(link), -link);
        }
        try {
            // Up to here the old one steers; with its last name and file it goes.
            Files.deleteIfExists(pin);
        } catch (IOException e) {
            close(link);
            close(pinned);
            throw new DeviceException("cannot remove " + pin, e);
        }
        close(pinned);
        int result = Bpf.pin(pin, link);
        if (result < 0) {
            close(link);
            throw new DeviceException("cannot pin a BPF link as " + pin + ": " + Errno.describe(result), -result);
        }
        hold(device, link);
    }

    private void hold(int device, int link) {
        Integer before = links.put(device, link);
        if (before != null) {
            Syscalls.close(before);
        }
    }

    private static void close(int file) {
        if (file >= 0) {
            Syscalls.close(file);
        }
    }

    private Path pin(int device) {
        return directory.resolve(LINK + device);
    }

    @Override
    public boolean isFirst(int device) {
        Integer link = links.get(device);
        return link != null && isFirst(device, link);
    }

    private static boolean isFirst(int device, int link) {
        int[] ids = new int[1];
        return Bpf.queryTcx(device, ids) > 0 && ids[0] == Bpf.programOfLink(link);
    }

    @Override
    public void detach(int device) {
        Integer link = links.remove(device);
        remove(pin(device));
        if (link != null) {
            Syscalls.close(link);
        }
    }

    /** Takes off what a pinned link attached, wherever that was, and the pin of anything. */
    static void remove(Path pin) {
        int link = Bpf.openPin(pin);
        if (link >= 0) {
            // At once, and not when the last process that holds it has gone.
            Bpf.detachLink(link);
            Syscalls.close(link);
        }
        try {
            Files.deleteIfExists(pin);
        } catch (IOException e) {
            throw new DeviceException("cannot remove " + pin, e);
        }
    }

    @Override
    public void close() {
        links.values().forEach(Syscalls::close);
        links.clear();
    }
}
