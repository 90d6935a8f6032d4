package io.tapswitch.lab;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/**
 * Frames as hexadecimal strings, written down by hand after the RFCs: the judge of the product's own headers must not
 * use them. What needs many protocols is made by scapy instead.
 */
public final class Frames {
    /** IEEE Std 802 local experimental EtherType 1, for frames that only tests send. */
    public static final String EXPERIMENTAL = "88b5";
    /** IPv4. */
    public static final String IPV4 = "0800";
    /** ARP. */
    public static final String ARP = "0806";

    private static final int SMALLEST = 60;
    private static final HexFormat HEX = HexFormat.of();

    private Frames() {}

    /** {@return an Ethernet frame with exactly this payload, in hexadecimal} */
    public static String ethernet(String destination, String source, String etherType, String payload) {
        return bare(destination) + bare(source) + etherType + payload;
    }

    /** {@return a frame of the experimental EtherType that carries words, padded to the smallest frame} */
    public static String experimental(String destination, String source, String words) {
        return padded(ethernet(destination, source, EXPERIMENTAL, text(words)));
    }

    /** {@return an 802.1Q tagged frame that carries words} */
    public static String vlan(String destination, String source, int vlan, String words) {
        return padded(ethernet(destination, source, "8100", hex16(vlan) + EXPERIMENTAL + text(words)));
    }

    /** {@return an ARP message for IPv4 over Ethernet (RFC 826)} */
    public static String arp(
            String destination,
            String source,
            int operation,
            String senderMac,
            String senderIp,
            String targetMac,
            String targetIp) {
        return padded(ethernet(
                destination,
                source,
                ARP,
                "0001" + IPV4 + "0604" + hex16(operation) + bare(senderMac) + address(senderIp) + bare(targetMac)
                        + address(targetIp)));
    }

    /** {@return an IPv4 packet (RFC 791) with a right checksum} */
    public static String ipv4(String source, String destination, int protocol, String payload) {
        return ipv4(source, destination, protocol, 64, "", payload);
    }

    /** {@return an IPv4 packet with options (whole words) and a right checksum} */
    public static String ipv4(
            String source, String destination, int protocol, int ttl, String options, String payload) {
        int headerBytes = 20 + options.length() / 2;
        String first = String.format(
                Locale.ROOT,
                "4%x00%04x12340000%02x%02x",
                headerBytes / 4,
                headerBytes + payload.length() / 2,
                ttl,
                protocol);
        String last = address(source) + address(destination) + options;
        return first + hex16(checksum(first + "0000" + last)) + last + payload;
    }

    /** {@return a UDP datagram (RFC 768) without checksum that carries words} */
    public static String udp(int source, int destination, String words) {
        return hex16(source) + hex16(destination) + hex16(8 + words.length()) + "0000" + text(words);
    }

    /** {@return an ICMP echo request (RFC 792) with a right checksum} */
    public static String echoRequest(int id, int sequence, String words) {
        String rest = hex16(id) + hex16(sequence) + text(words);
        return "0800" + hex16(checksum("08000000" + rest)) + rest;
    }

    /** {@return the frame with the two bytes at the offset replaced} */
    public static String with16(String frame, int offset, int value) {
        return frame.substring(0, 2 * offset) + hex16(value) + frame.substring(2 * offset + 4);
    }

    /** {@return the frame with the byte at the offset replaced} */
    public static String with8(String frame, int offset, int value) {
        return frame.substring(0, 2 * offset) + hex16(value).substring(2) + frame.substring(2 * offset + 2);
    }

    /** {@return the IPv4 packet with its header checksum made right again} */
    public static String rightChecksum(String packet) {
        int headerDigits = 8 * Character.digit(packet.charAt(1), 16);
        String without = with16(packet, 10, 0);
        return with16(packet, 10, checksum(without.substring(0, headerDigits)));
    }

    /** {@return Internet checksum (RFC 1071) of an even number of bytes or with an odd last one} */
    public static int checksum(String hex) {
        byte[] bytes = HEX.parseHex(hex);
        long sum = 0;
        for (int i = 0; i < bytes.length; i++) {
            sum += (bytes[i] & 0xFFL) << (i % 2 == 0 ? 8 : 0);
        }
        while (sum > 0xFFFF) {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }
        return (int) (~sum & 0xFFFF);
    }

    /** {@return words as hexadecimal} */
    public static String text(String words) {
        return HEX.formatHex(words.getBytes(StandardCharsets.US_ASCII));
    }

    /** {@return a dotted address as hexadecimal} */
    public static String address(String dotted) {
        StringBuilder hex = new StringBuilder();
        for (String octet : dotted.split("\\.", -1)) {
            hex.append(hex16(Integer.parseInt(octet)), 2, 4);
        }
        return hex.toString();
    }

    /** {@return frame, at least as long as the smallest on a real wire without its check sequence} */
    public static String padded(String frame) {
        return frame + "00".repeat(Math.max(0, SMALLEST - frame.length() / 2));
    }

    /** {@return a 16-bit number as four digits} */
    public static String hex16(int value) {
        return String.format(Locale.ROOT, "%04x", value & 0xFFFF);
    }

    /** {@return the lines of a tcpdump -e that show a frame to that address} */
    public static List<String> linesTo(List<String> lines, String mac) {
        return lines.stream().filter(line -> line.contains("> " + mac)).toList();
    }

    private static String bare(String mac) {
        return mac.replace(":", "");
    }
}
