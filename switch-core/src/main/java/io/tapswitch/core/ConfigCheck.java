package io.tapswitch.core;

import io.tapswitch.core.config.ConfigFile;
import io.tapswitch.core.control.Reconciler;
import io.tapswitch.core.ipam.DefaultPools;
import io.tapswitch.core.model.ObjectName;
import io.tapswitch.core.model.Refusal;
import java.nio.file.Path;
import java.util.List;

/** {@code config check FILE}: whether a file could be in force on a host that has nothing yet. Needs no daemon. */
final class ConfigCheck {
    private ConfigCheck() {}

    /** {@return whether the arguments ask for a check} */
    static boolean isAsked(String... arguments) {
        return arguments.length > 0 && arguments[0].equals("config");
    }

    /** {@return the sentence that says that the file is all right; a fault is refused} */
    static String run(String... arguments) {
        if (arguments.length != 3 || !arguments[1].equals("check") || arguments[2].startsWith("-")) {
            throw Refusal.badInput("\"tapswitch config check\" needs a FILE");
        }
        Reconciler.Surroundings nothing =
                new Reconciler.Surroundings(List.of(), DefaultPools.localPool("check"), ObjectName::newId, () -> "");
        Reconciler.check(ConfigFile.read(Path.of(arguments[2])), nothing);
        return arguments[2] + ": valid";
    }
}
