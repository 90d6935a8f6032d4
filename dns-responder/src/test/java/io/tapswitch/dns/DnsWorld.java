package io.tapswitch.dns;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;

/** A client that speaks dnsjava, before a responder. */
final class DnsWorld {
    static final int TTL = 5;
    static final int NEGATIVE_TTL = 1;

    final DnsResponder responder;
    final ClientView view;

    private final UnsafeBuffer out = new UnsafeBuffer(new byte[0x10000]);

    DnsWorld(ClientView view) {
        this(new DnsResponder(DnsResponder.DEFAULT_MAX_UDP_LENGTH, 1), view);
    }

    private DnsWorld(DnsResponder responder, ClientView view) {
        this.responder = responder;
        this.view = view;
    }

    /** The same responder, after a change of what the client sees. */
    DnsWorld sees(ZoneSpec.Builder... networks) {
        return new DnsWorld(responder, view(view.forwards, networks));
    }

    /** A client that is attached to these networks, whose other names are asked elsewhere. */
    static DnsWorld of(ZoneSpec.Builder... networks) {
        return new DnsWorld(view(true, networks));
    }

    /** A client that is attached to these networks, all internal. */
    static DnsWorld internal(ZoneSpec.Builder... networks) {
        return new DnsWorld(view(false, networks));
    }

    static ClientView view(boolean forwards, ZoneSpec.Builder... networks) {
        return new ClientView(
                List.of(networks).stream()
                        .map(network -> Zone.compile(network.build()))
                        .toList(),
                forwards,
                true,
                TTL,
                NEGATIVE_TTL);
    }

    static DnsAddress address(String text) {
        byte[] octets = inet(text).getAddress();
        UnsafeBuffer b = new UnsafeBuffer(octets);
        return octets.length == 4
                ? DnsAddress.v4(Octets.int32(b, 0))
                : new DnsAddress(Octets.int64(b, 0), Octets.int64(b, 8));
    }

    static InetAddress inet(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    static Message question(String name, int type) {
        return question(name, type, DClass.IN);
    }

    static Message question(String name, int type, int dclass) {
        return Message.newQuery(Record.newRecord(name(name), type, dclass));
    }

    static Name name(String text) {
        try {
            return Name.fromString(text, Name.root);
        } catch (TextParseException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    /** The octets of the answer, or a code. */
    byte[] raw(byte[] query, boolean tcp) {
        // Just the query: whoever reads behind its end fails.
        UnsafeBuffer in = new UnsafeBuffer(query);
        int length = tcp
                ? responder.answerTcp(in, 0, query.length, view, out, 0)
                : responder.answerUdp(in, 0, query.length, view, out, 0);
        if (length < 0) {
            return new byte[] {(byte) length};
        }
        byte[] answer = new byte[length];
        out.getBytes(0, answer);
        return answer;
    }

    int code(byte[] query) {
        byte[] answer = raw(query, false);
        return answer.length == 1 ? answer[0] : answer.length;
    }

    int code(String name, int type) {
        return code(question(name, type).toWire());
    }

    Message ask(String name, int type) {
        return ask(question(name, type));
    }

    Message ask(Message query) {
        return ask(query, false);
    }

    Message askTcp(Message query) {
        return ask(query, true);
    }

    private Message ask(Message query, boolean tcp) {
        byte[] answer = raw(query.toWire(65_535), tcp);
        if (answer.length == 1) {
            throw new AssertionError(responder.result() + " for " + query.getQuestion());
        }
        return parse(answer);
    }

    static Message parse(byte[] octets) {
        try {
            return new Message(octets);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Data of the answers, sorted. */
    List<String> data(String name, int type) {
        return ask(name, type).getSection(Section.ANSWER).stream()
                .map(Record::rdataToString)
                .sorted()
                .toList();
    }
}
