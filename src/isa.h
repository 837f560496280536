/* Which of the compiled instruction sets this processor runs. */
#ifndef EMLIB_ISA_H
#define EMLIB_ISA_H
#include "emlib/emlib.h"

/* The widest instruction set that this processor and the environment variable EMLIB_ISA (baseline, avx2, avx512: a cap)
 * allow: EM_ISA_BASELINE, EM_ISA_AVX2 or EM_ISA_AVX512. A value of EMLIB_ISA that is none of these is bad input. */
em_code em_isa_choose(int *isa, em_error *error) EM_MUST_CHECK;
/* Its name, as in EMLIB_ISA. */
const char *em_isa_name(int isa);
/* The kernel of the model for that set, or the widest below it. */
const em_kernel *em_isa_kernel(const em_model *model, int isa);
/* The function for this number of options. */
em_score_fn *em_isa_score(const em_kernel *kernel, int options);
#endif
