package io.tapswitch.core.names;

import io.tapswitch.dns.DnsHeader;
import io.tapswitch.dns.DnsName;
import io.tapswitch.dns.DnsResponder;
import io.tapswitch.dns.DnsResult;
import io.tapswitch.dns.RecordCursor;
import io.tapswitch.dns.RecordType;
import io.tapswitch.dns.ResponseCode;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What a container is told when it asks for a name, and why: the same responder over the same tables as the workers
 * have, and the same forwarder. Asked as by TCP, so that nothing is cut off.
 *
 * <p>Any thread; it may wait for the upstreams, {@link #PATIENCE_MS} at most.
 */
public final class NameLookup {
    /** More than the forwarder takes to give up (D14). */
    public static final long PATIENCE_MS = 6_000;

    private static final int QUESTION_TAIL = 4;
    private static final int IN = 1;
    private static final List<String> CODES =
            List.of("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED");

    /**
     * A record of an answer.
     *
     * @param name whose it is, as text
     * @param type its type's name, TYPE with a number for one without (RFC 3597)
     * @param ttlSeconds that it may be kept
     * @param data an address or a name as text, anything else in hexadecimal
     */
    public record Row(String name, String type, int ttlSeconds, String data) {}

    /**
     * What came of it.
     *
     * @param name that was asked for
     * @param type that was asked for
     * @param code the response code's name
     * @param result what became of the query, as counters name it
     * @param why the same for people
     * @param network whose names answered; null when none did
     * @param networks where it was looked for, in this order
     * @param upstreams who was asked, when the upstreams were
     * @param records of the answer
     */
    public record Found(
            String name,
            String type,
            String code,
            String result,
            String why,
            @Nullable String network,
            List<String> networks,
            List<String> upstreams,
            List<Row> records) {}

    private NameLookup() {}

    /**
     * Asks.
     *
     * @param name to ask for; an address asks for its name
     * @param type a type's name, or TYPE with a number; null for A, or PTR of an address
     * @param client who asks
     * @param port id of its port
     * @param forwarder asks others; null where nobody does
     * @param own whether an address is the switch's own, which is never asked
     * @throws IllegalArgumentException if the name or the type is none; the message says why
     */
    public static Found ask(
            String name,
            @Nullable String type,
            NameClient client,
            int port,
            @Nullable Forwarder forwarder,
            Predicate<InetAddress> own) {
        String reverse = ReverseName.of(name);
        String wanted = type == null ? (reverse == null ? "A" : "PTR") : type;
        byte[] query = query(reverse == null ? name : reverse, TypeNames.number(wanted));
        DnsResponder responder = new DnsResponder(
                DnsResponder.DEFAULT_MAX_UDP_LENGTH, ThreadLocalRandom.current().nextLong());
        UnsafeBuffer out = new UnsafeBuffer(new byte[DnsResponder.MAX_TCP_LENGTH]);
        int length = responder.answerTcp(new UnsafeBuffer(query), 0, query.length, client.view(), out, 0);
        DnsResult result = responder.result();
        int zone = responder.zoneIndex();
        byte[] answer;
        if (length == DnsResponder.FORWARD) {
            answer = forwarder == null ? new byte[0] : await(query, port, forwarder);
            if (answer.length < DnsHeader.LENGTH) {
                result = DnsResult.FAILED;
            }
        } else {
            answer = Arrays.copyOf(out.byteArray(), Math.max(0, length));
        }
        UnsafeBuffer message = new UnsafeBuffer(answer);
        int rcode =
                answer.length < DnsHeader.LENGTH ? ResponseCode.SERVFAIL : DnsHeader.rcode(DnsHeader.flags(message, 0));
        String network = result == DnsResult.FORWARD ? null : client.network(zone);
        List<String> asked = length == DnsResponder.FORWARD ? asked(client.upstreams(), own) : List.of();
        return new Found(
                name,
                TypeNames.name(TypeNames.number(wanted)),
                rcode < CODES.size() ? CODES.get(rcode) : "RCODE" + rcode,
                result.word(),
                why(result, zone, client, asked.isEmpty(), isOneLabel(reverse == null ? name : reverse)),
                network,
                client.networks(),
                asked,
                rows(message, answer.length));
    }

    private static boolean isOneLabel(String name) {
        int dot = name.indexOf('.');
        return dot < 0 || dot == name.length() - 1;
    }

    private static String why(DnsResult result, int zone, NameClient client, boolean nobodyAsked, boolean isOneLabel) {
        boolean isKnown = result == DnsResult.ANSWERED || result == DnsResult.NO_DATA;
        if (isKnown && zone >= 0) {
            return known(result, zone, client);
        }
        if (result == DnsResult.NO_NAME && client.isSpecial(zone)) {
            return "a name that is reserved (RFC 6761, RFC 6303, RFC 7686): nobody outside is asked for it";
        }
        if (result == DnsResult.NO_NAME
                && zone < 0
                && isOneLabel
                && client.searches()
                && !client.upstreams().equals(Upstreams.NONE)) {
            return "no network of the container knows the name, and a name of one label is not asked for elsewhere,"
                    + " because the container has a search list (dns.search): it goes on with that";
        }
        if (!isKnown && client.upstreams().equals(Upstreams.NONE)) {
            return "no network of the container knows the name, and all of them are internal: nobody else is asked";
        }
        boolean isForOthers = result == DnsResult.FORWARD || result == DnsResult.FAILED;
        return isForOthers && nobodyAsked
                ? "no network of the container knows the name, and nobody else is asked: its upstreams are the switch's"
                        + " own addresses, or of no single host"
                : result.sentence();
    }

    /** {@return why somebody here knows the name} */
    private static String known(DnsResult result, int zone, NameClient client) {
        boolean isAnswered = result == DnsResult.ANSWERED;
        if (client.isOfRecords(zone)) {
            return "one of dns.records of the configuration file"
                    + (isAnswered ? "" : ", but it has no records of that type");
        }
        if (client.isSpecial(zone)) {
            return isAnswered
                    ? "a name that is the same everywhere: localhost is who asks (RFC 6761)"
                    : "a name that is reserved (RFC 6761, RFC 6303), but it has no records of that type";
        }
        return client.view().zone(zone).suffix().isEmpty()
                ? result.sentence() + "; DNS cannot carry the network's name, so names are found without it only"
                : result.sentence();
    }

    private static List<String> asked(Upstreams upstreams, Predicate<InetAddress> own) {
        return upstreams.host()
                ? List.of("those of the host's resolv.conf")
                : upstreams.servers().stream()
                        .filter(server -> DnsForwarder.mayAsk(own, server))
                        .map(server -> server.getAddress().getHostAddress() + " port " + server.getPort())
                        .toList();
    }

    private static byte[] await(byte[] query, int port, Forwarder forwarder) {
        CompletableFuture<byte[]> answer = new CompletableFuture<>();
        forwarder.forward(query, port, true, answer::complete);
        return answer.completeOnTimeout(new byte[0], PATIENCE_MS, TimeUnit.MILLISECONDS)
                .join();
    }

    private static byte[] query(String name, int type) {
        byte[] wire = DnsName.parse(name);
        ByteBuffer query = ByteBuffer.allocate(DnsHeader.LENGTH + wire.length + QUESTION_TAIL);
        query.putShort((short) ThreadLocalRandom.current().nextInt())
                .putShort((short) DnsHeader.RD)
                .putShort((short) 1)
                .putShort((short) 0)
                .putInt(0)
                .put(wire)
                .putShort((short) type)
                .putShort((short) IN);
        return query.array();
    }

    private static List<Row> rows(UnsafeBuffer message, int length) {
        List<Row> rows = new ArrayList<>();
        RecordCursor cursor = new RecordCursor();
        if (length >= DnsHeader.LENGTH && cursor.wrap(message, 0, length)) {
            while (cursor.next()) {
                if (cursor.isAnswer()) {
                    rows.add(new Row(
                            text(message, cursor.nameAt(), length),
                            TypeNames.name(cursor.type()),
                            cursor.ttl(),
                            data(message, cursor, length)));
                }
            }
        }
        return rows;
    }

    private static String text(UnsafeBuffer message, int at, int end) {
        UnsafeBuffer name = new UnsafeBuffer(new byte[DnsName.MAX_LENGTH]);
        return DnsName.expand(message, 0, at, end, name, 0) < 0 ? "?" : DnsName.text(name, 0);
    }

    private static String data(UnsafeBuffer message, RecordCursor cursor, int end) {
        byte[] data = new byte[cursor.dataLength()];
        message.getBytes(cursor.dataAt(), data);
        return switch (cursor.type()) {
            case RecordType.A ->
                data.length == Integer.BYTES
                        ? new Ipv4Address(ByteBuffer.wrap(data).getInt()).toString()
                        : "?";
            case RecordType.AAAA ->
                data.length == 2 * Long.BYTES
                        ? new Ipv6Address(
                                        ByteBuffer.wrap(data).getLong(),
                                        ByteBuffer.wrap(data).getLong(Long.BYTES))
                                .toString()
                        : "?";
            case RecordType.PTR, RecordType.CNAME, TypeNames.NS -> text(message, cursor.dataAt(), end);
            default -> "\\# " + data.length + " " + HexFormat.of().formatHex(data);
        };
    }
}
