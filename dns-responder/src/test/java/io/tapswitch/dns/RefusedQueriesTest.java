package io.tapswitch.dns;

import static io.tapswitch.dns.DnsWorld.address;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.GenericEDNSOption;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** D9 and D10: what is not answered with names, and how that is said. */
class RefusedQueriesTest {
    private final DnsWorld world =
            DnsWorld.of(ZoneSpec.network("net1").host(List.of("web"), address("10.0.0.2"), address("fd00::2")));

    private static Message withOpt(Message query, OPTRecord opt) {
        query.addRecord(opt, Section.ADDITIONAL);
        return query;
    }

    @ParameterizedTest
    @CsvSource({"CH, REFUSED", "HS, REFUSED", "NONE, REFUSED", "ANY, NOTIMP"})
    void D9_anotherClassIsRefused(String dclass, String rcode) {
        for (String name : List.of("web", "version.bind", "example.org")) {
            Message answer = world.ask(DnsWorld.question(name, Type.TXT, DClass.value(dclass)));
            assertThat(Rcode.string(answer.getRcode())).isEqualTo(rcode);
            assertThat(answer.getQuestion().getName()).isEqualTo(DnsWorld.name(name));
            assertThat(answer.getHeader().getFlag(Flags.AA)).isFalse();
            assertThat(answer.getHeader().getFlag(Flags.RA)).isTrue();
        }
    }

    @Test
    void D9_anotherOpcodeIsNotImplemented() {
        for (int opcode = 1; opcode < 16; opcode++) {
            Message query = DnsWorld.question("web", Type.A);
            query.getHeader().setOpcode(opcode);
            Message answer = world.ask(query);
            assertThat(answer.getRcode()).isEqualTo(Rcode.NOTIMP);
            assertThat(answer.getHeader().getOpcode()).isEqualTo(opcode);
            assertThat(answer.getHeader().getID()).isEqualTo(query.getHeader().getID());
        }
        assertThat(world.responder.count(DnsResult.NOT_IMPLEMENTED)).isEqualTo(15);
        assertThat(Opcode.UPDATE).isLessThan(16);
    }

    @ParameterizedTest
    @CsvSource({
        "AXFR, REFUSED",
        "IXFR, REFUSED",
        "MAILB, NOTIMP",
        "MAILA, NOTIMP",
        "TKEY, NOTIMP",
        "TSIG, NOTIMP",
        "OPT, FORMERR"
    })
    void row70_operationsAreNeitherDoneNorForwarded(String type, String rcode) {
        for (String name : List.of("web", "example.org")) {
            Message answer = world.ask(name, Type.value(type));
            assertThat(Rcode.string(answer.getRcode())).isEqualTo(rcode);
            assertThat(answer.getSection(Section.ANSWER)).isEmpty();
        }
    }

    @Test
    void D9_noQuestionOrTwoAreAFormatError() {
        assertThat(world.ask(new Message()).getRcode()).isEqualTo(Rcode.FORMERR);
        Message two = DnsWorld.question("web", Type.A);
        two.addRecord(DnsWorld.question("db", Type.A).getQuestion(), Section.QUESTION);
        assertThat(world.ask(two).getRcode()).isEqualTo(Rcode.FORMERR);
        byte[] many = DnsWorld.question("web", Type.A).toWire();
        many[4] = (byte) 0xFF;
        many[5] = (byte) 0xFF;
        Message answer = DnsWorld.parse(world.raw(many, false));
        assertThat(answer.getRcode()).isEqualTo(Rcode.FORMERR);
        assertThat(answer.getQuestion()).isNull();
    }

    @Test
    void D9_row68_responsesAreDropped() {
        Message query = DnsWorld.question("web", Type.A);
        query.getHeader().setFlag(Flags.QR);
        assertThat(world.code(query.toWire())).isEqualTo(DnsResponder.DROP);
        // So nothing that we say is answered, whatever it is.
        for (Message asked : List.of(DnsWorld.question("web", Type.A), new Message(), DnsWorld.question("x.net1", 1))) {
            assertThat(world.code(world.raw(asked.toWire(), false))).isEqualTo(DnsResponder.DROP);
        }
        assertThat(world.responder.count(DnsResult.NOT_A_QUERY)).isEqualTo(4);
    }

    @Test
    void D10_optIsAnsweredIfAskedWithAndOnlyThen() {
        assertThat(world.ask("web", Type.A).getOPT()).isNull();
        assertThat(world.ask("gone.net1", Type.A).getOPT()).isNull();
        for (String name : List.of("web", "gone.net1")) {
            Message query = withOpt(DnsWorld.question(name, Type.A), new OPTRecord(4096, 0, 0, ExtendedFlags.DO));
            OPTRecord opt = world.ask(query).getOPT();
            assertThat(opt.getPayloadSize()).isEqualTo(DnsResponder.DEFAULT_MAX_UDP_LENGTH);
            assertThat(opt.getVersion()).isZero();
            assertThat(opt.getFlags()).isEqualTo(ExtendedFlags.DO);
            assertThat(opt.getExtendedRcode()).isZero();
            assertThat(opt.getOptions()).isEmpty();
        }
        OPTRecord plain = world.ask(withOpt(DnsWorld.question("web", Type.A), new OPTRecord(4096, 0, 0, 0x7FFF)))
                .getOPT();
        assertThat(plain.getFlags()).isZero();
    }

    @Test
    void D10_anotherVersionIsBadVersion() {
        for (int version : new int[] {1, 2, 255}) {
            Message answer = world.ask(withOpt(DnsWorld.question("web", Type.A), new OPTRecord(1232, 0, version)));
            assertThat(answer.getRcode()).isEqualTo(Rcode.BADVERS);
            assertThat(answer.getOPT().getVersion()).isZero();
            assertThat(answer.getSection(Section.ANSWER)).isEmpty();
            assertThat(answer.getQuestion().getName()).isEqualTo(DnsWorld.name("web"));
        }
    }

    @Test
    void D10_twoOptsAreAFormatErrorThatHasAnOpt() {
        byte[] one = withOpt(DnsWorld.question("web", Type.A), new OPTRecord(1232, 0, 0))
                .toWire();
        byte[] two = Arrays.copyOf(one, one.length + 11);
        System.arraycopy(one, one.length - 11, two, one.length, 11);
        two[11] = 2;
        Message answer = DnsWorld.parse(world.raw(two, false));
        assertThat(answer.getRcode()).isEqualTo(Rcode.FORMERR);
        assertThat(answer.getOPT()).isNotNull();
    }

    @Test
    void D10_unknownOptionsAreIgnored() {
        OPTRecord opt = new OPTRecord(
                1232,
                0,
                0,
                0,
                List.of(
                        new GenericEDNSOption(10, new byte[8]),
                        new GenericEDNSOption(65_001, new byte[0]),
                        new GenericEDNSOption(12, new byte[300])));
        Message answer = world.ask(withOpt(DnsWorld.question("web", Type.A), opt));
        assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(answer.getSection(Section.ANSWER)).hasSize(1);
        assertThat(answer.getOPT().getOptions()).isEmpty();
    }

    @Test
    void D10_optionsThatDoNotFillTheirPlaceAreAFormatError() {
        byte[] query = withOpt(
                        DnsWorld.question("web", Type.A),
                        new OPTRecord(1232, 0, 0, 0, List.of(new GenericEDNSOption(10, new byte[8]))))
                .toWire();
        // The option's length says 8 in the last octet before its data.
        for (int length : new int[] {7, 9, 200}) {
            query[query.length - 9] = (byte) length;
            Message answer = DnsWorld.parse(world.raw(query, false));
            assertThat(answer.getRcode()).isEqualTo(Rcode.FORMERR);
            assertThat(answer.getOPT()).isNotNull();
        }
    }

    @Test
    void D10_anOptOutsideTheAdditionalSectionOrWithANameIsAFormatError() {
        byte[] query = withOpt(DnsWorld.question("web", Type.A), new OPTRecord(1232, 0, 0))
                .toWire();
        byte[] elsewhere = query.clone();
        elsewhere[9] = 1;
        elsewhere[11] = 0;
        assertThat(DnsWorld.parse(world.raw(elsewhere, false)).getRcode()).isEqualTo(Rcode.FORMERR);
        byte[] named = new byte[query.length + 1];
        System.arraycopy(query, 0, named, 0, query.length - 11);
        named[query.length - 11] = (byte) 0xC0;
        named[query.length - 10] = 12;
        System.arraycopy(query, query.length - 10, named, query.length - 9, 10);
        assertThat(DnsWorld.parse(world.raw(named, false)).getRcode()).isEqualTo(Rcode.FORMERR);
    }

    @Test
    void D13_checkingIsLeftToWhoWantsIt() {
        Message query = DnsWorld.question("web", Type.A);
        query.getHeader().setFlag(Flags.CD);
        query.getHeader().setFlag(Flags.AD);
        Message answer = world.ask(query);
        assertThat(answer.getHeader().getFlag(Flags.CD)).isTrue();
        assertThat(answer.getHeader().getFlag(Flags.AD)).isFalse();
    }

    @Test
    void eachQueryIsCountedOnceByWhatBecameOfIt() {
        world.ask("web", Type.A);
        world.ask("web", Type.MX);
        world.ask("gone.net1", Type.A);
        world.code("example.org", Type.A);
        world.code(new byte[3]);
        assertThat(List.of(DnsResult.values()))
                .allSatisfy(result -> assertThat(world.responder.count(result))
                        .as(result.word() + ": " + result.sentence())
                        .isEqualTo(
                                switch (result) {
                                    case ANSWERED, NO_DATA, NO_NAME, FORWARD, TOO_SHORT -> 1;
                                    default -> 0;
                                }));
    }
}
