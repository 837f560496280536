#include "number.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* 10^22 is the largest power of ten that a double holds exactly. */
static const double power_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { LARGEST_POWER = 22, EXACT_DIGITS = 15 };
static const int64_t BEYOND_ANY_EXPONENT = 100000000000000000; /* more than any text has digits to make up for */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_missing(const char *text, size_t n)
{
    if (n == 0)
        return true;
    if (*text != 'N' && *text != 'n')
        return false;
    return (n == 2 && memcmp(text, "NA", 2) == 0) || (n == 3 && memcmp(text, "n/a", 3) == 0) ||
           (n == 3 && strcasecmp(text, "nan") == 0);
}

/* Infinities and hexadecimal numbers in the ways C and its descendants write them; `text` is behind the sign. */
static bool is_beyond(const char *text)
{
    if (strcasecmp(text, "inf") == 0 || strcasecmp(text, "infinity") == 0)
        return true;
    if (text[0] != '0' || (text[1] != 'x' && text[1] != 'X'))
        return false;
    char *end;
    (void)strtod(text, &end);
    return *end == '\0' && end > text + 2;
}

/* A number taken apart: whole digits times a power of ten. */
typedef struct decimal {
    uint64_t digits; /* right as long as there are no more than 19 */
    int64_t n;       /* significant digits */
    int64_t exponent;
    bool any;        /* there was a digit */
} decimal;

/* Each digit lowers the exponent by `each`: 0 before the point, 1 behind it. */
static const char *read_digits(const char *p, decimal *d, int each)
{
    for (; is_digit(*p); p++) {
        d->any = true;
        if (d->n || *p != '0')
            d->n++;
        d->digits = d->digits * 10 + (uint64_t)(*p - '0');
        d->exponent -= each;
    }
    return p;
}

/* Returns where the number ends, NULL where there is none. */
static const char *read_decimal(const char *p, decimal *d)
{
    p = read_digits(p, d, 0);
    if (*p == '.')
        p = read_digits(p + 1, d, 1);
    if (!d->any)
        return NULL;
    if (*p != 'e' && *p != 'E')
        return p;
    bool negative = *++p == '-';
    p += *p == '-' || *p == '+';
    if (!is_digit(*p))
        return NULL;
    int64_t exponent = 0;
    for (; is_digit(*p); p++)
        if (exponent < BEYOND_ANY_EXPONENT)
            exponent = exponent * 10 + (*p - '0');
    d->exponent += negative ? -exponent : exponent;
    return p;
}

em_cell em_number_read(const char *text, size_t n, double *x)
{
    if (is_missing(text, n))
        return EM_CELL_MISSING;
    bool negative = *text == '-';
    const char *p = text + (*text == '-' || *text == '+');
    decimal d = {0};
    const char *end = read_decimal(p, &d);
    if (end != text + n)
        return is_beyond(p) ? EM_CELL_BEYOND : EM_CELL_TEXT;
    double value;
    /* Both factors are exact, so the one operation rounds as strtod does. */
    if (FLT_EVAL_METHOD == 0 && d.n <= EXACT_DIGITS && d.exponent >= -LARGEST_POWER && d.exponent <= LARGEST_POWER) {
        value = (double)d.digits;
        value = d.exponent < 0 ? value / power_of_ten[-d.exponent] : value * power_of_ten[d.exponent];
    } else {
        value = strtod(p, NULL);
    }
    if (!isfinite(value))
        return EM_CELL_BEYOND;
    *x = negative && value != 0 ? -value : value;
    return EM_CELL_NUMBER;
}

static size_t write_whole(double x, char text[EM_NUMBER_TEXT])
{
    char digit[EM_NUMBER_TEXT];
    size_t n = 0, length = 0;
    uint64_t left = (uint64_t)fabs(x);
    do
        digit[n++] = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (x < 0)
        text[length++] = '-';
    while (n > 0)
        text[length++] = digit[--n];
    text[length] = '\0';
    return length;
}

size_t em_number_write(double x, char text[EM_NUMBER_TEXT])
{
    if (fabs(x) < 1e15 && x == trunc(x))
        return write_whole(x, text);
    int n = 0;
    for (int digits = DBL_DIG; digits <= DBL_DECIMAL_DIG; digits++) {
        n = snprintf(text, EM_NUMBER_TEXT, "%.*g", digits, x);
        if (strtod(text, NULL) == x)
            break;
    }
    return (size_t)n;
}
