package io.tapswitch.dns;

import static io.tapswitch.dns.DnsWorld.address;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.GenericEDNSOption;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Catalogue rows 65 to 70: what nobody should send. A read behind the end of a query fails in {@link DnsWorld#raw}. */
class HostileQueriesTest {
    private final RandomGenerator random = Seeds.random();
    private final DnsWorld world = DnsWorld.internal(ZoneSpec.network("net1")
            .subnet(address("10.0.0.0"), 8)
            .subnet(address("fd00::"), 8)
            .host(List.of("web", "a.b"), address("10.0.0.2"), address("fd00::2"))
            .record(StaticRecord.text("txt", "hello")));

    /** A query whose question's name is these octets. */
    private static byte[] named(int... octets) {
        byte[] query = new byte[12 + octets.length + 4];
        query[0] = 0x12;
        query[1] = 0x34;
        query[2] = 1;
        query[5] = 1;
        for (int i = 0; i < octets.length; i++) {
            query[12 + i] = (byte) octets[i];
        }
        query[query.length - 3] = 1;
        query[query.length - 1] = 1;
        return query;
    }

    private static byte[] withEdns(String name, int type) {
        Message query = DnsWorld.question(name, type);
        query.addRecord(
                new OPTRecord(1232, 0, 0, 0, List.of(new GenericEDNSOption(10, new byte[] {1, 2, 3, 4, 5, 6, 7, 8}))),
                Section.ADDITIONAL);
        return query.toWire();
    }

    private void assertFormatError(byte[] query) {
        Message answer = DnsWorld.parse(world.raw(query, false));
        assertThat(answer.getRcode()).as(Arrays.toString(query)).isEqualTo(Rcode.FORMERR);
        assertThat(answer.getHeader().getID()).isEqualTo(0x1234);
        assertThat(answer.getSection(Section.ANSWER)).isEmpty();
    }

    @Test
    void row65_noPointerInAQuestionIsFollowed() {
        assertFormatError(named(0xC0, 12)); // itself
        assertFormatError(named(0xC0, 14)); // forward
        assertFormatError(named(0xC0, 0)); // the header
        assertFormatError(named(0xFF, 0xFF)); // beyond the end
        assertFormatError(named(1, 'a', 0xC0, 12)); // a loop
        int[] chain = new int[2 * 127];
        for (int i = 0; i < 127; i++) {
            chain[2 * i] = 0xC0;
            chain[2 * i + 1] = 12 + 2 * i + 2;
        }
        assertFormatError(named(chain));
    }

    @Test
    void row66_labelsOfReservedKindsAndNamesThatAreTooLongAreFormatErrors() {
        for (int length = 64; length < 256; length++) {
            int[] octets = new int[length + 2];
            octets[0] = length;
            Arrays.fill(octets, 1, length + 1, 'a');
            assertFormatError(named(octets));
        }
        int[] longest = new int[255];
        for (int i = 0; i < 254; i += 2) {
            longest[i] = 1;
            longest[i + 1] = 'a';
        }
        assertThat(DnsWorld.parse(world.raw(named(longest), false)).getRcode()).isEqualTo(Rcode.NXDOMAIN);
        int[] tooLong = new int[257];
        for (int i = 0; i < 256; i += 2) {
            tooLong[i] = 1;
            tooLong[i + 1] = 'a';
        }
        assertFormatError(named(tooLong));
        int[] byOne = new int[256];
        for (int i = 0; i < 4; i++) {
            byOne[i * 64] = i == 3 ? 62 : 63;
        }
        assertFormatError(named(byOne));
    }

    @Test
    void row66_aNameWithoutAnEndIsAFormatError() {
        byte[] query = named(3, 'w', 'e', 'b', 0);
        assertFormatError(Arrays.copyOf(query, 12));
        for (int length = 13; length < query.length; length++) {
            assertFormatError(Arrays.copyOf(query, length));
        }
    }

    @Test
    void row67_everyCutQueryHasAnErrorOrNothing() {
        for (byte[] query : List.of(withEdns("web", Type.A), withEdns("2.0.0.10.in-addr.arpa", Type.PTR))) {
            for (int length = 0; length < query.length; length++) {
                byte[] answer = world.raw(Arrays.copyOf(query, length), false);
                if (length < 12) {
                    assertThat(answer).containsExactly(DnsResponder.DROP);
                } else {
                    assertThat(DnsWorld.parse(answer).getRcode()).isEqualTo(Rcode.FORMERR);
                }
            }
            assertThat(DnsWorld.parse(world.raw(query, false)).getRcode()).isZero();
        }
    }

    @Test
    void row67_countsThatLieAreFormatErrors() {
        for (int count : new int[] {6, 8, 10}) {
            for (int lie : new int[] {1, 2, 3, 255, 0x7FFF, 0xFFFF}) {
                byte[] query = named(3, 'w', 'e', 'b', 0);
                query[count] = (byte) (lie >> 8);
                query[count + 1] = (byte) lie;
                assertFormatError(query);
            }
        }
    }

    @Test
    void row67_octetsBehindTheLastRecordChangeNothing() {
        byte[] query = named(3, 'w', 'e', 'b', 0);
        byte[] padded = Arrays.copyOf(query, 512);
        Arrays.fill(padded, query.length, 512, (byte) 0xAB);
        assertThat(world.raw(padded, false)).isEqualTo(world.raw(query, false));
        assertThat(world.responder.query().length()).isEqualTo(query.length);
    }

    @Test
    void row65_aChainOfPointersInARecordOfAQueryIsBounded() {
        // As many pointers as fit, each to the one before, then an additional record whose name is the last of them.
        int pointers = 4000;
        byte[] query = Arrays.copyOf(named(3, 'w', 'e', 'b', 0), 12 + 9 + 11 + 2 * pointers + 12);
        query[11] = 2;
        int at = 21;
        query[at + 2] = 99; // an unknown type, whose data are the pointers
        query[at + 9] = (byte) ((2 * pointers) >> 8);
        query[at + 10] = (byte) (2 * pointers);
        at += 11;
        for (int i = 0; i < pointers; i++) {
            int target = i == 0 ? 12 : at - 2;
            query[at++] = (byte) (0xC0 | (target >> 8));
            query[at++] = (byte) target;
        }
        query[at] = (byte) (0xC0 | ((at - 2) >> 8));
        query[at + 1] = (byte) (at - 2);
        assertFormatError(query);
    }

    /** The most work that a query can make: each name that it may have jumps as often as a name may. */
    @Test
    void row65_theMostPointersThatAQueryMayHaveTakeLessThanATenthOfAMillisecond() {
        ByteArrayOutputStream query = new ByteArrayOutputStream();
        query.writeBytes(named(1, 'a', 0));
        int target = 12;
        query.writeBytes(new byte[] {0, 0, 99, 0, 1, 0, 0, 0, 0, 1, (byte) 0xF8});
        // Labels of one octet, each with a pointer to the one before: 126 jumps, and 255 octets with the root.
        for (int i = 0; i < DnsName.MAX_JUMPS; i++) {
            int at = query.size();
            query.writeBytes(new byte[] {1, 'b', (byte) (0xC0 | (target >> 8)), (byte) target});
            target = at;
        }
        for (int i = 1; i < DnsQuery.MAX_RECORDS; i++) {
            query.writeBytes(new byte[] {(byte) (0xC0 | (target >> 8)), (byte) target, 0, 99, 0, 1, 0, 0, 0, 0, 0, 0});
        }
        byte[] message = query.toByteArray();
        message[11] = DnsQuery.MAX_RECORDS;
        long best = Long.MAX_VALUE;
        for (int batch = 0; batch < 50; batch++) {
            long begin = System.nanoTime();
            for (int i = 0; i < 100; i++) {
                world.raw(message, false);
            }
            best = Math.min(best, (System.nanoTime() - begin) / 100);
        }
        System.out.printf("row 65: %d ns for a query with the most pointers%n", best);
        assertThat(best).isLessThan(100_000);
    }

    @Test
    void row67_randomOctetsAreAnsweredOrDropped() {
        for (int i = 0; i < 200_000; i++) {
            byte[] query = new byte[random.nextInt(80)];
            random.nextBytes(query);
            if (query.length > 12 && random.nextBoolean()) {
                // Past the first hurdles, so that more of it is read.
                query[2] &= 0x07;
                Arrays.fill(query, 4, 12, (byte) 0);
                query[5] = 1;
                query[11] = (byte) random.nextInt(3);
            }
            byte[] answer = world.raw(query, random.nextBoolean());
            assertThat(answer.length).as(Seeds.description()).isNotEqualTo(2);
            if (answer.length > 1) {
                assertThat(DnsWorld.parse(answer).getHeader().getFlag(0)).isTrue();
            }
        }
    }

    @Test
    void row67_flippedBitsAreAnsweredOrDropped() {
        List<byte[]> queries = List.of(
                withEdns("web.net1", Type.A),
                withEdns("txt", Type.TXT),
                withEdns("gone.net1", Type.AAAA),
                withEdns("2.0.0.10.in-addr.arpa", Type.PTR),
                withEdns("2" + ".0".repeat(29) + ".d.f.ip6.arpa", Type.PTR));
        for (int i = 0; i < 200_000; i++) {
            byte[] query = queries.get(random.nextInt(queries.size())).clone();
            for (int flips = random.nextInt(1, 5); flips > 0; flips--) {
                query[random.nextInt(2, query.length)] ^= (byte) (1 << random.nextInt(8));
            }
            byte[] answer = world.raw(query, false);
            if (answer.length > 1) {
                Message parsed = DnsWorld.parse(answer);
                assertThat(parsed.getHeader().getID()).isEqualTo((query[0] & 0xFF) << 8 | (query[1] & 0xFF));
            }
        }
    }

    @Test
    void whatStandsAroundAQueryChangesNothing() {
        UnsafeBuffer frame = new UnsafeBuffer(new byte[4096]);
        for (int i = 0; i < 2_000; i++) {
            byte[] query = withEdns(i % 2 == 0 ? "wEb.net1" : "x" + i + ".net1", Type.A);
            byte[] expected = world.raw(query, false);
            byte[] noise = new byte[4096];
            random.nextBytes(noise);
            frame.putBytes(0, noise);
            int offset = random.nextInt(500);
            frame.putBytes(offset, query);
            // Over the query itself.
            int length = world.responder.answerUdp(frame, offset, query.length, world.view, frame, offset);
            byte[] answer = new byte[length];
            frame.getBytes(offset, answer);
            assertThat(answer).as(Seeds.description()).isEqualTo(expected);
            for (int at = 0; at < 4096; at++) {
                if (at < offset || at >= offset + length) {
                    byte before = at >= offset && at < offset + query.length ? query[at - offset] : noise[at];
                    assertThat(frame.getByte(at)).isEqualTo(before);
                }
            }
        }
    }
}
