package io.tapswitch.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.SRVRecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;
import org.xbill.DNS.UNKRecord;

/** Messages that the judge wrote, with compression, record by record. */
class RecordCursorTest {
    private final RandomGenerator random = Seeds.random();

    private record Seen(String name, int type, int dclass, int ttl) {}

    private Message message() {
        Message message = DnsWorld.question("www.example.org", Type.A);
        message.getHeader().setFlag(Flags.QR);
        Name[] names = {DnsWorld.name("www.example.org"), DnsWorld.name("example.org"), DnsWorld.name("a.b.example.org")
        };
        for (int section : new int[] {Section.ANSWER, Section.AUTHORITY, Section.ADDITIONAL}) {
            for (int i = random.nextInt(5); i > 0; i--) {
                Name name = names[random.nextInt(3)];
                int ttl = random.nextInt(100_000);
                byte[] data = new byte[random.nextInt(40)];
                message.addRecord(
                        switch (random.nextInt(3)) {
                            case 0 -> new SOARecord(name, DClass.IN, ttl, names[0], names[1], 7, 2, 3, 4, 5);
                            case 1 -> new SRVRecord(name, DClass.IN, ttl, 1, 2, random.nextInt(9999), names[2]);
                            default -> UNKRecord.newRecord(name, 65_400 + i, DClass.IN, ttl, data);
                        },
                        section);
            }
        }
        message.addRecord(new OPTRecord(1232, 0, 0), Section.ADDITIONAL);
        return message;
    }

    private static List<Seen> seen(UnsafeBuffer b, int offset, int length) {
        RecordCursor cursor = new RecordCursor();
        UnsafeBuffer name = new UnsafeBuffer(new byte[255]);
        List<Seen> all = new ArrayList<>();
        assertThat(cursor.wrap(b, offset, length)).isTrue();
        while (cursor.next()) {
            assertThat(DnsName.expand(b, offset, cursor.nameAt(), offset + length, name, 0))
                    .isPositive();
            all.add(new Seen(DnsName.text(name, 0), cursor.type(), cursor.recordClass(), cursor.ttl()));
        }
        assertThat(cursor.isMalformed()).isFalse();
        assertThat(cursor.index()).isEqualTo(offset + length);
        return all;
    }

    @Test
    void D13_everyRecordIsFoundWhereItIs() {
        for (int i = 0; i < 1_000; i++) {
            Message message = message();
            byte[] octets = message.toWire(65_535);
            UnsafeBuffer b = new UnsafeBuffer(new byte[octets.length + 7]);
            b.putBytes(7, octets);
            List<Seen> expected = new ArrayList<>();
            for (int section = Section.ANSWER; section <= Section.ADDITIONAL; section++) {
                for (Record record : message.getSection(section)) {
                    String name = record.getName().toString(true);
                    expected.add(new Seen(name.equals("@") ? "." : name, record.getType(), record.getDClass(), (int)
                            record.getTTL()));
                }
            }
            assertThat(seen(b, 7, octets.length)).as(Seeds.description()).isEqualTo(expected);
        }
    }

    @Test
    void ttlsAreSetInPlace() {
        Message message = message();
        message.addRecord(new SRVRecord(DnsWorld.name("a"), DClass.IN, 1, 2, 3, 4, Name.root), Section.ANSWER);
        byte[] octets = message.toWire(65_535);
        UnsafeBuffer b = new UnsafeBuffer(octets);
        RecordCursor cursor = new RecordCursor();
        cursor.wrap(b, 0, octets.length);
        int answers = 0;
        while (cursor.next()) {
            answers += cursor.isAnswer() ? 1 : 0;
            if (cursor.type() != RecordType.OPT) {
                cursor.ttl(b, 77);
            }
        }
        assertThat(answers).isEqualTo(message.getSection(Section.ANSWER).size());
        for (Record record : DnsWorld.parse(octets).getSection(Section.ANSWER)) {
            assertThat(record.getTTL()).isEqualTo(77);
        }
        // A top bit in a TTL is no huge number (RFC 2181 section 8).
        DnsRecord.put(b, 12, 1, 1, -1, 0);
        assertThat(DnsRecord.ttl(b, 12)).isZero();
    }

    @Test
    void row72_cutOrRandomMessagesEndTheWalk() {
        RecordCursor cursor = new RecordCursor();
        for (int i = 0; i < 50; i++) {
            byte[] octets = message().toWire(65_535);
            for (int length = 0; length < octets.length; length++) {
                byte[] cut = Arrays.copyOf(octets, length);
                if (cursor.wrap(new UnsafeBuffer(cut), 0, length)) {
                    while (cursor.next()) {
                        assertThat(cursor.dataAt() + cursor.dataLength()).isLessThanOrEqualTo(length);
                    }
                }
                assertThat(cursor.isMalformed()).isTrue();
            }
            for (int flip = 0; flip < 50; flip++) {
                byte[] flipped = octets.clone();
                flipped[random.nextInt(octets.length)] ^= (byte) (1 << random.nextInt(8));
                if (cursor.wrap(new UnsafeBuffer(flipped), 0, flipped.length)) {
                    while (cursor.next()) {
                        assertThat(cursor.index()).isLessThanOrEqualTo(flipped.length);
                    }
                }
            }
        }
    }

    @Test
    void flyweightsReadWhatTheJudgeWrote() {
        Message message = DnsWorld.question("a", Type.SRV);
        message.addRecord(new SRVRecord(DnsWorld.name("a"), DClass.IN, 1, 2, 3, 4, Name.root), Section.ANSWER);
        message.addRecord(
                new SOARecord(DnsWorld.name("a"), DClass.IN, 1, Name.root, Name.root, 7, 8, 9, 10, 11),
                Section.AUTHORITY);
        message.addRecord(new OPTRecord(1400, 0x12, 3, 0x8001), Section.ADDITIONAL);
        UnsafeBuffer b = new UnsafeBuffer(message.toWire(65_535));
        RecordCursor cursor = new RecordCursor();
        cursor.wrap(b, 0, b.capacity());
        cursor.next();
        assertThat(SrvData.priority(b, cursor.dataAt())).isEqualTo(2);
        assertThat(SrvData.weight(b, cursor.dataAt())).isEqualTo(3);
        assertThat(SrvData.port(b, cursor.dataAt())).isEqualTo(4);
        cursor.next();
        assertThat(SoaData.serial(b, cursor.dataAt() + 2)).isEqualTo(7);
        assertThat(SoaData.minimum(b, cursor.dataAt() + 2)).isEqualTo(11);
        cursor.next();
        int opt = cursor.nameAt() + 1;
        assertThat(OptRecord.payload(b, opt)).isEqualTo(1400);
        assertThat(OptRecord.highRcode(b, opt)).isEqualTo(0x12);
        assertThat(OptRecord.version(b, opt)).isEqualTo(3);
        assertThat(OptRecord.flags(b, opt)).isEqualTo(0x8001);
        assertThat(OptRecord.hasWholeOptions(b, opt)).isTrue();
    }
}
