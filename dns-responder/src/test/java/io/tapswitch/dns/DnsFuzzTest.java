package io.tapswitch.dns;

import static io.tapswitch.dns.DnsWorld.address;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;

/**
 * Fuzzing of the parser and of the answer writer. In the normal suite it runs the corpus that is kept beside it; with
 * JAZZER_FUZZ=1 in the environment one of the two searches for ten minutes, guided by coverage, and leaves what it
 * found worth keeping in dns-responder/.cifuzz-corpus:
 *
 * <pre>
 *   JAZZER_FUZZ=1 mvn -q test -pl dns-responder -Dtest=DnsFuzzTest#anyQueryIsAnsweredReadablyOrNotAtAll
 *   JAZZER_FUZZ=1 mvn -q test -pl dns-responder -Dtest=DnsFuzzTest#anyMessageIsWalkedToItsEndOrAFault
 * </pre>
 *
 * <p>The query fills its buffer, and agrona checks bounds, so a read behind its end is a finding; so is an answer that
 * the judge cannot read, that is longer than it may be, or that is not the same by UDP and, over its query, by TCP.
 */
class DnsFuzzTest {
    private static final UnsafeBuffer OUT = new UnsafeBuffer(new byte[0x10000]);
    private static final UnsafeBuffer IN_PLACE = new UnsafeBuffer(new byte[0x20000]);
    private static final ClientView VIEW = view(true);
    private static final ClientView INTERNAL = view(false);

    private static ClientView view(boolean forwards) {
        ZoneSpec.Builder net = ZoneSpec.network("net1")
                .subnet(address("10.0.0.0"), 12)
                .subnet(address("fd00::"), 61)
                .record(StaticRecord.text("t", "x".repeat(700)))
                .record(StaticRecord.service("_s._t", 1, 2, 3, "web"));
        for (int i = 0; i < 90; i++) {
            net.host(List.of("c" + i, "all"), DnsAddress.v4(0x0A00_0000 + i), new DnsAddress(0xFDL << 56, i));
        }
        return DnsWorld.view(forwards, net, ZoneSpec.network("n.2").host(List.of("web"), address("10.1.0.2")));
    }

    @FuzzTest(maxDuration = "10m")
    void anyQueryIsAnsweredReadablyOrNotAtAll(byte[] query) throws IOException {
        if (query.length > 0xFFFF) {
            return;
        }
        UnsafeBuffer in = new UnsafeBuffer(query);
        for (ClientView view : List.of(VIEW, INTERNAL)) {
            DnsResponder responder = new DnsResponder(1232, 1);
            int length = responder.answerUdp(in, 0, query.length, view, OUT, 0);
            check(query, responder, length, 1232);
            check(query, responder, responder.answerTcp(in, 0, query.length, view, OUT, 0), 0xFFFF);
            // Over itself it says the same.
            IN_PLACE.putBytes(1, query);
            DnsResponder second = new DnsResponder(1232, 1);
            if (second.answerUdp(IN_PLACE, 1, query.length, view, IN_PLACE, 1) != length) {
                throw new AssertionError("another answer in place");
            }
        }
    }

    private static void check(byte[] query, DnsResponder responder, int length, int limit) throws IOException {
        if (length < 0) {
            return;
        }
        byte[] answer = new byte[length];
        OUT.getBytes(0, answer);
        Message parsed = new Message(answer);
        DnsQuery read = responder.query();
        boolean isHuge = length > Math.min(limit, limit == 0xFFFF ? limit : read.payload());
        boolean isOther = answer[0] != query[0] || answer[1] != query[1];
        if (isHuge || isOther || !parsed.getHeader().getFlag(Flags.QR)) {
            throw new AssertionError("not an answer: " + parsed);
        }
        for (int i = 0; i < read.questionLength(); i++) {
            if (answer[DnsHeader.LENGTH + i] != query[DnsHeader.LENGTH + i]) {
                throw new AssertionError("another question: " + parsed);
            }
        }
        if ((parsed.getOPT() != null) != read.hasEdns()) {
            throw new AssertionError("OPT without being asked, or none: " + parsed);
        }
    }

    @FuzzTest(maxDuration = "10m")
    void anyMessageIsWalkedToItsEndOrAFault(byte[] message) {
        UnsafeBuffer b = new UnsafeBuffer(message);
        RecordCursor cursor = new RecordCursor();
        if (!cursor.wrap(b, 0, message.length)) {
            return;
        }
        while (cursor.next()) {
            int length = DnsName.expand(b, 0, cursor.nameAt(), message.length, OUT, 0);
            if (length < 1 || length > DnsName.MAX_LENGTH || cursor.index() > message.length) {
                throw new AssertionError("a name of " + length + " octets, read up to " + cursor.index());
            }
            DnsName.text(OUT, 0);
        }
        DnsQuery query = new DnsQuery();
        query.read(b, 0, message.length);
        query.isAnsweredBy(b, 0, message.length, query.id(), new FoldedName());
    }
}
