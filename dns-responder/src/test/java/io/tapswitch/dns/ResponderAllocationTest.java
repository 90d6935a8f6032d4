package io.tapswitch.dns;

import static io.tapswitch.dns.DnsWorld.address;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** R11: no query allocates, whatever becomes of it. */
class ResponderAllocationTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int ROUNDS = 20_000;

    private final DnsResponder responder = new DnsResponder(DnsResponder.DEFAULT_MAX_UDP_LENGTH, 1);
    private final UnsafeBuffer out = new UnsafeBuffer(ByteBuffer.allocateDirect(0x10000));
    private final List<UnsafeBuffer> queries = new ArrayList<>();
    private final FoldedName scratch = new FoldedName();
    private final TopNames top = new TopNames();
    private final RecordCursor cursor = new RecordCursor();
    private final ClientView view = DnsWorld.view(true, network("one"), network("two"));

    private static ZoneSpec.Builder network(String suffix) {
        ZoneSpec.Builder net =
                ZoneSpec.network(suffix).subnet(address("10.0.0.0"), 8).record(StaticRecord.text("text", "text"));
        for (int i = 0; i < 100; i++) {
            net.host(
                    List.of(suffix + i, "all-" + suffix, "all"),
                    DnsAddress.v4(0x0A00_0002 + i),
                    new DnsAddress(0xFD00_0000_0000_0000L, i + 2));
        }
        return net;
    }

    private void add(byte[] octets) {
        ByteBuffer direct = ByteBuffer.allocateDirect(octets.length);
        direct.put(0, octets);
        queries.add(new UnsafeBuffer(direct));
    }

    private void add(String name, int type) {
        Message query = DnsWorld.question(name, type);
        query.addRecord(new OPTRecord(1232, 0, 0), Section.ADDITIONAL);
        add(query.toWire());
    }

    private int round() {
        int sum = 0;
        for (int i = 0; i < queries.size(); i++) {
            UnsafeBuffer query = queries.get(i);
            int length = responder.answerUdp(query, 0, query.capacity(), view, out, 0);
            sum += length;
            top.add(responder.query().name(), i);
            if (length == DnsResponder.FORWARD) {
                sum += (int) responder.query().cacheKey();
                sum += responder.fail(query, 0, query.capacity(), DnsResult.FAILED, out, 0);
                sum += responder.query().isAnsweredBy(out, 0, 40, 1, scratch) ? 1 : 0;
            }
            if (length > 0 && cursor.wrap(out, 0, length)) {
                while (cursor.next()) {
                    sum += cursor.ttl();
                }
            }
        }
        return sum;
    }

    @Test
    void R11_noQueryAllocates() {
        add("one7", Type.A);
        add("ALL", Type.A);
        add("two7.two", Type.AAAA);
        add("text", Type.TXT);
        add("one7", Type.MX);
        add("gone.one", Type.A);
        add("9.0.0.10.in-addr.arpa", Type.PTR);
        add("9.9.9.10.in-addr.arpa", Type.PTR);
        add("2" + ".0".repeat(29) + ".d.f.ip6.arpa", Type.PTR);
        add("one", Type.SOA);
        add("example.org", Type.A);
        add("one7", Type.AXFR);
        add(new byte[5]);
        add(new byte[12]);
        int sum = 0;
        for (int i = 0; i < 2 * ROUNDS; i++) {
            sum += round();
        }
        long thread = Thread.currentThread().threadId();
        long before = THREADS.getThreadAllocatedBytes(thread);
        for (int i = 0; i < ROUNDS; i++) {
            sum += round();
        }
        // Less than a byte a round: the measurement itself and a late compilation may leave some.
        assertThat(THREADS.getThreadAllocatedBytes(thread) - before).isLessThan(ROUNDS);
        assertThat(sum).isNotZero();
    }
}
