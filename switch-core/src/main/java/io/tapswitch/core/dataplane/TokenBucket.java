package io.tapswitch.core.dataplane;

/**
 * Theory of operation: limits a rate and allows a burst: the storm policer of a port (B9), the gateway's answers (B17).
 *
 * <p>Credit is kept in billionths of a token: {@code rate} tokens a second are exactly {@code rate} billionths a
 * nanosecond, so there is no division, no rounding and no drift. A full bucket holds {@code burst} tokens, at most
 * 2^31 * 10^9 and thus within a long; after a pause long enough to fill the bucket the product of time and rate is not
 * formed, so it cannot overflow either. Times are compared by their difference, as System.nanoTime() asks for, also
 * across its overflow (catalogue row 100); time that goes backwards earns nothing.
 *
 * <p>For one thread. A new bucket is full.
 */
public final class TokenBucket {
    private static final long TOKEN = 1_000_000_000L;

    private final int ratePerSecond;
    private final long fullCredit;
    private final long fillNs;
    private long credit;
    private long lastNs;

    /**
     * Makes a full bucket.
     *
     * @param ratePerSecond tokens that a second brings; 0 for no limit at all
     * @param burst tokens that a full bucket holds, at least 1
     */
    public TokenBucket(int ratePerSecond, int burst) {
        if (ratePerSecond < 0 || burst < 1) {
            throw new IllegalArgumentException("rate " + ratePerSecond + ", burst " + burst);
        }
        this.ratePerSecond = ratePerSecond;
        this.fullCredit = burst * TOKEN;
        this.fillNs = ratePerSecond == 0 ? 0 : fullCredit / ratePerSecond + 1;
        this.credit = fullCredit;
    }

    /**
     * Takes one token.
     *
     * @param nowNs System.nanoTime(), perhaps of the beginning of the batch
     * @return false when there is none
     */
    public boolean tryTake(long nowNs) {
        if (ratePerSecond == 0) {
            return true;
        }
        long elapsedNs = nowNs - lastNs;
        lastNs = nowNs;
        if (elapsedNs >= fillNs) {
            credit = fullCredit;
        } else if (elapsedNs > 0) {
            credit = Math.min(fullCredit, credit + elapsedNs * ratePerSecond);
        }
        if (credit < TOKEN) {
            return false;
        }
        credit -= TOKEN;
        return true;
    }
}
