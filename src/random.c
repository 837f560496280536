#include "random.h"

#include <gsl/gsl_cdf.h>

uint64_t em_random_next(em_random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

em_random em_random_start(uint64_t seed, uint64_t stream)
{
    em_random by_seed = {seed}, by_stream = {em_random_next(&by_seed) + stream};
    return (em_random){em_random_next(&by_stream)};
}

double em_random_uniform(void *random)
{
    return ((double)(em_random_next(random) >> 12) + 0.5) * 0x1p-52;
}

double em_random_normal(em_random *random)
{
    return gsl_cdf_ugaussian_Pinv(em_random_uniform(random));
}
