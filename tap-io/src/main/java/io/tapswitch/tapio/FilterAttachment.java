package io.tapswitch.tapio;

import io.tapswitch.tapio.sys.Bpf;
import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Rtnetlink;
import io.tapswitch.tapio.sys.Syscalls;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * By filters of traffic control, for kernels before tcx: a cls_bpf in direct-action mode at the entrance of a clsact
 * queueing discipline (tc-bpf(8)), with the highest priority.
 *
 * <p>A filter lives as long as its device, whatever becomes of the process. The program is also pinned under the
 * device's index: so it is known which filter is ours, and on which devices there are some. A second pin says that the
 * clsact is ours too; it goes with the last filter.
 *
 * <p>A filter that is the first is replaced in its place, without a frame between. One that is not gets a new one in
 * front, since cls_bpf puts what is added before what is there, and then the old one goes: so there are two handles, of
 * which one is in use.
 *
 * <p>Limits: a filter of priority 1 that is not a bpf filter of all protocols cannot be preceded, and is refused by
 * the kernel.
 */
final class FilterAttachment implements Attachment {
    /** Handles of our filters. */
    static final int[] HANDLES = {0x7473_7701, 0x7473_7702};

    private static final String FILTER = SteeringMaps.VERSION + "-filter-";
    private static final String CLSACT = SteeringMaps.VERSION + "-clsact-";

    /** A filter at a device's entrance; {@code program} is 0 when it is no bpf filter. */
    private record Filter(int handle, int program) {}

    private final Path directory;

    FilterAttachment(Path directory) {
        this.directory = directory;
    }

    @Override
    public void attach(int device, int program) {
        try (RouteSocket kernel = RouteSocket.open()) {
            if (kernel.addClsact(device)) {
                pin(CLSACT + device, program);
            }
            List<Filter> filters = filters(device, Rtnetlink.TC_H_CLSACT_INGRESS);
            Filter ours = ours(device, filters);
            if (ours == null) {
                kernel.setFilter(device, HANDLES[0], program);
                pin(FILTER + device, program);
            } else if (ours.equals(filters.getFirst())) {
                kernel.setFilter(device, ours.handle, program);
                pin(FILTER + device, program);
            } else {
                kernel.setFilter(device, ours.handle == HANDLES[0] ? HANDLES[1] : HANDLES[0], program);
                pin(FILTER + device, program);
                kernel.deleteFilter(device, ours.handle);
            }
        }
    }

    /** Gives the program this name, in the place of the one that had it. */
    private void pin(String name, int program) {
        Path pin = directory.resolve(name);
        TcxAttachment.remove(pin);
        int result = Bpf.pin(pin, program);
        if (result < 0) {
            throw new DeviceException("cannot pin a BPF program as " + pin + ": " + Errno.describe(result), -result);
        }
    }

    /** The filter of ours among these, null for none. */
    private @Nullable Filter ours(int device, List<Filter> filters) {
        int file = Bpf.openPin(directory.resolve(FILTER + device));
        if (file < 0) {
            return null;
        }
        int id = Bpf.id(file);
        Syscalls.close(file);
        return filters.stream()
                .filter(each -> each.program == id && (each.handle == HANDLES[0] || each.handle == HANDLES[1]))
                .findFirst()
                .orElse(null);
    }

    /** All filters of one side of a device, in their order. */
    private static List<Filter> filters(int device, int parent) {
        List<Filter> filters = new ArrayList<>();
        try (NetlinkDump dump = new NetlinkDump(Rtnetlink.NETLINK_ROUTE, "list the filters of device " + device)) {
            dump.begin(Rtnetlink.RTM_GETTFILTER)
                    .putInt(0)
                    .putInt(device)
                    .putInt(0)
                    .putInt(parent)
                    .putInt(0);
            NetlinkAttributes attributes = dump.attributes();
            dump.run(Rtnetlink.RTM_NEWTFILTER, Rtnetlink.TCMSG_LENGTH, (body, end) -> {
                int handle = dump.answer().getInt(body + Rtnetlink.TCMSG_HANDLE);
                int options = attributes.find(body + Rtnetlink.TCMSG_LENGTH, end, Rtnetlink.TCA_OPTIONS);
                int id = attributes.find(options, options + attributes.length(options), Rtnetlink.TCA_BPF_ID);
                // Without a handle it is not a filter, but what filters of a priority stand in.
                if (handle != 0) {
                    filters.add(new Filter(handle, attributes.number(id, 0)));
                }
            });
        }
        return filters;
    }

    @Override
    public boolean isFirst(int device) {
        List<Filter> filters = filters(device, Rtnetlink.TC_H_CLSACT_INGRESS);
        Filter ours = ours(device, filters);
        return ours != null && ours.equals(filters.getFirst());
    }

    @Override
    public void detach(int device) {
        try (RouteSocket kernel = RouteSocket.open()) {
            Filter ours = ours(device, filters(device, Rtnetlink.TC_H_CLSACT_INGRESS));
            if (ours != null) {
                kernel.deleteFilter(device, ours.handle);
            }
            boolean empty = filters(device, Rtnetlink.TC_H_CLSACT_INGRESS).isEmpty()
                    && filters(device, Rtnetlink.TC_H_CLSACT_EGRESS).isEmpty();
            Path clsact = directory.resolve(CLSACT + device);
            if (Files.exists(clsact) && empty) {
                kernel.deleteClsact(device);
            }
            TcxAttachment.remove(clsact);
            TcxAttachment.remove(directory.resolve(FILTER + device));
        }
    }

    /** Takes away what any process attached that pinned in this directory. */
    static void detachAll(Path directory) throws IOException {
        FilterAttachment left = new FilterAttachment(directory);
        try (DirectoryStream<Path> pins = Files.newDirectoryStream(directory, FILTER + "*")) {
            for (Path pin : pins) {
                left.detach(Integer.parseInt(pin.getFileName().toString().substring(FILTER.length())));
            }
        }
    }

    @Override
    public void close() {
        // A filter holds itself.
    }
}
