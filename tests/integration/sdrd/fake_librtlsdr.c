/* A library that looks like librtlsdr and has dongles made of files, for the tests of eas-sdrd.
 *
 * In the folder $FAKE_RTLSDR:
 *   dongles  a serial number per line; what is not listed is not plugged in
 *   iq.cu8   what every dongle receives, over and over
 *   hang     while it exists, a read never comes back, and cannot be cancelled
 *   calls    written: what was set, a line each
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    char serial[64];
    uint32_t rate, frequency;
    int ppm, gain;
    volatile int cancelled, reading;
} dev_t_;
typedef void (*callback_t)(unsigned char *, uint32_t, void *);

static const int GAINS[] = {0, 9, 14, 27, 37, 77, 87, 125, 144, 157, 166, 197, 207, 229, 254,
    280, 297, 328, 338, 364, 372, 386, 402, 421, 434, 439, 445, 480, 496};

static const char *path(const char *name) {
    static __thread char text[4096];
    const char *folder = getenv("FAKE_RTLSDR");
    snprintf(text, sizeof text, "%s/%s", folder ? folder : "/nonexistent", name);
    return text;
}

static void note(const char *what, long value) {
    FILE *file = fopen(path("calls"), "a");
    if (file) {
        fprintf(file, "%s %ld\n", what, value);
        fclose(file);
    }
}

static int dongle(uint32_t index, char *serial) {
    FILE *file = fopen(path("dongles"), "r");
    uint32_t number = 0;
    char line[64];
    int found = 0;
    if (!file)
        return 0;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (!line[0])
            continue;
        if (number++ == index) {
            found = 1;
            if (serial)
                strcpy(serial, line);
        }
    }
    fclose(file);
    return serial ? found : (int)number;
}

static int plugged_in(const char *serial) {
    char other[64];
    for (uint32_t index = 0; dongle(index, other); index++)
        if (!strcmp(serial, other))
            return 1;
    return 0;
}

static double now_s(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec + at.tv_nsec / 1e9;
}

uint32_t rtlsdr_get_device_count(void) { return dongle(0xFFFFFFFF, NULL); }
const char *rtlsdr_get_device_name(uint32_t index) { (void)index; return "Fake RTL2838"; }

int rtlsdr_get_device_usb_strings(uint32_t index, char *maker, char *product, char *serial) {
    char own[64];
    if (!dongle(index, own))
        return -2;
    if (maker) strcpy(maker, "Realtek");
    if (product) strcpy(product, "RTL2838UHIDIR");
    if (serial) strcpy(serial, own);
    return 0;
}

int rtlsdr_get_index_by_serial(const char *serial) {
    char other[64];
    for (uint32_t index = 0; dongle(index, other); index++)
        if (!strcmp(serial, other))
            return (int)index;
    return -3;
}

int rtlsdr_open(dev_t_ **out, uint32_t index) {
    dev_t_ *dev = calloc(1, sizeof *dev);
    if (!dongle(index, dev->serial)) {
        free(dev);
        return -1;
    }
    note("open", (long)index);
    *out = dev;
    return 0;
}

int rtlsdr_close(dev_t_ *dev) { note("close", 0); free(dev); return 0; }
int rtlsdr_set_center_freq(dev_t_ *d, uint32_t hz) { d->frequency = hz; note("frequency", hz); return 0; }
uint32_t rtlsdr_get_center_freq(dev_t_ *d) { return d->frequency; }
int rtlsdr_set_freq_correction(dev_t_ *d, int ppm) {
    if (d->ppm == ppm)
        return -2;
    d->ppm = ppm;
    note("ppm", ppm);
    return 0;
}
int rtlsdr_get_freq_correction(dev_t_ *d) { return d->ppm; }
int rtlsdr_get_tuner_type(dev_t_ *d) { (void)d; return 5; }
int rtlsdr_set_tuner_gain(dev_t_ *d, int gain) { d->gain = gain; note("gain", gain); return 0; }
int rtlsdr_get_tuner_gain(dev_t_ *d) { return d->gain; }
int rtlsdr_get_tuner_gains(dev_t_ *d, int *gains) {
    (void)d;
    memcpy(gains, GAINS, sizeof GAINS);
    return sizeof GAINS / sizeof *GAINS;
}
int rtlsdr_set_tuner_gain_mode(dev_t_ *d, int manual) { (void)d; note("manual", manual); return 0; }
int rtlsdr_set_agc_mode(dev_t_ *d, int on) { (void)d; note("agc", on); return 0; }
int rtlsdr_set_direct_sampling(dev_t_ *d, int on) { (void)d; note("direct", on); return 0; }
int rtlsdr_set_sample_rate(dev_t_ *d, uint32_t rate) { d->rate = rate; note("rate", rate); return 0; }
uint32_t rtlsdr_get_sample_rate(dev_t_ *d) { return d->rate; }
int rtlsdr_set_tuner_bandwidth(dev_t_ *d, uint32_t hz) { (void)d; note("bandwidth", hz); return 0; }
int rtlsdr_reset_buffer(dev_t_ *d) { (void)d; return 0; }
int rtlsdr_set_bias_tee(dev_t_ *d, int on) { (void)d; note("bias_tee", on); return 0; }
int rtlsdr_set_testmode(dev_t_ *d, int on) { (void)d; (void)on; return 0; }
int rtlsdr_set_xtal_freq(dev_t_ *d, uint32_t a, uint32_t b) { (void)d; (void)a; (void)b; return 0; }
int rtlsdr_get_xtal_freq(dev_t_ *d, uint32_t *a, uint32_t *b) { (void)d; *a = *b = 28800000; return 0; }
int rtlsdr_read_sync(dev_t_ *d, void *b, int n, int *got) { (void)d; (void)b; (void)n; *got = 0; return -9; }
int rtlsdr_wait_async(dev_t_ *d, callback_t c, void *x) { (void)d; (void)c; (void)x; return -9; }

int rtlsdr_cancel_async(dev_t_ *dev) {
    if (!dev->reading)
        return -2;
    dev->cancelled = 1;
    return 0;
}

int rtlsdr_read_async(dev_t_ *dev, callback_t came, void *context, uint32_t count, uint32_t bytes) {
    FILE *iq = fopen(path("iq.cu8"), "rb");
    unsigned char *buffer = malloc(bytes);
    double due_s = now_s();
    (void)count;
    dev->cancelled = 0;
    dev->reading = 1;
    while (iq && !dev->cancelled && plugged_in(dev->serial)) {
        while (!access(path("hang"), F_OK))
            usleep(20000); /* not even a cancel is seen */
        size_t got = fread(buffer, 1, bytes, iq);
        if (got < bytes) {
            rewind(iq);
            if (fread(buffer + got, 1, bytes - got, iq) < bytes - got)
                break;
        }
        due_s += bytes / 2.0 / dev->rate;
        while (now_s() < due_s && !dev->cancelled)
            usleep(2000);
        came(buffer, bytes, context);
    }
    if (iq)
        fclose(iq);
    free(buffer);
    dev->reading = 0;
    return 0; /* librtlsdr does not tell here that a dongle has gone */
}
