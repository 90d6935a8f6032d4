package io.tapswitch.core.dataplane;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.tapswitch.tapio.VirtioNetHeader;

/**
 * Fuzzing of everything that reads a frame before it is believed. In the normal suite it runs the seeds; with
 * JAZZER_FUZZ=1 in the environment it searches, guided by coverage: {@link WholeWay} says how a read beyond
 * the frame is found.
 */
class FrameFuzzTest {
    @FuzzTest(maxDuration = "60s")
    void noFrameMakesTheDatapathReadBeyondIt(byte[] bytes) {
        if (bytes.length < VirtioNetHeader.LENGTH) {
            return; // the kernel never delivers less than its own header
        }
        new WholeWay().run(bytes);
    }
}
