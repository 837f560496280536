#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

em_code em_fail(em_error *error, em_code code, const char *format, ...)
{
    if (error) {
        va_list list;
        va_start(list, format);
        error->code = code;
        vsnprintf(error->text, sizeof error->text, format, list);
        va_end(list);
    }
    return code;
}

const char *em_code_text(em_code code)
{
    switch (code) {
#define EM_CODE_CASE(name, value, text) \
    case name: return text;
        EM_CODES(EM_CODE_CASE)
    }
    return "unknown code";
}

void em_say(const em_log *log, const char *format, ...)
{
    if (!log || !log->line)
        return;
    char text[1000];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    log->line(log->where, text);
}

static void *out_of_memory(em_error *error, size_t n, size_t size)
{
    (void)em_fail(error, EM_MACHINE, "out of memory: %zu items of %zu bytes", n, size);
    return NULL;
}

void *em_new(size_t n, size_t size, em_error *error)
{
    void *p = calloc(n ? n : 1, size ? size : 1);
    return p ? p : out_of_memory(error, n, size);
}

void *em_new_aligned(size_t n, size_t size, em_error *error)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX - 64)
        return out_of_memory(error, n, size);
    bytes = (bytes + 64) / 64 * 64;
    void *p = aligned_alloc(64, bytes);
    return p ? memset(p, 0, bytes) : out_of_memory(error, n, size);
}

char *em_copy(const char *text, em_error *error)
{
    size_t n = strlen(text) + 1;
    char *p = em_new(n, 1, error);
    return p ? memcpy(p, text, n) : NULL;
}
