/* Columns that the models of choice and response time share. */
#ifndef TIMES_H
#define TIMES_H
#define TIME_AND_BOUNDARY(column)                                                             \
    column(rt, response, at_least(1e-9), "response time, seconds")                            \
    column(choice, response, codes(2, "0 = lower boundary, 1 = upper boundary"), "boundary reached")
#define FACTS(fact) fact(minRT, minimum, rt, "the subject's shortest response time")
#define NON_DECISION(parameter) \
    parameter(tau, scaled_by(minRT), "non-decision time, seconds; never above the shortest response time")
#define WIENER_AS_IN_DDM "rt and choice as in ddm, "
#endif
