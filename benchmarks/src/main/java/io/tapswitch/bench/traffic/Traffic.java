package io.tapswitch.bench.traffic;

import io.tapswitch.wire.Ipv4Address;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** Entry: {@code Traffic server PORT} or {@code Traffic client ADDRESS PORT}; orders come on standard input. */
public final class Traffic {
    private Traffic() {}

    /** Serves or asks until standard input ends. */
    public static void main(String[] arguments) throws IOException {
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        if (arguments.length == 2 && arguments[0].equals("server")) {
            new TrafficServer().run(Integer.parseInt(arguments[1]), orders);
        } else if (arguments.length == 3 && arguments[0].equals("client")) {
            int address = Ipv4Address.parse(arguments[1]).toBits();
            new TrafficClient(address, Integer.parseInt(arguments[2])).run(orders);
        } else {
            System.err.println("usage: Traffic server PORT | client ADDRESS PORT");
            System.exit(2);
        }
    }
}
