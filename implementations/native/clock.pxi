# The clock of time.monotonic, read without a call of it.

cdef extern from *:
    """
    #include <time.h>
    static inline double seconds(void) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    }
    """
    double seconds()
