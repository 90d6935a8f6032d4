package io.tapswitch.tapio.sys;

/** Error numbers (asm-generic/errno-base.h and errno.h), the same on x86_64 and aarch64, and words for messages. */
public final class Errno {
    /** Operation not permitted. */
    public static final int EPERM = 1;
    /** No such file or directory. */
    public static final int ENOENT = 2;
    /** No such process. */
    public static final int ESRCH = 3;
    /** Interrupted system call. */
    public static final int EINTR = 4;
    /** I/O error; a TAP write while the link is down. */
    public static final int EIO = 5;
    /** No such device or address. */
    public static final int ENXIO = 6;
    /** No such device. */
    public static final int ENODEV = 19;
    /** Bad file number. */
    public static final int EBADF = 9;
    /** Try again. */
    public static final int EAGAIN = 11;
    /** Out of memory. */
    public static final int ENOMEM = 12;
    /** Permission denied. */
    public static final int EACCES = 13;
    /** Bad address. */
    public static final int EFAULT = 14;
    /** Device or resource busy. */
    public static final int EBUSY = 16;
    /** File exists. */
    public static final int EEXIST = 17;
    /** Invalid argument. */
    public static final int EINVAL = 22;
    /** Too many open files in the system. */
    public static final int ENFILE = 23;
    /** Too many open files in the process. */
    public static final int EMFILE = 24;
    /** No space left; bpf: the verifier's log was cut off. */
    public static final int ENOSPC = 28;
    /** Function not implemented. */
    public static final int ENOSYS = 38;
    /** Timer expired. */
    public static final int ETIME = 62;
    /** Invalid request descriptor; io_uring: completions were lost. */
    public static final int EBADR = 53;
    /** Link severed; bpf: the device that a link was attached to is gone. */
    public static final int ENOLINK = 67;
    /** File descriptor in bad state; a TAP whose device was deleted. */
    public static final int EBADFD = 77;
    /** Message too long; a UDP socket: longer than the path's MTU. */
    public static final int EMSGSIZE = 90;
    /** Operation not supported. */
    public static final int EOPNOTSUPP = 95;
    /** Protocol not supported. */
    public static final int EPROTONOSUPPORT = 93;
    /** Socket type not supported. */
    public static final int ESOCKTNOSUPPORT = 94;
    /** Address family not supported. */
    public static final int EAFNOSUPPORT = 97;
    /** Address in use. */
    public static final int EADDRINUSE = 98;
    /** Address not one of this host. */
    public static final int EADDRNOTAVAIL = 99;
    /** Network unreachable: there is no route. */
    public static final int ENETUNREACH = 101;
    /** No buffer space; io_uring: no provided buffer left. */
    public static final int ENOBUFS = 105;
    /** Connection timed out. */
    public static final int ETIMEDOUT = 110;
    /** Host unreachable. */
    public static final int EHOSTUNREACH = 113;
    /** Operation already in progress; io_uring: too late to cancel. */
    public static final int EALREADY = 114;
    /** Operation cancelled. */
    public static final int ECANCELED = 125;

    private static final int MAX_ERRNO = 4095;

    private Errno() {}

    /** {@return whether the result of a system call that returns an address is a negative errno} */
    public static boolean isError(long result) {
        return result < 0 && result >= -MAX_ERRNO;
    }

    /** {@return name and words of an errno, positive or negative as system calls return it} */
    public static String describe(long errno) {
        int number = (int) Math.abs(errno);
        return switch (number) {
            case EPERM -> "EPERM (operation not permitted)";
            case ENOENT -> "ENOENT (no such file)";
            case EINTR -> "EINTR (interrupted)";
            case EIO -> "EIO (I/O error)";
            case EBADF -> "EBADF (bad file descriptor)";
            case EAGAIN -> "EAGAIN (try again)";
            case ENOMEM -> "ENOMEM (out of memory)";
            case EACCES -> "EACCES (permission denied)";
            case EFAULT -> "EFAULT (bad address)";
            case EBUSY -> "EBUSY (busy)";
            case EEXIST -> "EEXIST (exists already)";
            case ENXIO -> "ENXIO (no such device or address)";
            case ENODEV -> "ENODEV (no such device)";
            case EINVAL -> "EINVAL (invalid argument)";
            case ENFILE -> "ENFILE (too many open files in the system)";
            case EMFILE -> "EMFILE (too many open files)";
            case ENOSPC -> "ENOSPC (no space left)";
            case ENOLINK -> "ENOLINK (device gone)";
            case ENOSYS -> "ENOSYS (not implemented)";
            case EBADFD -> "EBADFD (device gone)";
            case EMSGSIZE -> "EMSGSIZE (message too long)";
            case EOPNOTSUPP -> "EOPNOTSUPP (not supported)";
            case EPROTONOSUPPORT -> "EPROTONOSUPPORT (protocol not supported)";
            case ESOCKTNOSUPPORT -> "ESOCKTNOSUPPORT (socket type not supported)";
            case EAFNOSUPPORT -> "EAFNOSUPPORT (address family not supported)";
            case EADDRINUSE -> "EADDRINUSE (address in use)";
            case EADDRNOTAVAIL -> "EADDRNOTAVAIL (address not of this host)";
            case ENETUNREACH -> "ENETUNREACH (no route)";
            case EHOSTUNREACH -> "EHOSTUNREACH (host unreachable)";
            case ENOBUFS -> "ENOBUFS (no buffer space)";
            case ETIMEDOUT -> "ETIMEDOUT (timed out)";
            case ECANCELED -> "ECANCELED (cancelled)";
            default -> "errno " + number;
        };
    }
}
