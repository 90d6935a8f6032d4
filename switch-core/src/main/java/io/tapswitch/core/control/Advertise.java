package io.tapswitch.core.control;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.store.EtcdSettings;
import io.tapswitch.wire.IpAddress;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The address at which other hosts reach this one, of what a person wrote after {@code --cluster-advertise}. What is
 * written is read once; where it leads to is looked at anew each time.
 */
final class Advertise {
    private static final String FLAG = "--cluster-advertise";
    private static final IpAddress BROADCAST = IpAddress.parse("255.255.255.255");

    private final EtcdSettings store;
    private final OutsideKernel kernel;
    /** The address that a person wrote, null when it is to be found. */
    private final @Nullable IpAddress given;
    /** The interface that has it; empty for the address by which the store is reached. */
    private final String device;

    /**
     * Reads the flag.
     *
     * @param text an interface or an address, with or without a port, which docker's own flag has and nobody needs
     *     here; empty, which is the flag left out, for the address by which the store is reached
     * @param store where that is
     * @param kernel knows the routes
     */
    Advertise(String text, EtcdSettings store, OutsideKernel kernel) {
        this.store = store;
        this.kernel = kernel;
        Optional<IpAddress> whole = parse(text);
        int colon = text.lastIndexOf(':');
        boolean hasPort = whole.isEmpty() && colon > 0;
        if (hasPort) {
            checkPort(text, text.substring(colon + 1));
        }
        device = hasPort ? text.substring(0, colon) : text;
        boolean isBracketed = device.startsWith("[") && device.endsWith("]");
        given = (hasPort ? parse(isBracketed ? device.substring(1, device.length() - 1) : device) : whole).orElse(null);
    }

    /**
     * {@return the address at the start} One that is given is taken as it is, also when this host does not have it:
     * that is said where it matters, and mended without another start.
     */
    IpAddress first() {
        if (given != null) {
            return given;
        }
        return device.isEmpty() ? towards(store, kernel) : ofInterface(device);
    }

    /**
     * {@return the address as it is now} The last one for as long as this host has it, else another one of its family;
     * an address that a person gave stays what it is.
     *
     * @param last that was known
     * @return empty when there is none
     */
    Optional<IpAddress> now(IpAddress last) {
        if (given != null) {
            return isLocal(last) ? Optional.of(last) : Optional.empty();
        }
        if (device.isEmpty()) {
            Optional<IpAddress> other = isLocal(last) ? Optional.of(last) : found(store, kernel);
            return other.filter(address -> address.isIpv6() == last.isIpv6());
        }
        List<IpAddress> there = addressesOf(device);
        return there.contains(last)
                ? Optional.of(last)
                : there.stream()
                        .filter(address -> address.isIpv6() == last.isIpv6())
                        .findFirst();
    }

    /** {@return whether an address was given, and not where to find one} */
    boolean isAddress() {
        return given != null;
    }

    /** {@return where other hosts could reach an interface, IPv4 first; nothing without the interface} */
    private static List<IpAddress> addressesOf(String name) {
        try {
            NetworkInterface there = NetworkInterface.getByName(name);
            return there == null
                    ? List.of()
                    : there.inetAddresses()
                            .filter(address -> !address.isLoopbackAddress() && !address.isLinkLocalAddress())
                            .sorted(Comparator.comparing(address -> address instanceof Inet6Address))
                            .map(Advertise::of)
                            .toList();
        } catch (SocketException e) {
            throw Refusal.failed("cannot look at interface " + name + ": " + e.getMessage(), e);
        }
    }

    private static Optional<IpAddress> parse(String text) {
        int zone = text.indexOf('%');
        try {
            IpAddress address = IpAddress.parse(zone < 0 ? text : text.substring(0, zone));
            InetAddress it = InetAddress.getByName(address.toString());
            String fault = fault(address, it);
            if (!fault.isEmpty()) {
                throw Refusal.badInput("invalid " + FLAG + " " + text + ": " + fault);
            }
            return zone < 0 ? Optional.of(address) : Optional.empty();
        } catch (IllegalArgumentException | UnknownHostException e) {
            return Optional.empty();
        }
    }

    /** {@return why no other host can reach this one at an address, empty when one may} */
    private static String fault(IpAddress address, InetAddress it) {
        if (it.isAnyLocalAddress()) {
            return "it stands for any address, and no other host can send to it";
        }
        if (it.isLoopbackAddress()) {
            return "no other host reaches this one there: each has that address for itself";
        }
        if (it.isMulticastAddress()) {
            return "it is a multicast address, of a group and not of a host";
        }
        if (address.equals(BROADCAST)) {
            return "it is the broadcast address, of all hosts and not of one";
        }
        if (address.isIpv6() && it instanceof Inet4Address) {
            return "it is an IPv4 address written as IPv6: write " + it.getHostAddress();
        }
        if (address.isIpv6() && it.isLinkLocalAddress()) {
            return "it is link-local, and means a host only together with an interface: give an address that is"
                    + " routed, or the name of the interface that has one";
        }
        return "";
    }

    private static void checkPort(String text, String port) {
        try {
            int number = Integer.parseInt(port);
            if (number > 0 && number <= 65_535) {
                return;
            }
        } catch (NumberFormatException e) {
            // Falls to the refusal below, which says what is allowed.
        }
        throw Refusal.badInput("invalid " + FLAG + " " + text + ": '" + port + "' is no port; it is INTERFACE or IP,"
                + " with :PORT behind it or not");
    }

    private static IpAddress ofInterface(String name) {
        List<IpAddress> there = addressesOf(name);
        if (!there.isEmpty()) {
            return there.getFirst();
        }
        throw Refusal.badInput("invalid " + FLAG + " " + name + ": "
                + (isInterface(name)
                        ? "that interface has no address at which other hosts could reach this one"
                        : "it is no address, and this host has no interface of that name"));
    }

    private static boolean isInterface(String name) {
        try {
            return NetworkInterface.getByName(name) != null;
        } catch (SocketException e) {
            return false;
        }
    }

    private static Optional<IpAddress> found(EtcdSettings store, OutsideKernel kernel) {
        try {
            return Optional.of(towards(store, kernel));
        } catch (Refusal e) {
            // There may be a way again at the next look.
            return Optional.empty();
        }
    }

    private static IpAddress towards(EtcdSettings store, OutsideKernel kernel) {
        String unknown = null;
        boolean isHere = false;
        for (URI member : store.endpoints()) {
            try {
                InetAddress address = InetAddress.getByName(member.getHost());
                isHere |= address.isLoopbackAddress();
                IpAddress source = address.isLoopbackAddress() ? null : kernel.sourceTo(of(address));
                if (source != null) {
                    return source;
                }
            } catch (UnknownHostException e) {
                unknown = member.getHost();
            }
        }
        if (unknown != null) {
            throw Refusal.badInput("invalid --cluster-store " + store.description() + ": the host name " + unknown
                    + " is not found: write the store's address, or mend the host's DNS; with " + FLAG
                    + " the daemon starts all the same, and asks for the name again and again");
        }
        throw Refusal.badInput(FLAG + " is missing: the address at which other hosts reach this one cannot be told by"
                + " the way to " + store.description() + ", "
                + (isHere ? "which is on this host itself" : "to which this host has no route")
                + "; give an interface or an address");
    }

    private static IpAddress of(InetAddress address) {
        String text = address.getHostAddress();
        int zone = text.indexOf('%');
        return IpAddress.parse(zone < 0 ? text : text.substring(0, zone));
    }

    /** {@return whether this host has an address} */
    static boolean isLocal(IpAddress address) {
        try {
            return NetworkInterface.getByInetAddress(InetAddress.getByName(address.toString())) != null;
        } catch (SocketException | UnknownHostException e) {
            return false;
        }
    }
}
