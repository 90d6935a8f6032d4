package io.tapswitch.core.names;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Messages as clients and upstreams write them, made by hand. */
final class TestMessages {
    static final int A = 1;
    static final int CNAME = 5;
    static final int SOA = 6;
    static final int RD = 0x0100;
    static final int RESPONSE = 0x8180;
    static final int TC = 0x0200;

    private TestMessages() {}

    /** {@return a query of a stub resolver} */
    static byte[] query(int id, String name) {
        return query(id, name, A, -1);
    }

    /** {@return a query, with EDNS if a payload is said} */
    static byte[] query(int id, String name, int type, int payload, int... options) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        header(out, id, RD, 0, 0, payload < 0 ? 0 : 1);
        question(out, name, type);
        if (payload >= 0) {
            out.write(0);
            uint16(out, 41);
            uint16(out, payload);
            uint32(out, 0);
            uint16(out, options.length);
            for (int octet : options) {
                out.write(octet);
            }
        }
        return out.toByteArray();
    }

    private static void header(ByteArrayOutputStream out, int id, int flags, int answers, int authorities, int others) {
        uint16(out, id);
        uint16(out, flags);
        uint16(out, 1);
        uint16(out, answers);
        uint16(out, authorities);
        uint16(out, others);
    }

    private static void question(ByteArrayOutputStream out, String name, int type) {
        for (String label : name.split("\\.", -1)) {
            out.write(label.length());
            out.writeBytes(label.getBytes(StandardCharsets.US_ASCII));
        }
        out.write(0);
        uint16(out, type);
        uint16(out, 1);
    }

    /** {@return octets of header and question of a query} */
    static int questionEnd(byte[] query) {
        int at = 12;
        while (query[at] != 0) {
            at += query[at] + 1;
        }
        return at + 5;
    }

    /** {@return an answer to a query with so many addresses 192.0.2.x} */
    static byte[] answer(byte[] query, int ttl, int... lastOctets) {
        ByteArrayOutputStream out = begin(query, RESPONSE, lastOctets.length, 0);
        for (int last : lastOctets) {
            record(out, A, ttl, new byte[] {(byte) 192, 0, 2, (byte) last});
        }
        return out.toByteArray();
    }

    /** {@return an answer that says of the name that it is another word for itself} */
    static byte[] aliasOfItself(byte[] query, int ttl) {
        ByteArrayOutputStream out = begin(query, RESPONSE, 1, 0);
        record(out, CNAME, ttl, new byte[] {(byte) 0xC0, 12});
        return out.toByteArray();
    }

    /** {@return an answer without records, that has a SOA if a minimum is said} */
    static byte[] negative(byte[] query, int rcode, int ttl, int minimum) {
        ByteArrayOutputStream out = begin(query, RESPONSE | rcode, 0, minimum < 0 ? 0 : 1);
        if (minimum >= 0) {
            byte[] soa = new byte[22];
            soa[21] = (byte) minimum;
            record(out, SOA, ttl, soa);
        }
        return out.toByteArray();
    }

    /** {@return nothing but a response code} */
    static byte[] code(byte[] query, int rcode) {
        return negative(query, rcode, 0, -1);
    }

    /** {@return an answer that says it was cut} */
    static byte[] cut(byte[] query) {
        return begin(query, RESPONSE | TC, 0, 0).toByteArray();
    }

    private static ByteArrayOutputStream begin(byte[] query, int flags, int answers, int authorities) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        header(out, id(query), flags, answers, authorities, 0);
        out.writeBytes(Arrays.copyOfRange(query, 12, questionEnd(query)));
        return out;
    }

    private static void record(ByteArrayOutputStream out, int type, int ttl, byte[] data) {
        uint16(out, 0xC00C);
        uint16(out, type);
        uint16(out, 1);
        uint32(out, ttl);
        uint16(out, data.length);
        out.writeBytes(data);
    }

    private static void uint16(ByteArrayOutputStream out, int value) {
        out.write(value >>> 8);
        out.write(value);
    }

    private static void uint32(ByteArrayOutputStream out, int value) {
        uint16(out, value >>> 16);
        uint16(out, value);
    }

    static int uint16(byte[] message, int at) {
        return (message[at] & 0xFF) << 8 | (message[at + 1] & 0xFF);
    }

    static int id(byte[] message) {
        return uint16(message, 0);
    }

    static int rcode(byte[] message) {
        return message[3] & 0xF;
    }

    static boolean isCut(byte[] message) {
        return (message[2] & 2) != 0;
    }

    static int answers(byte[] message) {
        return uint16(message, 6);
    }

    /** {@return the TTL of the first record} */
    static int ttl(byte[] message) {
        int at = questionEnd(message) + 6;
        return uint16(message, at) << 16 | uint16(message, at + 2);
    }

    /** {@return the last octet of the first address} */
    static int lastOctet(byte[] message) {
        return message[questionEnd(message) + 15] & 0xFF;
    }

    /** {@return the name that is asked for, as it is written} */
    static String name(byte[] message) {
        StringBuilder name = new StringBuilder();
        for (int at = 12; message[at] != 0; at += message[at] + 1) {
            name.append(name.isEmpty() ? "" : ".")
                    .append(new String(message, at + 1, message[at], StandardCharsets.US_ASCII));
        }
        return name.toString();
    }
}
