package io.tapswitch.vxlan;

import javax.crypto.spec.SecretKeySpec;

/**
 * A key with which one host encrypts: nobody else ever does, so its nonces are nobody else's business. It never
 * changes; any thread.
 */
public final class TunnelKey {
    /** Bytes of the secret: AES-256. */
    public static final int SECRET_LENGTH = 32;

    private final int id;
    private final int salt;
    private final SecretKeySpec secret;

    /**
     * A key.
     *
     * @param id by which frames name it, at random
     * @param secret {@link #SECRET_LENGTH} bytes, which are copied
     * @param salt the first four bytes of each nonce, at random
     */
    public TunnelKey(int id, byte[] secret, int salt) {
        if (secret.length != SECRET_LENGTH) {
            throw new IllegalArgumentException("a key of " + secret.length + " bytes, must be " + SECRET_LENGTH);
        }
        this.id = id;
        this.salt = salt;
        this.secret = new SecretKeySpec(secret, "AES");
    }

    /** {@return its id} */
    public int id() {
        return id;
    }

    int salt() {
        return salt;
    }

    SecretKeySpec secret() {
        return secret;
    }

    /** {@return its name, and nothing that is secret} */
    @Override
    public String toString() {
        return "key " + Integer.toHexString(id);
    }
}
