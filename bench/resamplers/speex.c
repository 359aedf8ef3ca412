/* The resampler of speexdsp: raw samples from standard input to standard output, in frames of 20 ms.
 *
 *     cc -O2 -o speex speex.c -lspeexdsp
 *     speex FROM TO QUALITY < in > out
 *
 * Prints the nanoseconds to standard error. */
#include <speex/speex_resampler.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

int main(int count, char **words)
{
    if (count != 4) {
        fprintf(stderr, "usage: speex FROM TO QUALITY < in > out\n");
        return 2;
    }
    unsigned from = atoi(words[1]), to = atoi(words[2]);
    size_t room = 1 << 24, len = 0, got;
    int16_t *input = malloc(room * sizeof *input);
    while (len < room && (got = fread(input + len, sizeof *input, room - len, stdin)) > 0)
        len += got;
    size_t most = (size_t)((double)len * to / from) + to, made = 0;
    int16_t *output = malloc(most * sizeof *output);
    int error;
    SpeexResamplerState *state = speex_resampler_init(1, from, to, atoi(words[3]), &error);
    if (!state)
        return 1;
    double start = now();
    for (size_t place = 0; place < len;) {
        spx_uint32_t in = from / 50, out = most - made;
        if (in > len - place)
            in = len - place;
        speex_resampler_process_int(state, 0, input + place, &in, output + made, &out);
        place += in;
        made += out;
    }
    fprintf(stderr, "%.0f\n", now() - start);
    fwrite(output, sizeof *output, made, stdout);
    return 0;
}
