package io.tapswitch.tapio.sys;

/** Anonymous and ring mappings by mmap(2), with the constants of asm-generic/mman-common.h. */
public final class Mapping {
    /** Size of a page on the processors we run on with 4 KiB pages; larger pages are multiples. */
    public static final int PAGE_LENGTH = 4096;

    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED = 1;
    private static final int MAP_PRIVATE = 2;
    private static final int MAP_ANONYMOUS = 0x20;
    private static final int MAP_NORESERVE = 0x4000;
    private static final int MAP_POPULATE = 0x8000;
    private static final int MADV_DONTNEED = 4;
    private static final int MADV_NOHUGEPAGE = 15;

    private Mapping() {}

    /**
     * Private zeroed memory whose pages cost nothing until touched. Huge pages are declined: with them a slot that
     * holds one small frame would cost 2 MiB.
     */
    public static long anonymous(long bytes) {
        long address = Syscalls.mmap(0, bytes, PROT_READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (Errno.isError(address)) {
            throw new IllegalStateException(
                    "cannot map " + bytes + " bytes of frame memory: " + Errno.describe(address));
        }
        // Refused where the kernel was built without huge pages: then there is nothing to decline.
        Syscalls.madvise(address, bytes, MADV_NOHUGEPAGE);
        return address;
    }

    /** Memory of a ring's file, shared with the kernel; a negative errno on failure. */
    public static long shared(int fd, long bytes, long offset) {
        return Syscalls.mmap(0, bytes, PROT_READ_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
    }

    /** A file's bytes from its begin, shared with all who map it; a negative errno on failure. */
    public static long file(int fd, long bytes) {
        return Syscalls.mmap(0, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0);
    }

    /** Gives a mapping back. */
    public static void unmap(long address, long bytes) {
        Syscalls.munmap(address, bytes);
    }

    /** Gives the pages that lie wholly inside back; they read as zero afterwards. */
    public static void discard(long address, long bytes) {
        long begin = address + PAGE_LENGTH - 1 & -PAGE_LENGTH;
        long end = address + bytes & -PAGE_LENGTH;
        if (end > begin) {
            Syscalls.madvise(begin, end - begin, MADV_DONTNEED);
        }
    }
}
