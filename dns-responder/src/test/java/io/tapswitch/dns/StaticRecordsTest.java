package io.tapswitch.dns;

import static io.tapswitch.dns.DnsWorld.address;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.DClass;
import org.xbill.DNS.MXRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TXTRecord;
import org.xbill.DNS.Type;

/** Records that configuration gives, whatever their type. */
class StaticRecordsTest {
    private static final byte[] MX = new MXRecord(
                    DnsWorld.name("mail.example.org"), DClass.IN, 0, 10, DnsWorld.name("web"))
            .rdataToWireCanonical();

    private static final DnsWorld WORLD = DnsWorld.of(ZoneSpec.network("net1")
            .subnet(address("10.0.0.0"), 24)
            .host(List.of("web"), address("10.0.0.2"))
            .record(StaticRecord.address("host.docker.internal", address("10.0.0.1")))
            .record(StaticRecord.address("db.example.org", address("192.0.2.7")))
            .record(StaticRecord.address("db.example.org", address("2001:db8::7")))
            .record(StaticRecord.service("_http._tcp.web", 10, 20, 8080, "web.net1"))
            .record(StaticRecord.service("_http._tcp.web", 20, 0, 8081, "web.net1"))
            .record(StaticRecord.text("web", "x".repeat(300)))
            .record(StaticRecord.pointer("7.0.0.10.in-addr.arpa", "printer.lan"))
            .record(new StaticRecord("mail.example.org", Type.MX, MX))
            .record(new StaticRecord("odd", 65_280, new byte[] {1, 2, 3})));

    @Test
    void addressesStandUnderTheirOwnNameOnly() {
        assertThat(WORLD.data("host.docker.internal", Type.A)).containsExactly("10.0.0.1");
        assertThat(WORLD.data("host.docker.internal", Type.AAAA)).isEmpty();
        assertThat(WORLD.data("DB.example.org", Type.A)).containsExactly("192.0.2.7");
        assertThat(WORLD.data("db.example.org", Type.AAAA)).containsExactly("2001:db8:0:0:0:0:0:7");
        assertThat(WORLD.code("example.org", Type.A)).isEqualTo(DnsResponder.FORWARD);
        assertThat(WORLD.code("www.example.org", Type.A)).isEqualTo(DnsResponder.FORWARD);
    }

    @Test
    void aServiceIsAnsweredWithItsOwnType() {
        assertThat(WORLD.data("_HTTP._tcp.web", Type.SRV))
                .containsExactly("10 20 8080 web.net1.", "20 0 8081 web.net1.");
        assertThat(WORLD.ask("_http._tcp.web", Type.SRV).getSection(Section.ANSWER))
                .allSatisfy(record -> assertThat(record.getType()).isEqualTo(Type.SRV));
    }

    @Test
    void aRecordJoinsWhatAContainerHas() {
        assertThat(WORLD.data("web", Type.A)).containsExactly("10.0.0.2");
        Record text = WORLD.ask("web", Type.TXT).getSection(Section.ANSWER).getFirst();
        assertThat(String.join("", ((TXTRecord) text).getStrings())).isEqualTo("x".repeat(300));
        assertThat(WORLD.data("7.0.0.10.in-addr.arpa", Type.PTR)).containsExactly("printer.lan.");
    }

    @Test
    void D3_theReverseNameAboveARecordExists() {
        DnsWorld world = DnsWorld.of(ZoneSpec.network("net1")
                .subnet(address("10.0.0.0"), 8)
                .record(StaticRecord.pointer("7.3.2.10.in-addr.arpa", "printer.lan")));
        assertThat(world.ask("3.2.10.in-addr.arpa", Type.PTR).getRcode()).isZero();
        assertThat(world.ask("2.10.in-addr.arpa", Type.A).getRcode()).isZero();
    }

    @Test
    void otherTypesAreOpaque() {
        assertThat(WORLD.data("mail.example.org", Type.MX)).containsExactly("10 web.");
        assertThat(WORLD.data("odd", 65_280)).containsExactly("\\# 3 010203");
        assertThat(WORLD.data("odd", 65_281)).isEmpty();
    }

    @Test
    void whatChangesOtherRecordsIsRefused() {
        for (int type : new int[] {0, Type.CNAME, Type.SOA, Type.OPT, Type.ANY, Type.AXFR, 65_536}) {
            assertThatIllegalArgumentException().isThrownBy(() -> new StaticRecord("a", type, new byte[4]));
        }
        assertThatIllegalArgumentException().isThrownBy(() -> new StaticRecord("a", Type.A, new byte[16]));
        assertThatIllegalArgumentException().isThrownBy(() -> new StaticRecord("a", Type.TXT, new byte[5000]));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> StaticRecord.pointer("a", "b..c"))
                .withMessageContaining("empty label");
    }

    @Test
    void specsAreValues() {
        assertThat(StaticRecord.text("a", "b"))
                .isEqualTo(StaticRecord.text("a", "b"))
                .hasSameHashCodeAs(StaticRecord.text("a", "b"))
                .isNotEqualTo(StaticRecord.text("a", "c"));
    }
}
