/* SPDX-License-Identifier: BSD-3-Clause */
#include "solver/power_law.h"

#include <math.h>
#include <stddef.h>

/* 97.5 % quantiles of Student's t (Abramowitz and Stegun 1964, table 26.10). */
static double student_quantile(int degrees)
{
    static const double table[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447,
                                   2.365,  2.306, 2.262, 2.228, 2.201, 2.179};
    const int           n = sizeof table / sizeof table[0];

    return degrees <= n ? table[degrees - 1] : 1.96 + 2.4 / degrees;
}

/* Inverse variances of log E. */
static void find_weights(int n, const double *errors, const double *standard_errors,
                         double *weights)
{
    bool known = true;

    for (int i = 0; i < n; i++) {
        known = known && standard_errors != NULL && standard_errors[i] > 0.0;
    }
    for (int i = 0; i < n; i++) {
        weights[i] = known ? pow(errors[i] / standard_errors[i], 2.0) : 1.0;
    }
}

bool power_law_fit(int n, const double *sizes, const double *errors, const double *standard_errors,
                   power_law *out)
{
    enum { MOST = 64 };
    double weights[MOST], total = 0.0, x_mean = 0.0, y_mean = 0.0, xx = 0.0, xy = 0.0, rest = 0.0;

    if (n < 3 || n > MOST) {
        return false;
    }
    for (int i = 0; i < n; i++) {
        if (!(errors[i] > 0.0 && isfinite(errors[i]) && sizes[i] > 0.0)) {
            return false;
        }
    }
    find_weights(n, errors, standard_errors, weights);
    for (int i = 0; i < n; i++) {
        total += weights[i];
        x_mean += weights[i] * log(sizes[i]);
        y_mean += weights[i] * log(errors[i]);
    }
    x_mean /= total;
    y_mean /= total;
    for (int i = 0; i < n; i++) {
        const double x = log(sizes[i]) - x_mean;

        xx += weights[i] * x * x;
        xy += weights[i] * x * (log(errors[i]) - y_mean);
    }
    if (!(xx > 0.0)) {
        return false;
    }
    const double slope = xy / xx;
    for (int i = 0; i < n; i++) {
        const double off = log(errors[i]) - y_mean - slope * (log(sizes[i]) - x_mean);

        rest += weights[i] * off * off / (n - 2);
    }
    *out = (power_law){
        .log_factor = y_mean - slope * x_mean,
        .exponent = -slope,
        .covariance = {{rest / total + rest * x_mean * x_mean / xx, -rest * x_mean / xx},
                       {-rest * x_mean / xx, rest / xx}},
        .quantile = student_quantile(n - 2)};
    return true;
}

double power_law_error(const power_law *of, double size)
{
    return exp(of->log_factor) * pow(size, -of->exponent);
}

void power_law_size(const power_law *of, double target, double *size, double interval[2])
{
    const double x = (of->log_factor - log(target)) / of->exponent;

    *size = interval[0] = interval[1] = INFINITY;
    if (!(of->exponent > 0.0)) {
        return;
    }
    const double variance =
        of->covariance[0][0] + 2.0 * x * of->covariance[0][1] + x * x * of->covariance[1][1];
    const double width = of->quantile * sqrt(fmax(variance, 0.0)) / of->exponent;

    *size = exp(x);
    interval[0] = exp(x - width);
    interval[1] = exp(x + width);
}
