package io.tapswitch.dns;

import static io.tapswitch.dns.DnsWorld.address;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Names of containers, asked and read by dnsjava. */
class LocalNamesTest {
    private static final String LONG_LABEL = "a".repeat(63);

    private static ZoneSpec.Builder net1() {
        return ZoneSpec.network("net1")
                .subnet(address("10.66.0.0"), 16)
                .subnet(address("fd00:66::"), 64)
                .host(List.of("web", "front", "0123456789ab"), address("10.66.0.2"))
                .host(List.of("both", "front"), address("10.66.0.3"), address("fd00:66::3"));
    }

    private static ZoneSpec.Builder net2() {
        return ZoneSpec.network("net2")
                .subnet(address("10.67.0.0"), 16)
                .host(List.of("db", "front"), address("10.67.0.2"))
                .host(List.of("web"), address("10.67.0.9"), address("fd00:67::9"));
    }

    private static SOARecord start(Message answer) {
        List<Record> authority = answer.getSection(Section.AUTHORITY);
        assertThat(authority).hasSize(1);
        return (SOARecord) authority.getFirst();
    }

    private static void assertNoData(Message answer) {
        assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(answer.getSection(Section.ANSWER)).isEmpty();
        assertThat(start(answer).getMinimum()).isEqualTo(DnsWorld.NEGATIVE_TTL);
        assertThat(start(answer).getTTL()).isEqualTo(DnsWorld.NEGATIVE_TTL);
    }

    private static void assertNoName(Message answer) {
        assertThat(answer.getRcode()).isEqualTo(Rcode.NXDOMAIN);
        assertThat(answer.getSection(Section.ANSWER)).isEmpty();
        assertThat(start(answer).getMinimum()).isEqualTo(DnsWorld.NEGATIVE_TTL);
    }

    @Test
    void D1_everyFormOfANameHasTheSameAnswer() {
        DnsWorld world = DnsWorld.of(net1());
        for (String name : List.of("web", "WEB", "Web.", "web.net1", "wEb.NET1.")) {
            assertThat(world.data(name, Type.A)).as(name).containsExactly("10.66.0.2");
        }
    }

    @Test
    void D1_questionAndOwnerHaveTheLettersOfTheClient() {
        Message query = DnsWorld.question("wEB.nEt1", Type.A);
        Message answer = DnsWorld.of(net1()).ask(query);
        assertThat(answer.getQuestion().getName().toString()).isEqualTo("wEB.nEt1.");
        Record record = answer.getSection(Section.ANSWER).getFirst();
        assertThat(record.getName().toString()).isEqualTo("wEB.nEt1.");
        assertThat(record.getTTL()).isEqualTo(DnsWorld.TTL);
        assertThat(answer.getHeader().getID()).isEqualTo(query.getHeader().getID());
    }

    @Test
    void D1_theQuestionIsEchoedOctetForOctet() {
        byte[] query = DnsWorld.question("WeB", Type.A).toWire();
        byte[] answer = DnsWorld.of(net1()).raw(query, false);
        assertThat(answer).hasSize(query.length + 16);
        for (int i = DnsHeader.LENGTH; i < query.length; i++) {
            assertThat(answer[i]).isEqualTo(query[i]);
        }
    }

    @Test
    void D2_aNameWithoutAnAddressOfThatFamilyHasNoDataAndExists() {
        assertNoData(DnsWorld.of(net1()).ask("web", Type.AAAA));
        assertThat(DnsWorld.of(net1()).data("both", Type.AAAA)).containsExactly("fd00:66:0:0:0:0:0:3");
        assertThat(DnsWorld.of(net1()).data("both.net1", Type.A)).containsExactly("10.66.0.3");
    }

    @Test
    void D3_anUnknownNameIsForwardedOrDoesNotExist() {
        assertThat(DnsWorld.of(net1()).code("nobody", Type.A)).isEqualTo(DnsResponder.FORWARD);
        assertThat(DnsWorld.of(net1()).code("example.org", Type.A)).isEqualTo(DnsResponder.FORWARD);
        assertNoName(DnsWorld.internal(net1()).ask("nobody", Type.A));
    }

    @Test
    void D3_belowTheSuffixOfANetworkNobodyElseIsAsked() {
        DnsWorld world = DnsWorld.of(net1());
        Message answer = world.ask("gone.net1", Type.A);
        assertNoName(answer);
        assertThat(start(answer).getName()).isEqualTo(DnsWorld.name("net1"));
        assertThat(start(answer).getHost()).isEqualTo(DnsWorld.name("net1"));
        assertThat(start(answer).getAdmin()).isEqualTo(DnsWorld.name("nobody.invalid"));
    }

    @Test
    void D3_aNetworkThatDoesNotOwnItsSuffixAsksOthers() {
        DnsWorld world =
                DnsWorld.of(ZoneSpec.network("dev").ownsSuffix(false).host(List.of("es"), address("10.1.0.2")));
        assertThat(world.data("es.dev", Type.A)).containsExactly("10.1.0.2");
        assertThat(world.code("web.dev", Type.A)).isEqualTo(DnsResponder.FORWARD);
        assertThat(world.code("dev", Type.NS)).isEqualTo(DnsResponder.FORWARD);
    }

    @Test
    void D3_whatIsBetweenNamesExists() {
        ZoneSpec.Builder net =
                ZoneSpec.network("n.et").subnet(address("10.0.0.0"), 8).host(List.of("a.b.c"), address("10.0.0.2"));
        DnsWorld world = DnsWorld.internal(net);
        for (String name : List.of("b.c", "c", "b.c.n.et", "c.n.et", "n.et", "et", ".", "in-addr.arpa", "arpa")) {
            assertNoData(world.ask(name, Type.A));
        }
        for (String name : List.of("x.c", "x", "x.n.et", "b", "ip6.arpa")) {
            assertNoName(world.ask(name, Type.A));
        }
        // Others know more of what is above.
        DnsWorld forwarding = DnsWorld.of(net);
        assertThat(forwarding.code("c", Type.A)).isEqualTo(DnsResponder.FORWARD);
        assertThat(forwarding.code("et", Type.A)).isEqualTo(DnsResponder.FORWARD);
        assertNoData(forwarding.ask("c.n.et", Type.A));
    }

    @Test
    void D4_anAliasHasAllAddressesAndEachIsFirstEquallyOften() {
        ZoneSpec.Builder net = ZoneSpec.network("prod");
        int containers = 7;
        for (int i = 0; i < containers; i++) {
            net.host(List.of("es-" + i, "es"), address("172.23.0." + (i + 2)), address("fd00::" + (i + 2)));
        }
        DnsWorld world = DnsWorld.of(net);
        for (int type : new int[] {Type.A, Type.AAAA}) {
            Map<String, Integer> firsts = new HashMap<>();
            for (int i = 0; i < 10_000; i++) {
                List<Record> records = world.ask("es", type).getSection(Section.ANSWER);
                assertThat(records.stream().map(Record::rdataToString).distinct())
                        .hasSize(containers);
                firsts.merge(records.getFirst().rdataToString(), 1, Integer::sum);
            }
            assertThat(firsts).hasSize(containers);
            assertThat(firsts.values())
                    .allSatisfy(count -> assertThat(count).isBetween(7_000 / containers, 13_000 / containers));
        }
    }

    @Test
    void D4_anAddressThatIsGivenTwiceIsAnsweredOnce() {
        DnsWorld world = DnsWorld.of(ZoneSpec.network("n")
                .host(List.of("web", "WEB", "web"), address("10.0.0.2"), address("10.0.0.2"))
                .record(StaticRecord.address("web", address("10.0.0.2"))));
        assertThat(world.data("web", Type.A)).containsExactly("10.0.0.2");
    }

    @Test
    void D5_theFirstNetworkThatKnowsANameAnswers() {
        assertThat(DnsWorld.of(net1(), net2()).data("front", Type.A)).containsExactly("10.66.0.2", "10.66.0.3");
        assertThat(DnsWorld.of(net2(), net1()).data("front", Type.A)).containsExactly("10.67.0.2");
        assertThat(DnsWorld.of(net1(), net2()).data("db", Type.A)).containsExactly("10.67.0.2");
        // Also when the second has what the first has not.
        assertNoData(DnsWorld.of(net1(), net2()).ask("web", Type.AAAA));
        assertThat(DnsWorld.of(net1(), net2()).data("web.net2", Type.AAAA)).containsExactly("fd00:67:0:0:0:0:0:9");
    }

    @Test
    void D5_namesOfOtherNetworksAreNotSeen() {
        assertThat(DnsWorld.of(net1()).code("db", Type.A)).isEqualTo(DnsResponder.FORWARD);
        assertNoName(DnsWorld.internal(net1()).ask("db.net2", Type.A));
    }

    @Test
    void A_DNS_10_theSuffixSelectsTheNetwork() {
        DnsWorld world = DnsWorld.of(net1(), net2());
        assertThat(world.data("front.net2", Type.A)).containsExactly("10.67.0.2");
        assertThat(world.responder.zoneIndex()).isEqualTo(1);
        assertThat(world.data("front.net1", Type.A)).containsExactly("10.66.0.2", "10.66.0.3");
        assertThat(world.responder.zoneIndex()).isZero();
    }

    @Test
    void D6_A_DNS_16_theNextAnswerIsOfTheNetworkAsItIsNow() {
        ZoneSpec.Builder before = ZoneSpec.network("net1")
                .subnet(address("10.66.0.0"), 16)
                .host(List.of("redis-1", "redis"), address("10.66.0.2"));
        ZoneSpec.Builder after = ZoneSpec.network("net1")
                .subnet(address("10.66.0.0"), 16)
                .host(List.of("redis-2", "redis"), address("10.66.0.3"))
                .host(List.of("other"), address("10.66.0.2"));
        DnsWorld world = DnsWorld.internal(before);
        assertThat(world.data("redis", Type.A)).containsExactly("10.66.0.2");
        DnsWorld changed = world.sees(after);
        assertThat(changed.data("redis", Type.A)).containsExactly("10.66.0.3");
        assertThat(changed.data("2.0.66.10.in-addr.arpa", Type.PTR)).containsExactly("other.net1.");
        assertNoName(changed.ask("redis-1", Type.A));
        assertNoName(changed.sees().ask("redis", Type.A));
    }

    @Test
    void D8_aLocalNameIsNeverForwardedWhateverTheType() {
        DnsWorld world = DnsWorld.of(net1());
        for (int type = 1; type < 0x10000; type++) {
            if (type == Type.A || type == Type.OPT || (type >= 249 && type < 255)) {
                continue;
            }
            assertThat(world.code("web", type)).isPositive();
            assertThat(world.responder.result()).as("type %d", type).isEqualTo(DnsResult.NO_DATA);
        }
        for (int type : new int[] {Type.SRV, Type.MX, Type.TXT, Type.ANY, Type.HTTPS, Type.NS, Type.DS, 65_280}) {
            assertNoData(world.ask("web.net1", type));
        }
    }

    @Test
    void D19_flagsOfALocalAnswer() {
        DnsWorld world = DnsWorld.of(net1());
        for (boolean desired : new boolean[] {true, false}) {
            for (String name : List.of("web", "gone.net1")) {
                Message query = DnsWorld.question(name, Type.A);
                if (!desired) {
                    query.getHeader().unsetFlag(Flags.RD);
                }
                Header header = world.ask(query).getHeader();
                assertThat(header.getFlag(Flags.QR)).isTrue();
                assertThat(header.getFlag(Flags.RA)).isTrue();
                assertThat(header.getFlag(Flags.AA)).isTrue();
                assertThat(header.getFlag(Flags.RD)).isEqualTo(desired);
                assertThat(header.getFlag(Flags.AD)).isFalse();
                assertThat(header.getFlag(Flags.TC)).isFalse();
            }
        }
    }

    @Test
    void D19_namesAreCompressedAndNothingIsAdded() {
        DnsWorld world = DnsWorld.of(net1());
        byte[] query = DnsWorld.question("front.net1", Type.A).toWire();
        assertThat(world.raw(query, false)).hasSize(query.length + 2 * 16);
        Message answer = DnsWorld.parse(world.raw(query, false));
        assertThat(answer.getSection(Section.AUTHORITY)).isEmpty();
        assertThat(answer.getSection(Section.ADDITIONAL)).isEmpty();
    }

    @Test
    void D20_aSearchListGoesOnAfterANameOfOneLabel() {
        ClientView view = new ClientView(List.of(Zone.compile(net1().build())), true, false, 5, 1);
        DnsWorld world = new DnsWorld(view);
        assertNoName(world.ask("nobody", Type.A));
        assertThat(world.code("nobody.example.org", Type.A)).isEqualTo(DnsResponder.FORWARD);
        assertThat(world.data("web", Type.A)).containsExactly("10.66.0.2");
    }

    @Test
    void D21_oddNamesAreNamesLikeAnyOther() {
        DnsWorld world = DnsWorld.of(ZoneSpec.network("my_net")
                .host(
                        List.of("under_score", "12345", "xn--bcher-kva", LONG_LABEL, "a.b", "nul\\000byte", "sp\\ ace"),
                        address("10.0.0.2")));
        for (String name : List.of(
                "under_score", "12345", "XN--bcher-kva.", LONG_LABEL, "a.b.my_net", "nul\\000byte", "sp\\032ace")) {
            assertThat(world.data(name, Type.A)).as(name).containsExactly("10.0.0.2");
        }
        assertThat(world.view.zone(0).unusable()).isEmpty();
        // As far from it as one octet, or one label that ends elsewhere.
        assertThat(world.code("nul\\001byte", Type.A)).isEqualTo(DnsResponder.FORWARD);
        assertThat(world.code("a\\.b", Type.A)).isEqualTo(DnsResponder.FORWARD);
    }

    @Test
    void D21_namesThatDnsCannotCarryAreLeftOutAndTold() {
        String label64 = "a".repeat(64);
        String long254 = LONG_LABEL + "." + LONG_LABEL + "." + LONG_LABEL + "." + "b".repeat(61);
        DnsWorld world = DnsWorld.of(ZoneSpec.network("net1")
                .subnet(address("10.0.0.0"), 24)
                .host(List.of(label64, "", "a..b", "b\u00fccher", long254, "web"), address("10.0.0.2")));
        assertThat(world.view.zone(0).unusable()).containsExactly(label64, "", "a..b", "b\u00fccher");
        assertThat(world.data("web", Type.A)).containsExactly("10.0.0.2");
        assertThat(world.data(long254, Type.A)).containsExactly("10.0.0.2");
        assertThat(world.data("2.0.0.10.in-addr.arpa", Type.PTR)).containsExactly(long254 + ".");
    }

    @Test
    void C10_onTheDefaultNetworkEverythingIsForwarded() {
        DnsWorld world = new DnsWorld(new ClientView(List.of(), true, true, 5, 1));
        assertThat(world.code("web", Type.A)).isEqualTo(DnsResponder.FORWARD);
        assertThat(world.code("2.0.17.172.in-addr.arpa", Type.PTR)).isEqualTo(DnsResponder.FORWARD);
        assertThat(world.code(".", Type.NS)).isEqualTo(DnsResponder.FORWARD);
    }

    @Test
    void D18_onInternalNetworksNothingIsEverForwarded() {
        DnsWorld world = DnsWorld.internal(net1());
        for (String name : List.of("example.org", "nobody", ".", "9.9.9.9.in-addr.arpa", "web.net2", "a.b.c.d.e")) {
            for (int type : new int[] {Type.A, Type.TXT, Type.ANY, Type.HTTPS, 65_280}) {
                assertThat(world.code(name, type)).isPositive();
            }
        }
        assertThat(world.responder.count(DnsResult.FORWARD)).isZero();
    }
}
