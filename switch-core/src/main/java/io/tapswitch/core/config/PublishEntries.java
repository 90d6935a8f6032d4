package io.tapswitch.core.config;

import io.tapswitch.core.config.Configuration.DeclaredPort;
import io.tapswitch.core.document.Fields;
import io.tapswitch.core.document.Node;
import io.tapswitch.core.document.Scalar;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The list {@code publish}, of the configuration file or of the file of published ports. */
final class PublishEntries {
    static final String KEY = "publish";

    private static final Set<String> ENTRY = Set.of("container", "ports", "allow");

    private PublishEntries() {}

    /**
     * Reads the list.
     *
     * @param root of the file
     * @param address of the host where an entry names none, null for all
     * @return its ports, in the order declared
     */
    static List<DeclaredPort> read(Fields root, @Nullable IpAddress address) {
        List<DeclaredPort> declared = new ArrayList<>();
        if (root.has(KEY) && root.node(KEY) instanceof Scalar nothing && nothing.type() == Scalar.Type.NULL) {
            // All entries are commented out.
            return declared;
        }
        for (Fields entry : root.mappings(KEY, ENTRY)) {
            String container = entry.parse("container", name -> ObjectName.check(name, "container"));
            List<IpPrefix> allow = entry.oneOrMore("allow", PublishEntries::prefix);
            if (entry.has("allow") && allow.isEmpty()) {
                throw entry.refuse("allow", "must name at least one prefix; without the key everyone may come");
            }
            entry.node("ports");
            List<PortSpec> ports = entry.oneOrMoreWords("ports", text -> PortSpec.parse(text, address));
            List<Node> items = entry.itemsOrOne("ports");
            for (int i = 0; i < ports.size(); i++) {
                declared.add(new DeclaredPort(
                        container, items.get(i).line(), entry.pathOf("ports[" + i + "]"), ports.get(i), allow));
            }
        }
        return declared;
    }

    /** A single address is a prefix of full length. */
    private static IpPrefix prefix(String text) {
        return IpPrefix.parse(
                text.indexOf('/') >= 0
                        ? text
                        : text + "/" + IpAddress.parse(text).width());
    }
}
