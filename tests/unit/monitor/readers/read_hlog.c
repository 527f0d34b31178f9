/* Print "tag|start|count|max|p99.9" of each row that HdrHistogram's C reader takes, then "end" and the status it left with. */
#include <inttypes.h>
#include <stdio.h>

#include "hdr_histogram.h"
#include "hdr_time.h"
#include "hdr_histogram_log.h"

int main(int count, char **arguments)
{
    char tag[256];
    struct hdr_log_reader reader;
    struct hdr_log_entry entry;
    struct hdr_histogram *histogram;
    FILE *log = count == 2 ? fopen(arguments[1], "r") : NULL;
    int status;

    if (log == NULL || hdr_log_reader_init(&reader) || hdr_log_read_header(&reader, log))
        return 1;
    for (;;) {
        tag[0] = '\0';
        histogram = NULL;
        entry.tag = tag;
        entry.tag_len = sizeof tag;
        status = hdr_log_read_entry(&reader, log, &entry, &histogram);
        if (status)
            break;
        printf("%s|%.3f|%" PRId64 "|%" PRId64 "|%" PRId64 "\n", tag,
               (double) entry.start_timestamp.tv_sec + (double) entry.start_timestamp.tv_nsec / 1e9,
               histogram->total_count, hdr_max(histogram), hdr_value_at_percentile(histogram, 99.9));
        hdr_close(histogram);
    }
    printf("end %d\n", status == EOF ? 0 : status);
    return 0;
}
