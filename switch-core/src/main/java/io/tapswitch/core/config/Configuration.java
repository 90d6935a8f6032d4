package io.tapswitch.core.config;

import io.tapswitch.core.ipam.SubnetRequest;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the configuration file declares.
 *
 * @param file its path
 * @param defaultNetwork what it says of the network {@code bridge}, null when it says nothing
 * @param networks in the order declared
 */
public record Configuration(String file, @Nullable DefaultNetwork defaultNetwork, List<DeclaredNetwork> networks) {
    /** Copies the list. */
    public Configuration {
        networks = List.copyOf(networks);
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
     * @param addresses what is said of its subnets; {@code ipv6} and {@code internal} are in there
     * @param attachable kept and shown
     * @param options read by {@code NetworkOptions}
     * @param labels kept and shown
     */
    public record DeclaredNetwork(
            String name,
            int line,
            Map<String, Integer> lines,
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
