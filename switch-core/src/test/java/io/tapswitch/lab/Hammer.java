package io.tapswitch.lab;

import java.util.stream.Collectors;

/** New TCP clients at a steady rate, to see what each moment of a change looks like from outside. */
public final class Hammer implements AutoCloseable {
    private final Background process;

    private Hammer(Background process) {
        this.process = process;
    }

    /** Begins. */
    public static Hammer on(LabNamespace from, String address, int l4Port, int perSecond) {
        return new Hammer(from.startTalk("hammer", "to", Talk.target(address, l4Port), "rate", perSecond));
    }

    /** Ends it. {@return how many clients were not answered before the first that was} */
    public long endAndCountUnanswered() {
        long unanswered = 0;
        for (Json run : Json.parse(process.stop().ok().lastLine()).at("story").elements()) {
            if (run.at(0).node().asString().equals("answered")) {
                return unanswered;
            }
            unanswered += run.at(1).node().asLong();
        }
        throw new AssertionError("nobody was answered");
    }

    /**
     * Ends it. {@return what became of the clients in the order of their beginning, each run of one fate named once:
     * answered, refused, timeout (no connection), reset, silent (a connection that leads nowhere)}
     */
    public String end() {
        return Json.parse(process.stop().ok().lastLine()).at("story").elements().stream()
                .map(run -> run.at(0).node().asString())
                .collect(Collectors.joining(" "));
    }

    @Override
    public void close() {
        process.close();
    }
}
