package io.tapswitch.core.cli.verb;

import io.tapswitch.core.cli.client.ApiClient;
import io.tapswitch.core.cli.client.ApiException;
import java.util.List;

/** A verb that does the same for each of the names it was given, goes on after a refusal, and fails at the end. */
abstract class EachVerb extends Verb {
    /** Calls {@link #one} for each and prints what the daemon refused. */
    int each(List<String> references) {
        ApiClient daemon = daemon();
        int result = OK;
        for (String reference : references) {
            try {
                one(daemon, reference);
            } catch (ApiException e) {
                err().println(e.text());
                result = FAILED;
            }
        }
        return result;
    }

    abstract void one(ApiClient daemon, String reference);
}
