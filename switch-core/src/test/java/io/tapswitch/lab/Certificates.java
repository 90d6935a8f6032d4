package io.tapswitch.lab;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Certificates for a day or two, made by openssl: {@code NAME.pem}, and {@code NAME.pem.key} in PKCS #8. */
public final class Certificates {
    private final Path directory;
    private final String address;

    /**
     * Makes none yet.
     *
     * @param directory for them
     * @param address that all of them are for
     */
    public Certificates(Path directory, String address) {
        this.directory = directory;
        this.address = address;
    }

    /** Makes one that signs others. {@return its file} */
    public Path authority(String name) {
        return make(name, "/CN=authority of " + name, "CA:TRUE", null);
    }

    /** Makes one that an authority signs, for a subject such as {@code /CN=name}. {@return its file} */
    public Path signed(String name, String subject, Path authority) {
        return make(name, subject, "CA:FALSE", authority);
    }

    /** {@return the file of its private key} */
    public static Path key(Path certificate) {
        return certificate.resolveSibling(certificate.getFileName() + ".key");
    }

    private Path make(String name, String subject, String constraint, @Nullable Path authority) {
        Path file = directory.resolve(name + ".pem");
        List<String> command = new ArrayList<>(List.of("openssl", "req", "-x509", "-newkey", "ec"));
        command.addAll(List.of("-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"));
        command.addAll(List.of("-subj", subject, "-addext", "subjectAltName=IP:" + address));
        command.addAll(List.of("-addext", "basicConstraints=critical," + constraint));
        command.addAll(List.of("-keyout", key(file).toString(), "-out", file.toString()));
        if (authority != null) {
            command.addAll(List.of(
                    "-CA", authority.toString(), "-CAkey", key(authority).toString()));
        }
        Commands.run(command.toArray(String[]::new)).ok();
        return file;
    }
}
