package io.tapswitch.core.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class ModernBytecodeTest {
    private static byte[] classFile(Class<?> type) throws IOException {
        try (InputStream in = type.getResourceAsStream('/' + type.getName().replace('.', '/') + ".class")) {
            return in.readAllBytes();
        }
    }

    @Test
    void raisesPicocliToAVersionThatTheAotCacheTakes() throws IOException {
        byte[] old = classFile(CommandLine.class);
        assertThat(ClassFile.of().parse(old).majorVersion())
                .as("when this fails, ModernBytecode can go")
                .isLessThan(50);
        byte[] raised = ModernBytecode.raise(old);
        assertThat(ClassFile.of().parse(raised).majorVersion()).isEqualTo(52);
        assertThat(ClassFile.of().verify(raised)).isEmpty();
        assertThat(ClassFile.of().parse(raised).methods())
                .hasSameSizeAs(ClassFile.of().parse(old).methods());
    }

    @Test
    void leavesNewerClassesAlone() throws IOException {
        byte[] ours = classFile(Main.class);
        assertThat(ModernBytecode.raise(ours)).isSameAs(ours);
    }
}
