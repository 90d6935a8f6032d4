package io.tapswitch.core.model;

import io.tapswitch.wire.IpProtocol;
import java.util.Locale;

/** What has ports that can be published. */
public enum PortProtocol {
    /** TCP. */
    TCP(IpProtocol.TCP),
    /** UDP. */
    UDP(IpProtocol.UDP),
    /** SCTP. */
    SCTP(IpProtocol.SCTP);

    private final int number;

    PortProtocol(int number) {
        this.number = number;
    }

    /** {@return its number in IP headers} */
    public int number() {
        return number;
    }

    /** {@return the word that people write: {@code tcp}} */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** {@return the protocol of a word, written in whatever case, as docker takes it} */
    public static PortProtocol of(String word) {
        for (PortProtocol protocol : values()) {
            if (protocol.name().equalsIgnoreCase(word)) {
                return protocol;
            }
        }
        throw Refusal.badInput("invalid_port_spec", "invalid proto: " + word);
    }
}
