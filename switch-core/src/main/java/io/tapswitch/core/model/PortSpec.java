package io.tapswitch.core.model;

import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.Ipv4Address;
import io.tapswitch.wire.Ipv6Address;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a person asks to publish, as {@code docker run -p} takes it:
 * {@code [ADDRESS:][HOST_PORT[-LAST]:]CONTAINER_PORT[-LAST][/PROTOCOL]}. Refusals are docker's words (go-connections,
 * nat.go). Each text has one reading or none: what docker silently leaves out ({@code 80/tcp/udp}, {@code 1-2-3}) is
 * refused. A host port of 0 is one to be chosen.
 *
 * @param address of the host, null for all of them, of both families; {@code 0.0.0.0} and {@code ::} are all of one
 * @param firstHostPort where the container's ports appear, 0 when it is to be chosen
 * @param lastHostPort of a range; 0 when it is to be chosen
 * @param firstContainerPort what is published
 * @param lastContainerPort of a range
 * @param protocol of all of them
 */
public record PortSpec(
        @Nullable IpAddress address,
        int firstHostPort,
        int lastHostPort,
        int firstContainerPort,
        int lastContainerPort,
        PortProtocol protocol) {
    /** The refusals' code. */
    public static final String INVALID = "invalid_port_spec";

    private static final int PORT_MAX = 65_535;
    private static final int DIGITS_MAX = 9;

    /** Ports next to each other. */
    private record Range(int first, int last) {}

    /** {@return how many ports} */
    public int count() {
        return lastContainerPort - firstContainerPort + 1;
    }

    /** {@return whether the host's port is chosen from all that the system gives out} */
    public boolean isRandom() {
        return firstHostPort == 0;
    }

    /** {@return whether the host's port is the first free one of several (A-PORT-11)} */
    public boolean isPool() {
        return !isRandom() && lastHostPort - firstHostPort + 1 != count();
    }

    /** {@return whether the person left the host's port open in some way} */
    public boolean isDynamic() {
        return isRandom() || isPool();
    }

    /** {@return the same ports on another address of the host, null for all} */
    public PortSpec at(@Nullable IpAddress other) {
        return new PortSpec(other, firstHostPort, lastHostPort, firstContainerPort, lastContainerPort, protocol);
    }

    /** {@return what a text asks for, with every host address when it names none} */
    public static PortSpec parse(String text) {
        return parse(text, null);
    }

    /**
     * Reads a text.
     *
     * @param text as a person wrote it
     * @param otherwise the host's address when the text names none, null for all of them
     * @return what it asks for
     */
    public static PortSpec parse(String text, @Nullable IpAddress otherwise) {
        String[] parts = text.split(":", -1);
        int last = parts.length - 1;
        String container = parts[last];
        String host = last == 0 ? "" : parts[last - 1];
        String address = last < 2 ? "" : text.substring(0, text.length() - container.length() - host.length() - 2);

        int slash = container.indexOf('/');
        String protocol = slash < 0 ? "tcp" : container.substring(slash + 1);
        String ports = slash < 0 ? container : container.substring(0, slash);
        IpAddress given = address.isEmpty() ? otherwise : address(address);
        if (ports.isEmpty()) {
            throw refusal("no port specified: " + text + "<empty>");
        }
        Range inside = range(ports, "invalid containerPort: ");
        // Docker takes 0 for "choose one", as bind(2) does.
        boolean isOpen = host.isEmpty() || host.equals("0");
        Range outside = isOpen ? new Range(0, 0) : range(host, "invalid hostPort: ");
        boolean isOne = inside.last == inside.first;
        if (!isOpen && !isOne && outside.last - outside.first != inside.last - inside.first) {
            throw refusal("invalid ranges specified for container and host Ports: " + ports + " and " + host);
        }
        return new PortSpec(given, outside.first, outside.last, inside.first, inside.last, PortProtocol.of(protocol));
    }

    private static IpAddress address(String text) {
        boolean isBracketed = text.startsWith("[") && text.endsWith("]");
        String bare = isBracketed ? text.substring(1, text.length() - 1) : text;
        try {
            IpAddress address = IpAddress.parse(bare);
            boolean isMapped = address instanceof Ipv6Address six && six.isV4Mapped();
            if (isGroup(address)) {
                throw refusal("invalid IP address: " + text + ": a multicast or broadcast address is no host's own");
            }
            if (!isMapped && (!isBracketed || address.isIpv6())) {
                return address;
            }
        } catch (IllegalArgumentException e) {
            // Docker says what the text is, not what is wrong with it.
        }
        throw refusal("invalid IP address: " + text);
    }

    /** {@return whether it is one of 224.0.0.0/4 (RFC 5771), 240.0.0.0/4 (RFC 1112 §4) or ff00::/8 (RFC 4291 §2.7)} */
    private static boolean isGroup(IpAddress address) {
        return switch (address) {
            case Ipv4Address four -> four.bits() >>> 29 == 7;
            case Ipv6Address six -> six.hi() >>> 56 == 0xFF;
        };
    }

    private static Range range(String text, String refusal) {
        int dash = text.indexOf('-');
        int first = port(dash < 0 ? text : text.substring(0, dash));
        int last = dash < 0 ? first : port(text.substring(dash + 1));
        if (first < 1 || last < first || last > PORT_MAX) {
            throw refusal(refusal + text);
        }
        return new Range(first, last);
    }

    /** {@return the number that a text is, 0 when it is none} */
    private static int port(String text) {
        boolean isNumber = !text.isEmpty()
                && text.length() <= DIGITS_MAX
                && text.chars().allMatch(digit -> digit >= '0' && digit <= '9');
        return isNumber ? Integer.parseInt(text) : 0;
    }

    private static Refusal refusal(String sentence) {
        return Refusal.badInput(INVALID, sentence);
    }

    /** {@return an address as it stands before a port: IPv6 in brackets} */
    public static String bracketed(IpAddress address) {
        return address.isIpv6() ? "[" + address + "]" : address.toString();
    }

    /** {@return {@code 80} or {@code 80-90}} */
    public static String words(int first, int last) {
        return first == last ? Integer.toString(first) : first + "-" + last;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof PortSpec that
                && firstHostPort == that.firstHostPort
                && lastHostPort == that.lastHostPort
                && firstContainerPort == that.firstContainerPort
                && lastContainerPort == that.lastContainerPort
                && protocol == that.protocol
                && Objects.equals(address, that.address);
    }

    /** Thousands differ by one number alone, which would leave most of a hash's low bits alike. */
    @Override
    public int hashCode() {
        int ports = firstHostPort * 0x9E37_79B1
                + lastHostPort * 0x85EB_CA77
                + firstContainerPort * 0xC2B2_AE3D
                + lastContainerPort * 0x27D4_EB2F;
        return (ports ^ ports >>> 15) + 31 * Objects.hashCode(address) + protocol.ordinal();
    }

    /** {@return the shortest text that is read as this; equal ones have equal texts} */
    @Override
    public String toString() {
        String host = isRandom() ? "" : words(firstHostPort, lastHostPort);
        String at = address == null ? "" : bracketed(address) + ":";
        String outside = address == null && isRandom() ? "" : at + host + ":";
        return outside + words(firstContainerPort, lastContainerPort) + "/" + protocol.word();
    }
}
