package io.tapswitch.core.config;

import io.tapswitch.core.ipam.SubnetRequest;
import io.tapswitch.core.model.Driver;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the configuration file declares.
 *
 * @param file its path
 * @param defaultNetwork what it says of the network {@code bridge}, null when it says nothing
 * @param networks in the order declared
 * @param uplink the way to the outside, null when it says nothing of it
 * @param publishAddress where ports are published that name no address of the host, null for all of them
 * @param ports what it publishes, in the order declared
 * @param nat how addresses are translated
 * @param dns how names are answered
 * @param overlay tunnels to other hosts
 * @param lines of its keys
 */
public record Configuration(
        String file,
        @Nullable DefaultNetwork defaultNetwork,
        List<DeclaredNetwork> networks,
        @Nullable Uplink uplink,
        @Nullable IpAddress publishAddress,
        List<DeclaredPort> ports,
        Nat nat,
        DnsSettings dns,
        OverlaySettings overlay,
        Map<String, Integer> lines) {
    /** Copies the collections. */
    public Configuration {
        networks = List.copyOf(networks);
        ports = List.copyOf(ports);
        lines = Map.copyOf(lines);
    }

    /** {@return a configuration that says nothing} */
    public static Configuration empty(String file) {
        return ofPorts(file, List.of());
    }

    /** {@return a configuration that says only what is published} */
    public static Configuration ofPorts(String file, List<DeclaredPort> ports) {
        return new Configuration(
                file,
                null,
                List.of(),
                null,
                null,
                ports,
                Nat.DEFAULT,
                DnsSettings.DEFAULT,
                OverlaySettings.NONE,
                Map.of());
    }

    /** {@return the line of one of its keys, 1 when it is not there} */
    public int line(String key) {
        return lines.getOrDefault(key, 1);
    }

    /**
     * The way to the outside.
     *
     * @param mode how the host's addresses are used
     * @param device of the mode shared: the only one besides lo, null for all that have an address
     * @param own of the mode dedicated, and there then
     */
    public record Uplink(
            Mode mode, @Nullable String device, @Nullable OwnAddress own) {
        /** {@return what the flag {@code --uplink} says for the same} */
        public String words() {
            String rest = own == null ? device : own.toString();
            return mode.word() + (rest == null ? "" : ":" + rest);
        }

        /** How the host's addresses are used. */
        public enum Mode {
            /** The host's own, by steering. */
            SHARED,
            /** One of our own, with a device of our own. */
            DEDICATED,
            /** Not at all. */
            NONE;

            /** {@return the word that people write} */
            public String word() {
                return name().toLowerCase(Locale.ROOT);
            }

            static Mode of(String word) {
                for (Mode mode : values()) {
                    if (mode.word().equals(word)) {
                        return mode;
                    }
                }
                throw new IllegalArgumentException("must be shared, dedicated or none, is " + word);
            }
        }

        /**
         * An address and the length of its prefix.
         *
         * @param ip the address
         * @param length of the prefix
         */
        public record Address(IpAddress ip, int length) {
            @Override
            public String toString() {
                return ip + "/" + length;
            }
        }
    }

    /**
     * How addresses are translated.
     *
     * @param udpTimeout how long an idle UDP mapping lives
     * @param ports which ports mappings get
     */
    public record Nat(Duration udpTimeout, Ports ports) {
        /** As it is without a file. */
        public static final Nat DEFAULT = new Nat(Duration.ofMinutes(5), Ports.AUTO);

        /**
         * A range of ports.
         *
         * @param first port, 0 when the switch chooses
         * @param last port
         */
        public record Ports(int first, int last) {
            /** 1024 and up, outside those that the kernel gives to the host's programs. */
            public static final Ports AUTO = new Ports(0, 0);

            @Override
            public String toString() {
                return equals(AUTO) ? "auto" : first + "-" + last;
            }
        }
    }

    /**
     * What is published.
     *
     * @param container name of a container, which need not be there
     * @param line where it is declared
     * @param path that leads there, such as {@code publish[0].ports[1]}
     * @param asked what is published, and where
     * @param allow whose packets may come; empty means everyone's
     */
    public record DeclaredPort(String container, int line, String path, PortSpec asked, List<IpPrefix> allow) {
        /** Copies the list. */
        public DeclaredPort {
            allow = List.copyOf(allow);
        }
    }

    /** Where something stands, so that what is wrong with it can be named by line and key. */
    public interface Declaration {
        /** {@return the path that leads to it, such as {@code networks.web}} */
        String path();

        /** {@return the line of each of its keys} */
        Map<String, Integer> lines();

        /** {@return its own line} */
        int line();
    }

    /**
     * The network {@code bridge}.
     *
     * @param line where it is declared
     * @param lines of its keys
     * @param addresses its subnet, or none
     */
    public record DefaultNetwork(int line, Map<String, Integer> lines, SubnetRequest addresses) implements Declaration {
        @Override
        public String path() {
            return "default-network";
        }
    }

    /**
     * A network.
     *
     * @param name unique
     * @param line where it is declared
     * @param lines of its keys
     * @param driver bridge or overlay
     * @param addresses what is said of its subnets; {@code ipv6} and {@code internal} are in there
     * @param attachable kept and shown
     * @param options read by {@code NetworkOptions}
     * @param labels kept and shown
     */
    public record DeclaredNetwork(
            String name,
            int line,
            Map<String, Integer> lines,
            Driver driver,
            SubnetRequest addresses,
            boolean attachable,
            Map<String, String> options,
            Map<String, String> labels)
            implements Declaration {
        @Override
        public String path() {
            return "networks." + name;
        }
    }
}
