package io.tapswitch.core;

import java.lang.reflect.Proxy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** SIGHUP, which would end the JVM otherwise. */
final class HangUp {
    private static final Logger LOG = LoggerFactory.getLogger(HangUp.class);

    private HangUp() {}

    /**
     * Has something done at each SIGHUP from now on, on a thread of the JVM's. Through reflection, because javac warns
     * of sun.misc.Signal in a way that nothing can switch off.
     */
    static void onSignal(Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object calling = Proxy.newProxyInstance(
                    HangUp.class.getClassLoader(), new Class<?>[] {handler}, (proxy, method, arguments) -> {
                        if (method.getName().equals("handle")) {
                            action.run();
                        }
                        return null;
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance("HUP"), calling);
        } catch (ReflectiveOperationException e) {
            LOG.warn("this JVM hands no SIGHUP on ({}); the file is read again when it changes", e.toString());
        }
    }
}
