package io.tapswitch.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** What a forwarder has of a query that is not ours. */
class ForwardedQueryTest {
    private final DnsWorld world = DnsWorld.of(ZoneSpec.network("net1"));
    private final UnsafeBuffer out = new UnsafeBuffer(new byte[512]);

    private DnsQuery forwarded(Message query) {
        assertThat(world.code(query.toWire())).isEqualTo(DnsResponder.FORWARD);
        return world.responder.query();
    }

    private static Message question(String name, int type) {
        return DnsWorld.question(name, type);
    }

    @Test
    void theCacheKeyIsTheQuestionAndTheFlagsThatChangeAnswers() {
        long key = forwarded(question("www.example.org", Type.A)).cacheKey();
        assertThat(forwarded(question("WWW.example.ORG.", Type.A)).cacheKey()).isEqualTo(key);
        Message withOpt = question("www.example.org", Type.A);
        withOpt.addRecord(new OPTRecord(4096, 0, 0), Section.ADDITIONAL);
        assertThat(forwarded(withOpt).cacheKey()).isEqualTo(key);

        Message verifying = question("www.example.org", Type.A);
        verifying.addRecord(new OPTRecord(4096, 0, 0, ExtendedFlags.DO), Section.ADDITIONAL);
        Message unchecked = question("www.example.org", Type.A);
        unchecked.getHeader().setFlag(Flags.CD);
        Message notDesired = question("www.example.org", Type.A);
        notDesired.getHeader().unsetFlag(Flags.RD);
        for (Message other : List.of(
                question("www.example.org", Type.AAAA),
                question("ww.example.org", Type.A),
                verifying,
                unchecked,
                notDesired)) {
            assertThat(forwarded(other).cacheKey()).isNotEqualTo(key);
        }
    }

    @Test
    void theNameIsStoredAndFoundAgain() {
        FoldedName name = forwarded(question("wWw.example.org", Type.A)).name();
        UnsafeBuffer store = new UnsafeBuffer(new byte[64]);
        name.store(store, 8);
        assertThat(name.storedLength()).isEqualTo(24);
        assertThat(forwarded(question("www.EXAMPLE.org", Type.TXT)).name().isStored(store, 8))
                .isTrue();
        assertThat(forwarded(question("www.example.net", Type.TXT)).name().isStored(store, 8))
                .isFalse();
        assertThat(world.responder.query().name().toString()).isEqualTo("www.example.net");
    }

    private boolean isAnsweredBy(Consumer<Message> change, int cut) {
        Message query = question("www.example.org", Type.A);
        DnsQuery read = forwarded(query);
        Message answer = question("WWW.example.org", Type.A);
        answer.getHeader().setID(4711);
        answer.getHeader().setFlag(Flags.QR);
        answer.addRecord(
                new ARecord(DnsWorld.name("www.example.org"), DClass.IN, 5, DnsWorld.inet("192.0.2.1")),
                Section.ANSWER);
        change.accept(answer);
        byte[] octets = answer.toWire();
        int length = Math.min(cut, octets.length);
        return read.isAnsweredBy(new UnsafeBuffer(Arrays.copyOf(octets, length)), 0, length, 4711, new FoldedName());
    }

    @Test
    void D13_onlyAResponseToThatQuestionWithThatIdIsAnAnswer() {
        assertThat(isAnsweredBy(answer -> {}, 1000)).isTrue();
        assertThat(isAnsweredBy(answer -> answer.getHeader().setRcode(Rcode.SERVFAIL), 1000))
                .isTrue();
        assertThat(isAnsweredBy(answer -> answer.getHeader().setID(4712), 1000)).isFalse();
        assertThat(isAnsweredBy(answer -> answer.getHeader().unsetFlag(Flags.QR), 1000))
                .isFalse();
        assertThat(isAnsweredBy(answer -> answer.getHeader().setOpcode(Opcode.STATUS), 1000))
                .isFalse();
        for (Record other : List.of(
                Record.newRecord(DnsWorld.name("www.example.net"), Type.A, DClass.IN),
                Record.newRecord(DnsWorld.name("example.org"), Type.A, DClass.IN),
                Record.newRecord(DnsWorld.name("www.example.org"), Type.AAAA, DClass.IN),
                Record.newRecord(DnsWorld.name("www.example.org"), Type.A, DClass.CH))) {
            assertThat(isAnsweredBy(
                            answer -> {
                                answer.removeAllRecords(Section.QUESTION);
                                answer.addRecord(other, Section.QUESTION);
                            },
                            1000))
                    .isFalse();
        }
        assertThat(isAnsweredBy(answer -> answer.removeAllRecords(Section.QUESTION), 1000))
                .isFalse();
        // All of the question is needed: 12 + 17 + 4.
        for (int length = 0; length < 33; length++) {
            assertThat(isAnsweredBy(answer -> {}, length)).isFalse();
        }
        assertThat(isAnsweredBy(answer -> {}, 33)).isTrue();
    }

    @Test
    void D14_aQueryThatFailsHasOneAnswer() {
        Message query = question("wWw.example.org", Type.A);
        query.addRecord(new OPTRecord(4096, 0, 0, ExtendedFlags.DO), Section.ADDITIONAL);
        byte[] octets = query.toWire();
        int length = world.responder.fail(new UnsafeBuffer(octets), 0, octets.length, DnsResult.FAILED, out, 0);
        byte[] answer = new byte[length];
        out.getBytes(0, answer);
        Message parsed = DnsWorld.parse(answer);
        assertThat(parsed.getRcode()).isEqualTo(Rcode.SERVFAIL);
        assertThat(parsed.getQuestion().getName().toString()).isEqualTo("wWw.example.org.");
        assertThat(parsed.getHeader().getID()).isEqualTo(query.getHeader().getID());
        assertThat(parsed.getHeader().getFlag(Flags.AA)).isFalse();
        assertThat(parsed.getOPT()).isNotNull();
        assertThat(world.responder.count(DnsResult.FAILED)).isEqualTo(1);
        assertThat(world.responder.fail(new UnsafeBuffer(answer), 0, length, DnsResult.FAILED, out, 0))
                .isEqualTo(DnsResponder.DROP);
    }

    @Test
    void row67_whatStandsBehindTheLastRecordIsNotForwarded() {
        byte[] query = question("www.example.org", Type.A).toWire();
        assertThat(world.code(Arrays.copyOf(query, 400))).isEqualTo(DnsResponder.FORWARD);
        assertThat(world.responder.query().length()).isEqualTo(query.length);
    }
}
