#include "isa.h"

#include <stdlib.h>
#include <string.h>

static const char *const name[EM_N_ISA] = {"baseline", "avx2", "avx512"};

const char *em_isa_name(int isa) { return isa >= 0 && isa < EM_N_ISA ? name[isa] : "unknown"; }

static int supported(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw"))
        return EM_ISA_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return EM_ISA_AVX2;
#endif
    return EM_ISA_BASELINE;
}

em_code em_isa_choose(int *isa, em_error *error)
{
    *isa = supported();
    const char *cap = getenv("EMLIB_ISA");
    if (!cap || !*cap)
        return EM_OK;
    for (int i = 0; i < EM_N_ISA; i++)
        if (strcmp(cap, name[i]) == 0) {
            *isa = i < *isa ? i : *isa;
            return EM_OK;
        }
    return em_fail(error, EM_INPUT_ERROR, "environment variable EMLIB_ISA is '%s'; it can be baseline, avx2 or avx512", cap);
}

const em_kernel *em_isa_kernel(const em_model *model, int isa)
{
    while (isa > EM_ISA_BASELINE && model->kernels[isa].lanes == 0)
        isa--;
    return &model->kernels[isa];
}

em_score_fn *em_isa_score(const em_kernel *kernel, int options)
{
    return options == 2 && kernel->score_two ? kernel->score_two : kernel->score;
}
