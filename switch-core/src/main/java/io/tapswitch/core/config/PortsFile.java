package io.tapswitch.core.config;

import io.tapswitch.core.document.Fields;
import io.tapswitch.core.document.Node;
import io.tapswitch.core.document.Source;
import io.tapswitch.core.document.YamlDocument;
import io.tapswitch.wire.IpAddress;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A file that says only what is published ({@code --ports FILE}), so that somebody else may write it. */
public final class PortsFile {
    private PortsFile() {}

    /** {@return what a file declares, with all of the host's addresses where it names none} */
    public static Configuration read(Path file) {
        return parse(file.toString(), ConfigFile.text(file), null);
    }

    /**
     * Reads a text.
     *
     * @param file its name, for refusals
     * @param text what it says
     * @param address of the host where an entry names none, null for all
     * @return what it declares, and nothing else
     */
    public static Configuration parse(String file, String text, @Nullable IpAddress address) {
        Source source = new Source(file);
        Node root = YamlDocument.parse(source, text);
        return root == null
                ? Configuration.empty(file)
                : Configuration.ofPorts(
                        file,
                        PublishEntries.read(
                                Fields.ofAnyKeysOrNothing(source, "", root).only(Set.of(PublishEntries.KEY)), address));
    }
}
