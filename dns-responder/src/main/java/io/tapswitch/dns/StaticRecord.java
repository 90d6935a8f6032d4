package io.tapswitch.dns;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A record that configuration gives, and not a container. It stands under exactly the name it has: the suffix of a
 * network is not added.
 */
public final class StaticRecord {
    /** Most octets of data, so that every answer has room for a record. */
    public static final int MAX_DATA = 4096;

    private static final int MAX_STRING = 255;

    private final String name;
    private final int type;
    private final byte[] data;

    /**
     * A record; what no answer could carry is refused.
     *
     * @param name it stands under
     * @param type any but those that change what other records mean or are no data: no CNAME, SOA, OPT or operation
     * @param data as in a message, names in it without pointers
     */
    public StaticRecord(String name, int type, byte[] data) {
        this.name = name;
        this.type = type;
        this.data = data.clone();
        if (type <= 0
                || type > 0xFFFF
                || type == RecordType.CNAME
                || type == RecordType.SOA
                || type == RecordType.OPT
                || (type >= RecordType.FIRST_OPERATION && type <= RecordType.ANY)) {
            throw new IllegalArgumentException("a record of type " + type + " cannot be given for '" + name + "'");
        }
        if (data.length > MAX_DATA
                || (type == RecordType.A && data.length != 4)
                || (type == RecordType.AAAA && data.length != 16)) {
            throw new IllegalArgumentException("the record of type " + type + " for '" + name + "' has " + data.length
                    + " octets of data, which is not what that type has");
        }
    }

    /** {@return an A or AAAA} */
    public static StaticRecord address(String name, DnsAddress address) {
        UnsafeBuffer data = new UnsafeBuffer(new byte[address.isV4() ? 4 : 16]);
        if (address.isV4()) {
            Octets.int32(data, 0, (int) address.lo());
            return new StaticRecord(name, RecordType.A, data.byteArray());
        }
        Octets.int64(data, 0, address.hi());
        Octets.int64(data, 8, address.lo());
        return new StaticRecord(name, RecordType.AAAA, data.byteArray());
    }

    /** {@return a PTR; its own name is one below in-addr.arpa or ip6.arpa, or any other} */
    public static StaticRecord pointer(String name, String target) {
        return new StaticRecord(name, RecordType.PTR, DnsName.parse(target));
    }

    /** {@return a SRV, mostly named {@code _service._protocol.name}} */
    public static StaticRecord service(String name, int priority, int weight, int port, String target) {
        byte[] host = DnsName.parse(target);
        UnsafeBuffer data = new UnsafeBuffer(new byte[SrvData.TARGET_OFFSET + host.length]);
        SrvData.put(data, 0, priority, weight, port);
        data.putBytes(SrvData.TARGET_OFFSET, host);
        return new StaticRecord(name, RecordType.SRV, data.byteArray());
    }

    /** {@return a TXT; cut into strings of 255 octets, as the format wants} */
    public static StaticRecord text(String name, String text) {
        byte[] octets = text.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        int at = 0;
        do {
            int length = Math.min(MAX_STRING, octets.length - at);
            data.write(length);
            data.write(octets, at, length);
            at += length;
        } while (at < octets.length);
        return new StaticRecord(name, RecordType.TXT, data.toByteArray());
    }

    /** {@return the name it stands under} */
    public String name() {
        return name;
    }

    /** {@return its type} */
    public int type() {
        return type;
    }

    /** {@return its data, a copy} */
    public byte[] data() {
        return data.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof StaticRecord that
                && type == that.type
                && name.equals(that.name)
                && Arrays.equals(data, that.data);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * name.hashCode() + type) + Arrays.hashCode(data);
    }

    @Override
    public String toString() {
        return name + " TYPE" + type + " " + data.length + " octets";
    }
}
