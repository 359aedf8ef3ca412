/* Prints the DTMF digits that spandsp detects in its standard input: 16-bit samples at 8 kHz in the machine's byte order. */

#include <stdint.h>
#include <stdio.h>

#define SPANDSP_EXPOSE_INTERNAL_STRUCTURES
#include <spandsp.h>

static void print(void *user_data, const char *digits, int count)
{
    (void) user_data;
    fwrite(digits, 1, (size_t) count, stdout);
}

int main(void)
{
    int16_t samples[160];
    size_t count;
    dtmf_rx_state_t *receiver = dtmf_rx_init(NULL, print, NULL);
    if (receiver == NULL)
        return 1;
    while ((count = fread(samples, sizeof samples[0], 160, stdin)) > 0)
        dtmf_rx(receiver, samples, (int) count);
    /* The library reports a digit when its tones have ended. */
    for (count = 0; count < 160; count++)
        samples[count] = 0;
    for (count = 0; count < 10; count++)
        dtmf_rx(receiver, samples, 160);
    dtmf_rx_free(receiver);
    return 0;
}
