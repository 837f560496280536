// The model rw for TMB: joint density of choices and of each subject's parameters; the latter are integrated out by
// Laplace's approximation (random = "x").
#include <TMB.hpp>

template <class Type>
Type objective_function<Type>::operator()()
{
    DATA_IVECTOR(first);    // first trial of each subject, and the number of trials at the end
    DATA_IVECTOR(choice);   // 0 or 1
    DATA_VECTOR(reward);
    PARAMETER_VECTOR(mu);     // alpha, beta: means on the unconstrained scale
    PARAMETER_VECTOR(log_sd);
    PARAMETER_MATRIX(x);      // subjects by 2

    const vector<Type> sd = exp(log_sd);
    Type nll = 0;
    for (int s = 0; s + 1 < first.size(); s++) {
        for (int j = 0; j < 2; j++)
            nll -= dnorm(x(s, j), mu(j), sd(j), true);
        const Type alpha = Type(1) / (Type(1) + exp(-x(s, 0))), beta = exp(x(s, 1));
        Type q[2] = {Type(0), Type(0)};
        for (int t = first(s); t < first(s + 1); t++) {
            const int c = choice(t);
            // -log p(choice) = log(1 + exp(-beta (q_chosen - q_other)))
            nll += logspace_add(Type(0), -beta * (q[c] - q[1 - c]));
            q[c] += alpha * (reward(t) - q[c]);
        }
    }
    return nll;
}
