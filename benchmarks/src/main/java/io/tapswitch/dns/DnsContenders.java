package io.tapswitch.dns;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.AddressedEnvelope;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.DefaultAddressedEnvelope;
import io.netty.channel.socket.DatagramPacket;
import io.netty.handler.codec.dns.DatagramDnsQuery;
import io.netty.handler.codec.dns.DatagramDnsQueryDecoder;
import io.netty.handler.codec.dns.DatagramDnsResponseEncoder;
import io.netty.handler.codec.dns.DefaultDnsRawRecord;
import io.netty.handler.codec.dns.DefaultDnsResponse;
import io.netty.handler.codec.dns.DnsQuestion;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponse;
import io.netty.handler.codec.dns.DnsSection;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.agrona.concurrent.UnsafeBuffer;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRset;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.SetResponse;
import org.xbill.DNS.Type;
import org.xbill.DNS.Zone;

/**
 * The same names for all: a network of as many containers as asked for, each with one address, in a zone of ours, in
 * one of dnsjava's, and in a HashMap, since Netty has a codec and no names. And each one's shortest way to an answer.
 */
final class DnsContenders {
    private static final int QUERIES = 1 << 12;
    private static final int TTL = 5;

    final DnsResponder responder = new DnsResponder(DnsResponder.DEFAULT_MAX_UDP_LENGTH, 1);
    final io.tapswitch.dns.Zone zone;
    final ClientView view;
    final Zone dnsjava;
    final Map<String, List<byte[]>> map = new HashMap<>();

    /** The messages, and the names in them as each contender has them. */
    final List<UnsafeBuffer> queries = new ArrayList<>();

    final List<Name> dnsjavaNames = new ArrayList<>();
    final List<String> texts = new ArrayList<>();
    final List<FoldedName> folded = new ArrayList<>();

    private final UnsafeBuffer out = new UnsafeBuffer(new byte[1232]);
    private final Decoder decoder = new Decoder();
    private final Encoder encoder = new Encoder();
    private final InetSocketAddress peer = new InetSocketAddress(InetAddress.getLoopbackAddress(), 53);
    private final List<DatagramPacket> packets = new ArrayList<>();
    private final List<Object> made = new ArrayList<>();
    private int next;

    /** Netty's decoder, without a channel around it. */
    private static final class Decoder extends DatagramDnsQueryDecoder {
        void read(DatagramPacket packet, List<Object> into) throws Exception {
            decode(null, packet, into);
        }
    }

    /** Netty's encoder, into one buffer that is used again. */
    private static final class Encoder extends DatagramDnsResponseEncoder {
        private final ByteBuf buffer = Unpooled.buffer(1232);

        @Override
        protected ByteBuf allocateBuffer(
                ChannelHandlerContext context, AddressedEnvelope<DnsResponse, InetSocketAddress> message) {
            return buffer.clear();
        }

        int write(DnsResponse response, InetSocketAddress peer, List<Object> into) throws Exception {
            encode(null, new DefaultAddressedEnvelope<>(response, peer, peer), into);
            return buffer.readableBytes();
        }
    }

    DnsContenders(int containers, int addresses) throws IOException {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
        ZoneSpec.Builder spec = ZoneSpec.network("net1");
        Name origin = Name.fromString("net1.");
        List<Record> records = new ArrayList<>();
        records.add(new SOARecord(origin, DClass.IN, TTL, origin, origin, 1, 2, 3, 4, 5));
        records.add(new NSRecord(origin, DClass.IN, TTL, origin));
        for (int i = 0; i < containers; i++) {
            String text = "service-" + i + ".net1";
            List<byte[]> octets = new ArrayList<>();
            DnsAddress[] all = new DnsAddress[addresses];
            for (int n = 0; n < addresses; n++) {
                int bits = 0x0A00_0000 + i * addresses + n;
                all[n] = DnsAddress.v4(bits);
                octets.add(new byte[] {(byte) (bits >> 24), (byte) (bits >> 16), (byte) (bits >> 8), (byte) bits});
                records.add(new ARecord(
                        Name.fromString(text + "."), DClass.IN, TTL, InetAddress.getByAddress(octets.getLast())));
            }
            spec.host(List.of("service-" + i), all);
            map.put(text + ".", octets);
        }
        zone = io.tapswitch.dns.Zone.compile(spec.build());
        view = new ClientView(List.of(zone), true, true, TTL, 1);
        dnsjava = new Zone(origin, records.toArray(Record[]::new));
        for (int i = 0; i < QUERIES; i++) {
            add("Service-" + random.nextInt(containers) + ".net1.");
        }
    }

    private void add(String text) throws IOException {
        Name name = Name.fromString(text);
        byte[] octets =
                Message.newQuery(Record.newRecord(name, Type.A, DClass.IN)).toWire();
        queries.add(new UnsafeBuffer(octets));
        packets.add(new DatagramPacket(Unpooled.wrappedBuffer(octets), peer, peer));
        dnsjavaNames.add(name);
        texts.add(text);
        FoldedName ours = new FoldedName();
        ours.read(new UnsafeBuffer(octets), DnsHeader.LENGTH, octets.length);
        folded.add(ours);
    }

    /** {@return the number of the next query} */
    int next() {
        return next++ & (QUERIES - 1);
    }

    int answer() {
        UnsafeBuffer query = queries.get(next());
        return responder.answerUdp(query, 0, query.capacity(), view, out, 0);
    }

    /** {@return the name that the last answer was about} */
    FoldedName asked() {
        return responder.query().name();
    }

    byte[] answerDnsjava() throws IOException {
        Message query = new Message(queries.get(next()).byteArray());
        Record question = query.getQuestion();
        SetResponse found = dnsjava.findRecords(question.getName(), question.getType());
        Message response = new Message(query.getHeader().getID());
        response.getHeader().setFlag(Flags.QR);
        response.getHeader().setFlag(Flags.AA);
        response.getHeader().setFlag(Flags.RA);
        response.getHeader().setFlag(Flags.RD);
        response.addRecord(question, Section.QUESTION);
        for (RRset set : found.answers()) {
            for (Record record : set.rrs()) {
                response.addRecord(record, Section.ANSWER);
            }
        }
        return response.toWire(512);
    }

    DatagramDnsQuery readNetty() throws Exception {
        DatagramPacket packet = packets.get(next());
        packet.content().readerIndex(0);
        made.clear();
        decoder.read(packet, made);
        return (DatagramDnsQuery) made.getFirst();
    }

    int answerNetty() throws Exception {
        DatagramDnsQuery query = readNetty();
        DnsQuestion question = query.recordAt(DnsSection.QUESTION);
        DnsResponse response = new DefaultDnsResponse(query.id());
        response.setAuthoritativeAnswer(true).setRecursionAvailable(true).setRecursionDesired(true);
        response.addRecord(DnsSection.QUESTION, question);
        for (byte[] octets : map.getOrDefault(question.name().toLowerCase(Locale.ROOT), List.of())) {
            response.addRecord(
                    DnsSection.ANSWER,
                    new DefaultDnsRawRecord(question.name(), DnsRecordType.A, TTL, Unpooled.wrappedBuffer(octets)));
        }
        made.clear();
        return encoder.write(response, peer, made);
    }
}
