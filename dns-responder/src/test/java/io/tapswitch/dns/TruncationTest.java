package io.tapswitch.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** D10 and D12: answers that do not fit. */
class TruncationTest {
    private static final int CONTAINERS = 100;

    private final DnsWorld world = DnsWorld.of(crowd(CONTAINERS));

    private static ZoneSpec.Builder crowd(int containers) {
        ZoneSpec.Builder net = ZoneSpec.network("crowd");
        for (int i = 0; i < containers; i++) {
            net.host(
                    List.of("c" + i, "all"),
                    DnsAddress.v4(0x0A00_0002 + i),
                    new DnsAddress(0xFD00_0000_0000_0000L, i + 2));
            net.record(StaticRecord.service("_all._tcp", i, 0, 80, "c" + i));
        }
        return net;
    }

    private static Message asked(int type, int payload) {
        Message query = DnsWorld.question(type == Type.SRV ? "_all._tcp" : "all", type);
        if (payload >= 0) {
            query.addRecord(new OPTRecord(payload, 0, 0), Section.ADDITIONAL);
        }
        return query;
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 100, 511, 512, 513, 700, 1231, 1232, 1233, 4096, 65_535})
    void D10_anAnswerNeverExceedsWhatTheClientTakesNorOurLimit(int payload) {
        int limit = Math.min(1232, Math.max(512, payload));
        for (int type : new int[] {Type.A, Type.AAAA, Type.SRV}) {
            byte[] octets = world.raw(asked(type, payload).toWire(), false);
            Message answer = DnsWorld.parse(octets);
            assertThat(octets.length).isBetween(limit - 28, limit);
            assertThat(answer.getHeader().getFlag(Flags.TC)).isTrue();
            assertThat(answer.getOPT() != null).isEqualTo(payload >= 0);
            assertThat(answer.getSection(Section.ANSWER)).isNotEmpty().doesNotHaveDuplicates();
        }
        assertThat(world.responder.truncated()).isEqualTo(3);
    }

    @Test
    void D12_ahundredAddressesAreTruncatedByUdpAndCompleteByTcp() {
        for (int type : new int[] {Type.A, Type.AAAA, Type.SRV}) {
            assertThat(world.ask(asked(type, -1)).getHeader().getFlag(Flags.TC)).isTrue();
            Message answer = world.askTcp(asked(type, -1));
            assertThat(answer.getHeader().getFlag(Flags.TC)).isFalse();
            assertThat(answer.getSection(Section.ANSWER)).hasSize(CONTAINERS).doesNotHaveDuplicates();
        }
    }

    @Test
    void D12_byTcpTheClientsUdpSizeMeansNothing() {
        assertThat(world.askTcp(asked(Type.A, 512)).getSection(Section.ANSWER)).hasSize(CONTAINERS);
    }

    @Test
    void D4_aTruncatedAnswerHasAnyOfTheAddresses() {
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < 200; i++) {
            for (Record record : world.ask(asked(Type.A, -1)).getSection(Section.ANSWER)) {
                seen.add(record.rdataToString());
            }
        }
        assertThat(seen).hasSize(CONTAINERS);
    }

    @Test
    void D12_whatFitsExactlyIsNotTruncated() {
        // Header 12, question 5 + 4 for "all", and 30 addresses of 16 octets: 501. One more is 517.
        DnsWorld thirty = DnsWorld.of(crowd(30));
        assertThat(thirty.ask(asked(Type.A, -1)).getHeader().getFlag(Flags.TC)).isFalse();
        assertThat(DnsWorld.of(crowd(31)).ask(asked(Type.A, -1)).getHeader().getFlag(Flags.TC))
                .isTrue();
        assertThat(thirty.responder.truncated()).isZero();
    }

    @Test
    void D12_moreThanTcpCanCarryIsTruncatedToo() {
        DnsWorld large = DnsWorld.of(crowd(4200));
        byte[] octets = large.raw(asked(Type.A, -1).toWire(), true);
        assertThat(octets.length).isBetween(65_520, 65_535);
        Message answer = DnsWorld.parse(octets);
        assertThat(answer.getHeader().getFlag(Flags.TC)).isTrue();
        assertThat(answer.getSection(Section.ANSWER)).hasSize((65_535 - 21) / 16);
    }

    @Test
    void D10_everyNegativeAnswerFitsInTheLeast() {
        String longest = "a".repeat(63) + "." + "b".repeat(63) + "." + "c".repeat(63) + "." + "d".repeat(61);
        DnsWorld internal = DnsWorld.internal(ZoneSpec.network("d".repeat(61)));
        Message query = DnsWorld.question(longest, Type.A);
        query.addRecord(new OPTRecord(512, 0, 0), Section.ADDITIONAL);
        byte[] octets = internal.raw(query.toWire(), false);
        assertThat(octets.length).isLessThanOrEqualTo(512);
        Message answer = DnsWorld.parse(octets);
        assertThat(answer.getSection(Section.AUTHORITY)).hasSize(1);
        assertThat(answer.getOPT()).isNotNull();
        assertThat(answer.getHeader().getFlag(Flags.TC)).isFalse();
    }
}
