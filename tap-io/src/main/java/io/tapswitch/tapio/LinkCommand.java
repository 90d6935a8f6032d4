package io.tapswitch.tapio;

import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One change of a link, address or route. Values are checked when a command is made, so that its text cannot be read
 * as anything else; what the kernel thinks of them turns out when a {@link LinkConfigurator} carries it out.
 */
public sealed interface LinkCommand {
    /** {@return the link that is changed, by its name before the change} */
    String link();

    /**
     * Moves a link into another namespace, where it has the new name at once: no name is taken there in between. The
     * kernel sets it down and takes its addresses and routes away.
     *
     * @param target has to stay open until the command was carried out
     */
    record MoveToNamespace(String link, NetworkNamespace target, String newName) implements LinkCommand {
        /** Checks the names. */
        public MoveToNamespace {
            LinkText.checkLink(link);
            LinkText.checkLink(newName);
        }
    }

    /** Gives a link another name in its namespace. */
    record Rename(String link, String newName) implements LinkCommand {
        /** Checks the names. */
        public Rename {
            LinkText.checkLink(link);
            LinkText.checkLink(newName);
        }
    }

    /** Sets the MAC address, in the form 02:42:ac:12:00:02. */
    record SetAddress(String link, String macAddress) implements LinkCommand {
        /** Checks the form. */
        public SetAddress {
            LinkText.checkLink(link);
            LinkText.checkMacAddress(macAddress);
        }
    }

    /** Sets the MTU, in bytes of an Ethernet payload. */
    record SetMtu(String link, int mtuBytes) implements LinkCommand {
        /** Checks the range (ETH_MIN_MTU, ETH_MAX_MTU of linux/if_ether.h). */
        public SetMtu {
            LinkText.checkLink(link);
            if (mtuBytes < 68 || mtuBytes > 65_535) {
                throw new IllegalArgumentException("an MTU is 68 to 65535 bytes, not " + mtuBytes);
            }
        }
    }

    /** Sets how long super-frames may get that the kernel's TCP sends, in bytes. */
    record SetSuperFrameLength(String link, int bytes) implements LinkCommand {
        /** Checks the range (GSO_LEGACY_MAX_SIZE of linux/netdevice.h). */
        public SetSuperFrameLength {
            LinkText.checkLink(link);
            if (bytes < 1 || bytes > 65_536) {
                throw new IllegalArgumentException("a super-frame has 1 to 65536 bytes, not " + bytes);
            }
        }
    }

    /** Sets how many frames wait for a reader, per queue. */
    record SetTxQueueLength(String link, int frames) implements LinkCommand {
        /** Checks the range. */
        public SetTxQueueLength {
            LinkText.checkLink(link);
            if (frames < 1) {
                throw new IllegalArgumentException("a queue takes at least one frame, not " + frames);
            }
        }
    }

    /** Sets a link up. */
    record Up(String link) implements LinkCommand {
        /** Checks the name. */
        public Up {
            LinkText.checkLink(link);
        }
    }

    /** Sets a link down. */
    record Down(String link) implements LinkCommand {
        /** Checks the name. */
        public Down {
            LinkText.checkLink(link);
        }
    }

    /** Lets a link ask for no neighbour: whatever it sends bears its own MAC address as destination. */
    record WithoutArp(String link) implements LinkCommand {
        /** Checks the name. */
        public WithoutArp {
            LinkText.checkLink(link);
        }
    }

    /** What is different about an address. */
    enum AddressFlag {
        /** An IPv6 address is used at once, without asking first whether somebody has it; IPv4 never asks. */
        NO_DAD("nodad"),
        /** No route to the address' subnet comes with it. */
        NO_PREFIX_ROUTE("noprefixroute");

        final String word;

        AddressFlag(String word) {
            this.word = word;
        }
    }

    /** Adds an address with its prefix length, such as 172.18.0.2/16 or fd00::2/64. */
    record AddAddress(String link, String addressAndPrefix, Set<AddressFlag> flags) implements LinkCommand {
        /** Checks the form. */
        public AddAddress {
            LinkText.checkLink(link);
            LinkText.checkPrefix(addressAndPrefix);
            flags = Set.copyOf(flags);
        }

        /** An address like others. */
        public AddAddress(String link, String addressAndPrefix) {
            this(link, addressAndPrefix, Set.of());
        }
    }

    /** Takes an address away, and with it the routes that came with it. */
    record DeleteAddress(String link, String addressAndPrefix) implements LinkCommand {
        /** Checks the form. */
        public DeleteAddress {
            LinkText.checkLink(link);
            LinkText.checkPrefix(addressAndPrefix);
        }
    }

    /**
     * Sets which link-local IPv6 address the link gives itself when it is set up.
     *
     * @param mode a word of ip-link(8): eui64, none, stable_secret, random
     */
    record SetAddrGenMode(String link, String mode) implements LinkCommand {
        private static final Set<String> MODES = Set.of("eui64", "none", "stable_secret", "random");

        /** Checks the word. */
        public SetAddrGenMode {
            LinkText.checkLink(link);
            if (!MODES.contains(mode)) {
                throw new IllegalArgumentException("'" + mode + "' is none of " + new TreeSet<>(MODES));
            }
        }
    }

    /** Adds a route to a prefix, such as 10.1.0.0/16, through a neighbour on the link. */
    record AddRoute(String link, String prefix, String gateway) implements LinkCommand {
        /** Checks the forms. */
        public AddRoute {
            LinkText.checkLink(link);
            LinkText.checkPrefix(prefix);
            LinkText.checkAddress(gateway);
        }
    }

    /**
     * Adds a route to a prefix whose members are on the link itself.
     *
     * @param source the address that the host prefers towards them, or null
     * @param mtuBytes the largest packet on this route, or 0 for the link's
     */
    record AddPrefixRoute(
            String link, String prefix, @Nullable String source, int mtuBytes) implements LinkCommand {
        /** Checks the forms. */
        public AddPrefixRoute {
            LinkText.checkLink(link);
            LinkText.checkPrefix(prefix);
            if (source != null) {
                LinkText.checkAddress(source);
            }
            if (mtuBytes != 0 && (mtuBytes < 68 || mtuBytes > 65_535)) {
                throw new IllegalArgumentException("an MTU is 68 to 65535 bytes, not " + mtuBytes);
            }
        }
    }

    /** Takes a route to a prefix by this link away. */
    record DeleteRoute(String link, String prefix) implements LinkCommand {
        /** Checks the forms. */
        public DeleteRoute {
            LinkText.checkLink(link);
            LinkText.checkPrefix(prefix);
        }
    }

    /** Adds the default route of the gateway's family. */
    record AddDefaultRoute(String link, String gateway) implements LinkCommand {
        /** Checks the form. */
        public AddDefaultRoute {
            LinkText.checkLink(link);
            LinkText.checkAddress(gateway);
        }
    }

    /** Makes this the default route of the gateway's family, in place of the one there was, if any. */
    record SetDefaultRoute(String link, String gateway) implements LinkCommand {
        /** Checks the form. */
        public SetDefaultRoute {
            LinkText.checkLink(link);
            LinkText.checkAddress(gateway);
        }
    }

    /** Makes this the route to a single address, in place of the one there was, if any. */
    record SetHostRoute(String link, String address, String gateway) implements LinkCommand {
        /** Checks the forms. */
        public SetHostRoute {
            LinkText.checkLink(link);
            LinkText.checkAddress(address);
            LinkText.checkAddress(gateway);
        }
    }

    /** Deletes a link. */
    record Delete(String link) implements LinkCommand {
        /** Checks the name. */
        public Delete {
            LinkText.checkLink(link);
        }
    }
}
