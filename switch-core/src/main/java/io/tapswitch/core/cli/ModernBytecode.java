package io.tapswitch.core.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassFile.StackMapsOption;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Raises old class files of a jar to Java 8's format; scripts/aot-cache runs it over the jar of the commands.
 *
 * <p>Why: picocli is compiled for Java 5. The JVM leaves class files that old out of an AOT cache, because it can only
 * verify them with the verifier from before stack maps, and so loaded and verified the 150 classes of picocli anew at
 * each command: a third of its CPU time. With stack maps added they are cached like the others. The code itself stays
 * as it is. A jar without old classes is not touched.
 */
public final class ModernBytecode {
    private static final int JAVA_6 = 50; // The first version that may carry stack maps (JVMS 4.10).
    private static final int MAJOR_VERSION_OFFSET = 6;

    private ModernBytecode() {}

    /** Rewrites the jar that is named by the only argument. */
    public static void main(String[] arguments) throws IOException {
        Path jar = Path.of(arguments[0]);
        List<JarEntry> entries = new ArrayList<>();
        boolean old = false;
        try (JarFile in = new JarFile(jar.toFile())) {
            for (JarEntry entry : in.stream().toList()) {
                entries.add(entry);
                old |= isClass(entry) && isOld(in.getInputStream(entry).readNBytes(MAJOR_VERSION_OFFSET + 2));
            }
            if (!old) {
                return;
            }
            Path copy = Files.createTempFile(jar.toAbsolutePath().getParent(), "tapswitch-", ".jar");
            try (OutputStream file = Files.newOutputStream(copy);
                    ZipOutputStream out = new ZipOutputStream(file)) {
                for (JarEntry entry : entries) {
                    copy(entry, in.getInputStream(entry).readAllBytes(), out);
                }
            }
            Files.setPosixFilePermissions(copy, Files.getPosixFilePermissions(jar));
            Files.move(copy, jar, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** {@return the class file with stack maps, or the same if it is of Java 6 or later} */
    static byte[] raise(byte[] classFile) {
        if (!isOld(classFile)) {
            return classFile;
        }
        ClassHierarchyResolver hierarchy = ClassHierarchyResolver.ofResourceParsing(ClassLoader.getSystemClassLoader())
                .orElse(ClassHierarchyResolver.defaultResolver());
        ClassFile format =
                ClassFile.of(StackMapsOption.GENERATE_STACK_MAPS, ClassHierarchyResolverOption.of(hierarchy));
        ClassTransform version = (builder, element) -> {
            if (element instanceof ClassFileVersion) {
                builder.withVersion(ClassFile.JAVA_8_VERSION, 0);
            } else {
                builder.with(element);
            }
        };
        // Bodies that nothing transforms would be copied as they are, without stack maps.
        ClassTransform bodies = ClassTransform.transformingMethodBodies((builder, element) -> builder.with(element));
        return format.transformClass(format.parse(classFile), version.andThen(bodies));
    }

    private static void copy(JarEntry entry, byte[] content, ZipOutputStream out) throws IOException {
        ZipEntry copy = new ZipEntry(entry.getName());
        copy.setTime(entry.getTime());
        out.putNextEntry(copy);
        out.write(isClass(entry) ? raise(content) : content);
        out.closeEntry();
    }

    private static boolean isClass(ZipEntry entry) {
        return entry.getName().endsWith(".class");
    }

    private static boolean isOld(byte[] classFile) {
        int major = (classFile[MAJOR_VERSION_OFFSET] & 0xff) << 8 | (classFile[MAJOR_VERSION_OFFSET + 1] & 0xff);
        return major < JAVA_6;
    }
}
