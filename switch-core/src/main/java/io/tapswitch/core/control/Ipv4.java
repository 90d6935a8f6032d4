package io.tapswitch.core.control;

import org.jspecify.annotations.Nullable;

/** IPv4 addresses as ints in host order, and the MAC addresses that are made of them. */
public final class Ipv4 {
    /** First two bytes of every MAC address made of an IPv4 address: 02:42, locally administered, as docker's. */
    private static final long MAC_PREFIX = 0x0242L << 32;

    private Ipv4() {}

    /**
     * Reads dotted decimal: four numbers without leading zeros, nothing else.
     *
     * @param text what a person wrote
     * @param what names the value in the refusal
     * @return the address
     */
    public static int parse(String text, String what) {
        Long bits = bits(text);
        if (bits == null) {
            if (text.indexOf(':') >= 0) {
                throw Refusal.notInThisVersion("IPv6 (" + what + " " + text + ")");
            }
            throw Refusal.badInput("invalid " + what + " \"" + text + "\": not an IPv4 address like 10.1.2.3");
        }
        return bits.intValue();
    }

    private static @Nullable Long bits(String text) {
        long bits = 0;
        int parts = 0;
        int position = 0;
        while (parts < 4) {
            int end = text.indexOf('.', position);
            end = end < 0 || parts == 3 ? text.length() : end;
            int octet = octet(text, position, end);
            if (octet < 0) {
                return null;
            }
            bits = bits << 8 | octet;
            parts++;
            position = end + 1;
        }
        return position == text.length() + 1 ? bits : null;
    }

    private static int octet(String text, int from, int to) {
        int length = to - from;
        if (length < 1 || length > 3 || (length > 1 && text.charAt(from) == '0')) {
            return -1;
        }
        int value = 0;
        for (int i = from; i < to; i++) {
            char digit = text.charAt(i);
            if (digit < '0' || digit > '9') {
                return -1;
            }
            value = value * 10 + digit - '0';
        }
        return value <= 255 ? value : -1;
    }

    /** {@return the address in dotted decimal} */
    public static String text(int address) {
        return (address >>> 24) + "." + (address >>> 16 & 0xFF) + "." + (address >>> 8 & 0xFF) + "." + (address & 0xFF);
    }

    /** {@return the MAC address of an endpoint with this address: 02:42 and the four bytes (C2, A-IPAM-11)} */
    public static long mac(int address) {
        return MAC_PREFIX | Integer.toUnsignedLong(address);
    }

    /** {@return a MAC address, low 48 bits, as six hex pairs} */
    public static String macText(long mac) {
        StringBuilder text = new StringBuilder(17);
        for (int shift = 40; shift >= 0; shift -= 8) {
            int octet = (int) (mac >>> shift & 0xFF);
            text.append(Character.forDigit(octet >>> 4, 16)).append(Character.forDigit(octet & 0xF, 16));
            if (shift > 0) {
                text.append(':');
            }
        }
        return text.toString();
    }
}
