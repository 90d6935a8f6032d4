package io.tapswitch.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.ReverseMap;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * Goal: whatever networks there are, an answer is what the rules say. Method: networks out of few labels, so that names
 * meet, asked at random; a model that searches lists of strings says what is right.
 */
class ZoneModelTest {
    private static final String[] LABELS = {"a", "B", "c1", "x-y", "_tcp"};

    private final RandomGenerator random = Seeds.random();

    private String name(int mostLabels) {
        StringBuilder name = new StringBuilder();
        for (int labels = random.nextInt(1, mostLabels + 1); labels > 0; labels--) {
            name.append(name.isEmpty() ? "" : ".").append(LABELS[random.nextInt(LABELS.length)]);
        }
        return name.toString();
    }

    private String anyCase(String name) {
        StringBuilder text = new StringBuilder(name);
        for (int i = 0; i < text.length(); i++) {
            boolean upper = random.nextBoolean();
            char c = text.charAt(i);
            text.setCharAt(i, upper ? Character.toUpperCase(c) : Character.toLowerCase(c));
        }
        return text.toString();
    }

    private ZoneSpec network() {
        ZoneSpec.Builder net = ZoneSpec.network(random.nextInt(5) == 0 ? "" : name(2))
                .ownsSuffix(random.nextInt(4) != 0)
                .subnet(DnsAddress.v4(0x0A00_0000 | random.nextInt(4) << 16), 14 + random.nextInt(8));
        for (int hosts = random.nextInt(6); hosts > 0; hosts--) {
            List<String> names = new ArrayList<>();
            for (int more = random.nextInt(1, 4); more > 0; more--) {
                names.add(name(2));
            }
            DnsAddress v4 = DnsAddress.v4(0x0A00_0000 | random.nextInt(0x4_0000));
            DnsAddress v6 = new DnsAddress(0xFD00_0000_0000_0000L, random.nextInt(50));
            switch (random.nextInt(3)) {
                case 0 -> net.host(names, v4);
                case 1 -> net.host(names, v6);
                default -> net.host(names, v4, v6);
            }
        }
        if (random.nextInt(3) == 0) {
            net.record(StaticRecord.text(name(3), "t"));
        }
        return net.build();
    }

    private static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    private static boolean isBelow(String name, String end) {
        return name.equals(end) || name.endsWith("." + end);
    }

    /** What a network knows: the sorted data, empty for none of that type; null when the name is not its own. */
    private static @Nullable Set<String> known(ZoneSpec net, String name, int type) {
        Set<String> data = new TreeSet<>();
        boolean isOwn = net.ownsSuffix() && !net.suffix().isEmpty() && name.equals(lower(net.suffix()));
        boolean isBetween = false;
        for (ZoneSpec.Host host : net.hosts()) {
            for (String each : host.names()) {
                for (String form : forms(net, each)) {
                    if (form.equals(name)) {
                        isOwn = true;
                        host.addresses().stream()
                                .filter(a -> a.isV4() ? type == Type.A : type == Type.AAAA)
                                .forEach(a -> data.add(text(a)));
                    }
                    isBetween |= isBelow(form, name);
                }
            }
        }
        for (StaticRecord record : net.records()) {
            isOwn |= lower(record.name()).equals(name);
            isBetween |= isBelow(lower(record.name()), name);
            if (lower(record.name()).equals(name) && type == Type.TXT) {
                data.add("t");
            }
        }
        return isOwn || (isBetween && owns(net, name)) ? data : null;
    }

    private static boolean isBetween(ZoneSpec net, String name) {
        return net.hosts().stream()
                        .flatMap(host -> host.names().stream())
                        .flatMap(each -> forms(net, each).stream())
                        .anyMatch(form -> isBelow(form, name))
                || net.records().stream().anyMatch(record -> isBelow(lower(record.name()), name))
                || (net.ownsSuffix() && isBelow(lower(net.suffix()), name));
    }

    private static boolean owns(ZoneSpec net, String name) {
        return net.ownsSuffix() && !net.suffix().isEmpty() && isBelow(name, lower(net.suffix()));
    }

    private static List<String> forms(ZoneSpec net, String name) {
        return net.suffix().isEmpty() ? List.of(lower(name)) : List.of(lower(name), lower(name + "." + net.suffix()));
    }

    private static String text(DnsAddress a) {
        if (a.isV4()) {
            int bits = (int) a.lo();
            return (bits >>> 24) + "." + (bits >>> 16 & 0xFF) + "." + (bits >>> 8 & 0xFF) + "." + (bits & 0xFF);
        }
        return "fd00:0:0:0:0:0:0:" + Long.toHexString(a.lo());
    }

    private void check(DnsWorld world, List<ZoneSpec> nets, boolean forwards, String name, int type) {
        Supplier<String> as = () -> Seeds.description() + " " + name + " " + Type.string(type) + " " + nets;
        String lower = lower(name);
        int code = world.code(anyCase(name), type);
        for (int i = 0; i < nets.size(); i++) {
            Set<String> data = known(nets.get(i), lower, type);
            if (data != null) {
                assertThat(world.responder.result())
                        .as(as)
                        .isEqualTo(data.isEmpty() ? DnsResult.NO_DATA : DnsResult.ANSWERED);
                assertThat(world.responder.zoneIndex()).as(as).isEqualTo(i);
                assertThat(world.data(name, type)).as(as).containsExactlyElementsOf(data);
                return;
            }
        }
        boolean isOwned = nets.stream().anyMatch(net -> owns(net, lower));
        if (isOwned || !forwards) {
            boolean exists = !isOwned && nets.stream().anyMatch(net -> isBetween(net, lower));
            Message answer = world.ask(name, type);
            assertThat(answer.getRcode()).as(as).isEqualTo(exists ? Rcode.NOERROR : Rcode.NXDOMAIN);
            Record start = answer.getSection(Section.AUTHORITY).getFirst();
            assertThat(DnsWorld.name(name).subdomain(start.getName())).isTrue();
        } else {
            assertThat(code).as(as).isEqualTo(DnsResponder.FORWARD);
        }
    }

    private void checkReverse(DnsWorld world, List<ZoneSpec> nets) {
        DnsAddress asked = DnsAddress.v4(0x0A00_0000 | random.nextInt(0x4_0000));
        for (ZoneSpec net : nets) {
            for (ZoneSpec.Host host : net.hosts()) {
                asked = random.nextInt(4) == 0 ? host.addresses().getFirst() : asked;
            }
        }
        String name = ReverseMap.fromAddress(DnsWorld.inet(text(asked))).toString();
        int code = world.code(name, Type.PTR);
        for (ZoneSpec net : nets) {
            for (ZoneSpec.Host host : net.hosts()) {
                if (host.addresses().contains(asked)) {
                    String end = net.suffix().isEmpty() ? "." : "." + net.suffix() + ".";
                    assertThat(world.data(name, Type.PTR))
                            .containsExactly(host.names().getFirst() + end);
                    return;
                }
            }
        }
        // A subnet tells whose an address is that no network has.
        for (ZoneSpec net : nets) {
            for (ZoneSpec.Subnet subnet : net.subnets()) {
                int shift = 32 - subnet.prefixLength();
                if (asked.isV4() && asked.lo() >>> shift == subnet.network().lo() >>> shift) {
                    assertThat(world.responder.result()).isEqualTo(DnsResult.NO_NAME);
                    return;
                }
            }
        }
        boolean forwards = world.view.forwards;
        assertThat(code == DnsResponder.FORWARD).as(Seeds.description()).isEqualTo(forwards);
    }

    @Test
    void D5_D7_D8_everyAnswerIsWhatTheModelSays() {
        int[] types = {Type.A, Type.AAAA, Type.TXT, Type.MX, Type.ANY};
        for (int round = 0; round < 200; round++) {
            List<ZoneSpec> nets = new ArrayList<>();
            for (int more = random.nextInt(4); more > 0; more--) {
                nets.add(network());
            }
            boolean forwards = random.nextBoolean();
            DnsWorld world =
                    new DnsWorld(new ClientView(nets.stream().map(Zone::compile).toList(), forwards, true, 5, 1));
            for (int i = 0; i < 100; i++) {
                check(world, nets, forwards, name(4), types[random.nextInt(types.length)]);
                checkReverse(world, nets);
            }
        }
    }
}
