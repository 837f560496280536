#include "linalg.h"

#include <math.h>

bool em_cholesky(int n, const double *a, double *l)
{
    for (int i = 0; i < n; i++) {
        double *row = l + i * (i + 1) / 2;
        const double *from = a + i * (i + 1) / 2;
        for (int j = 0; j <= i; j++) {
            const double *other = l + j * (j + 1) / 2;
            double sum = from[j];
            for (int k = 0; k < j; k++)
                sum -= row[k] * other[k];
            if (j < i)
                row[j] = sum / other[j];
            else if (sum > 1e-14 * fabs(from[j])) /* less is what rounding leaves of a singular matrix */
                row[j] = sqrt(sum);
            else
                return false;
        }
    }
    return true;
}

void em_cholesky_solve(int n, const double *l, const double *b, double *x)
{
    for (int i = 0; i < n; i++) {
        const double *row = l + i * (i + 1) / 2;
        double sum = b[i];
        for (int k = 0; k < i; k++)
            sum -= row[k] * x[k];
        x[i] = sum / row[i];
    }
    for (int i = n - 1; i >= 0; i--) {
        double sum = x[i];
        for (int k = i + 1; k < n; k++)
            sum -= l[k * (k + 1) / 2 + i] * x[k];
        x[i] = sum / l[i * (i + 1) / 2 + i];
    }
}

double em_cholesky_log_det(int n, const double *l)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += log(l[i * (i + 1) / 2 + i]);
    return 2 * sum;
}

void em_cholesky_inverse(int n, const double *l, double *inverse)
{
    for (int j = 0; j < n; j++) { /* the inverse is symmetric: its rows are its columns */
        double *row = inverse + j * n;
        for (int i = 0; i < n; i++)
            row[i] = i == j;
        em_cholesky_solve(n, l, row, row);
    }
}

void em_cholesky_inverse_diagonal(int n, const double *l, double *diagonal, double *work)
{
    /* (L L')^-1_jj is the squared length of column j of L^-1 */
    for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int i = j; i < n; i++) {
            const double *row = l + i * (i + 1) / 2;
            double x = i == j;
            for (int k = j; k < i; k++)
                x -= row[k] * work[k];
            work[i] = x / row[i];
            sum += work[i] * work[i];
        }
        diagonal[j] = sum;
    }
}

void em_packed_product(int n, const double *a, const double *x, double *y)
{
    for (int i = 0; i < n; i++) {
        const double *row = a + i * (i + 1) / 2;
        y[i] = row[i] * x[i];
        for (int j = 0; j < i; j++) {
            y[i] += row[j] * x[j];
            y[j] += row[j] * x[i];
        }
    }
}

double em_packed_quadratic(int n, const double *a, const double *x)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        const double *row = a + i * (i + 1) / 2;
        double cross = 0;
        for (int j = 0; j < i; j++)
            cross += row[j] * x[j];
        sum += x[i] * (2 * cross + row[i] * x[i]);
    }
    return sum;
}
