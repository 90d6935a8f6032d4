package io.tapswitch.core.control;

import io.tapswitch.tapio.TapDevice;
import java.util.Arrays;
import java.util.List;

/**
 * A TAP that stands for an endpoint.
 *
 * @param tag id of the endpoint
 * @param link number by which it is watched
 * @param tap the device
 * @param queues how many of its queues are in use: no more than there are workers
 */
record TapPlug(String tag, int link, TapDevice tap, int queues) implements Plumbing.Plug {
    @Override
    public List<Integer> fds() {
        return Arrays.stream(tap.fds()).limit(queues).boxed().toList();
    }
}
