package io.tapswitch.core.observe;

import java.net.InetAddress;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.pcap4j.packet.ArpPacket;
import org.pcap4j.packet.Dot1qVlanTagPacket;
import org.pcap4j.packet.EthernetPacket;
import org.pcap4j.packet.FragmentedPacket;
import org.pcap4j.packet.IcmpV4CommonPacket;
import org.pcap4j.packet.IcmpV4EchoPacket;
import org.pcap4j.packet.IcmpV4EchoReplyPacket;
import org.pcap4j.packet.IcmpV6CommonPacket;
import org.pcap4j.packet.IcmpV6EchoReplyPacket;
import org.pcap4j.packet.IcmpV6EchoRequestPacket;
import org.pcap4j.packet.IllegalPacket;
import org.pcap4j.packet.IllegalRawDataException;
import org.pcap4j.packet.IpPacket;
import org.pcap4j.packet.IpV4Packet;
import org.pcap4j.packet.IpV6Packet;
import org.pcap4j.packet.Packet;
import org.pcap4j.packet.SctpPacket;
import org.pcap4j.packet.TcpPacket;
import org.pcap4j.packet.UdpPacket;
import org.pcap4j.packet.namednumber.ArpOperation;
import org.pcap4j.packet.namednumber.NamedNumber;

/**
 * What tcpdump would say of a frame, decoded by pcap4j. Frames come from anybody, so nothing is believed: what cannot
 * be decoded is said to be so, with its length.
 */
final class FrameWords {
    private static final String LENGTH = ", length ";

    private FrameWords() {}

    /**
     * {@return the words for a frame}
     *
     * @param bytes its beginning
     * @param frameLength bytes of the whole frame
     */
    static String of(byte[] bytes, int frameLength) {
        try {
            EthernetPacket frame = EthernetPacket.newPacket(bytes, 0, bytes.length);
            return ethernet(frame, frameLength);
        } catch (IllegalRawDataException | RuntimeException e) {
            // A decoder for other people's bytes has bugs that only other people's bytes find.
            return "cannot be decoded" + LENGTH + frameLength;
        }
    }

    private static String ethernet(EthernetPacket frame, int frameLength) {
        @Nullable Packet payload = frame.getPayload();
        if (payload instanceof Dot1qVlanTagPacket tagged) {
            return "vlan " + tagged.getHeader().getVidAsInt() + ", "
                    + network(
                            frame,
                            tagged.getPayload(),
                            number(tagged.getHeader().getType()),
                            frameLength);
        }
        return network(frame, payload, number(frame.getHeader().getType()), frameLength);
    }

    private static String network(EthernetPacket frame, @Nullable Packet payload, String type, int frameLength) {
        return switch (payload) {
            case ArpPacket arp -> arp(arp.getHeader());
            case IpPacket ip -> ip(ip);
            case null, default ->
                frame.getHeader().getSrcAddr() + " > " + frame.getHeader().getDstAddr() + ", ethertype " + type
                        + (payload instanceof IllegalPacket ? " (malformed)" : "") + LENGTH + frameLength;
        };
    }

    private static String arp(ArpPacket.ArpHeader arp) {
        String sender = address(arp.getSrcProtocolAddr());
        if (arp.getOperation().equals(ArpOperation.REQUEST)) {
            return "ARP, Request who-has " + address(arp.getDstProtocolAddr()) + " tell " + sender;
        }
        return arp.getOperation().equals(ArpOperation.REPLY)
                ? "ARP, Reply " + sender + " is-at " + arp.getSrcHardwareAddr()
                : "ARP, operation " + arp.getOperation().valueAsString();
    }

    private static String ip(IpPacket ip) {
        String source = address(ip.getHeader().getSrcAddr());
        String destination = address(ip.getHeader().getDstAddr());
        String begin = ip instanceof IpV4Packet ? "IP " : "IP6 ";
        int length = payloadLength(ip);
        @Nullable Packet payload = ip.getPayload();
        while (payload != null && isExtension(payload)) {
            length -= payload.getHeader().length();
            payload = payload.getPayload();
        }
        return switch (payload) {
            case TcpPacket tcp ->
                begin + source + '.' + tcp.getHeader().getSrcPort().valueAsInt() + " > " + destination + '.'
                        + tcp.getHeader().getDstPort().valueAsInt() + ": " + tcp(tcp.getHeader(), length);
            case UdpPacket udp ->
                begin + source + '.' + udp.getHeader().getSrcPort().valueAsInt() + " > " + destination + '.'
                        + udp.getHeader().getDstPort().valueAsInt() + ": UDP" + LENGTH
                        + (udp.getHeader().getLengthAsInt() - udp.getHeader().length());
            case SctpPacket sctp ->
                begin + source + '.' + sctp.getHeader().getSrcPort().valueAsInt() + " > " + destination + '.'
                        + sctp.getHeader().getDstPort().valueAsInt() + ": SCTP" + LENGTH
                        + (length - sctp.getHeader().length());
            case IcmpV4CommonPacket icmp ->
                begin + source + " > " + destination + ": ICMP "
                        + icmp(icmp.getHeader().getType(), icmp.getHeader().getCode(), icmp.getPayload()) + LENGTH
                        + length;
            case IcmpV6CommonPacket icmp ->
                begin + source + " > " + destination + ": ICMP6 "
                        + icmp(icmp.getHeader().getType(), icmp.getHeader().getCode(), icmp.getPayload()) + LENGTH
                        + length;
            case null, default -> begin + source + " > " + destination + ": " + other(ip, payload) + LENGTH + length;
        };
    }

    private static boolean isExtension(Packet payload) {
        return payload.getClass().getSimpleName().startsWith("IpV6Ext");
    }

    private static String other(IpPacket ip, @Nullable Packet payload) {
        String protocol = number(ip.getHeader().getProtocol());
        return switch (payload) {
            case FragmentedPacket fragment
            when ip instanceof IpV4Packet four ->
                protocol + " fragment at " + four.getHeader().getFragmentOffset() * 8;
            case FragmentedPacket fragment -> protocol + " fragment";
            case IllegalPacket illegal -> protocol + " (malformed)";
            case null, default -> protocol;
        };
    }

    /** What the header says follows it; what there is of it may be less. */
    private static int payloadLength(IpPacket ip) {
        return switch (ip) {
            case IpV4Packet four ->
                four.getHeader().getTotalLengthAsInt() - 4 * four.getHeader().getIhlAsInt();
            case IpV6Packet six -> six.getHeader().getPayloadLengthAsInt();
            default -> 0;
        };
    }

    private static String tcp(TcpPacket.TcpHeader tcp, int length) {
        String flags = (tcp.getSyn() ? "S" : "")
                + (tcp.getFin() ? "F" : "")
                + (tcp.getPsh() ? "P" : "")
                + (tcp.getRst() ? "R" : "")
                + (tcp.getUrg() ? "U" : "")
                + (tcp.getAck() ? "." : "");
        return "Flags [" + (flags.isEmpty() ? "none" : flags) + "], seq " + tcp.getSequenceNumberAsLong()
                + (tcp.getAck() ? ", ack " + tcp.getAcknowledgmentNumberAsLong() : "") + ", win "
                + tcp.getWindowAsInt() + LENGTH + (length - 4 * tcp.getDataOffsetAsInt());
    }

    private static String icmp(NamedNumber<?, ?> type, NamedNumber<?, ?> code, @Nullable Packet payload) {
        String words = type.name().toLowerCase(Locale.ROOT);
        return switch (payload) {
            case IcmpV4EchoPacket echo ->
                echo(
                        words,
                        echo.getHeader().getIdentifierAsInt(),
                        echo.getHeader().getSequenceNumberAsInt());
            case IcmpV4EchoReplyPacket echo ->
                echo(
                        words,
                        echo.getHeader().getIdentifierAsInt(),
                        echo.getHeader().getSequenceNumberAsInt());
            case IcmpV6EchoRequestPacket echo ->
                echo(
                        words,
                        echo.getHeader().getIdentifierAsInt(),
                        echo.getHeader().getSequenceNumberAsInt());
            case IcmpV6EchoReplyPacket echo ->
                echo(
                        words,
                        echo.getHeader().getIdentifierAsInt(),
                        echo.getHeader().getSequenceNumberAsInt());
            case null, default -> words + (code.value().intValue() == 0 ? "" : " (" + code.name() + ")");
        };
    }

    private static String echo(String words, int id, int sequence) {
        return words + ", id " + id + ", seq " + sequence;
    }

    private static String address(InetAddress address) {
        String text = address.getHostAddress();
        int zone = text.indexOf('%');
        return zone < 0 ? text : text.substring(0, zone);
    }

    private static String number(NamedNumber<?, ?> number) {
        return number.name().toLowerCase(Locale.ROOT).startsWith("unknown") ? number.valueAsString() : number.name();
    }
}
