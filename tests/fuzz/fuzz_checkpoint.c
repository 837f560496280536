/* States of unfinished fits that somebody has changed, with the digest made anew, so that they count as whole: fits go on from them. */
#include <openssl/evp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scratch.h"

enum { DIGEST = 32, MOST_STATES = 24, MOST_CHANGES = 12 };
static const char path[] = "out.h5.checkpoint";
static struct {
    uint8_t *content;
    size_t n;
} state[MOST_STATES];
static int n_states;

static int fit(void)
{
    return SCRATCH_RUN("fit", "data.h5", "--model", "rw", "-o", "out.h5", "--evidence", "importance,quadrature", "--samples", "100",
                       "--nodes", "5", "--bootstrap", "3", "--by", "drug:beta", "--tol", "1", "--quiet");
}

/* A state at each place where a fit can be stopped, as long as there is room for them. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    scratch_begin();
    for (int stop_at = 1; n_states < MOST_STATES; stop_at += 1 + stop_at / 4) {
        scratch_tidy();
        scratch_stop_after(stop_at);
        const int status = fit();
        scratch_stop_after(0);
        if (status != EM_STOPPED)
            break;
        state[n_states].content = scratch_read(path, &state[n_states].n);
        n_states++;
    }
    if (n_states < 8)
        scratch_fail("a fit was stopped too rarely");
    return 0;
}

static uint64_t number(fuzz_bytes *bytes, int most)
{
    uint64_t value = 0;
    for (int i = 0; i < most; i++)
        value = value << 8 | fuzz_byte(bytes);
    return value;
}

/* Numbers stand in the file at any place, 1, 4 or 8 bytes long. */
static void change(uint8_t *content, size_t n, fuzz_bytes *bytes)
{
    static const double odd[] = {0, -1, 1e300, -1e300, 1e-300, (double)INFINITY, (double)-INFINITY, (double)NAN};
    const unsigned how = fuzz_byte(bytes);
    const size_t at = number(bytes, 2) % n;
    uint64_t value;
    switch (how % 6) {
    case 0: value = fuzz_byte(bytes); break;
    case 1: memcpy(&value, &odd[fuzz_byte(bytes) % 8], sizeof value); break;
    case 2: value = UINT64_MAX - number(bytes, 1); break;
    case 3: value = UINT64_C(1) << fuzz_byte(bytes) % 64; break;
    case 4: value = number(bytes, 8); break;
    default: memcpy(&value, content + at, n - at < 8 ? n - at : 8), value += (uint64_t)fuzz_byte(bytes) - 128; break;
    }
    static const size_t sizes[] = {1, 4, 8, 8};
    const size_t size = sizes[how / 6 % 4];
    memcpy(content + at, &value, n - at < size ? n - at : size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_bytes bytes = {data, size};
    const int which = fuzz_byte(&bytes) % n_states;
    const size_t cut = fuzz_byte(&bytes);
    size_t n = state[which].n - DIGEST;
    uint8_t *content = malloc(n + 256 + DIGEST);
    if (!content)
        scratch_fail("no memory");
    memcpy(content, state[which].content, n);
    memset(content + n, 0, 256);
    n = cut < 128 ? n : cut < 192 ? n - (cut - 128) * n / 64 : n + (cut - 192); /* shorter, or longer */
    for (int i = 0; i < MOST_CHANGES && bytes.n && n; i++)
        change(content, n, &bytes);
    if (EVP_Digest(content, n, content + n, NULL, EVP_sha256(), NULL) != 1)
        scratch_fail("no digest");
    scratch_tidy();
    scratch_write(path, content, n + DIGEST);
    free(content);
    (void)fit();
    return 0;
}
