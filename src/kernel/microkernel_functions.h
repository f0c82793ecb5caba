/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel functions of vectors, for one version of the microkernel; see microkernel_version.h.
 *
 * exp(-y) = 2^(-k / STEPS) (1 + r q(r)), where y is k - r in units of ln 2 / STEPS, k the nearest
 * integer.  q minimizes the largest relative error (Remez' exchange): 2.3e-16 without a table,
 * 7e-18 with one, 9.2e-8 in single precision.  Nothing here depends on the place of a number.
 */

/* Square root lane by lane, where there is no instruction by name. */
INLINED NAMED(vector) NAMED(root)(NAMED(vector) x)
{
    for (int lane = 0; lane < WIDTH; lane++) {
        x[lane] = SINGLE ? (REAL)sqrtf((float)x[lane]) : (REAL)sqrt((double)x[lane]);
    }
    return x;
}

/* 2^(-k / STEPS) (1 + r q(r)), k in the last bits of `shifted`. */
INLINED NAMED(vector) NAMED(power)(NAMED(vector) shifted, NAMED(vector) r)
{
    const NAMED(bits) k = (NAMED(bits))shifted;
    NAMED(vector) q, power;

#if SINGLE
    q = NAMED(splat)(0x1.5bba44p-10f);
    q = q * r + 0x1.3cea68p-7f;
    q = q * r + 0x1.c6b752p-5f;
    q = q * r + 0x1.ebf9bcp-3f;
    q = q * r + 0x1.62e42ap-1f;
#elif TABLE
    q = NAMED(splat)(0x1.430818388c0e4p-37);
    q = q * r + 0x1.5d89bd917fc7cp-30;
    q = q * r + 0x1.3b2ab6fe278d8p-23;
    q = q * r + 0x1.c6b08d6e8c440p-17;
    q = q * r + 0x1.ebfbdff82c553p-11;
    q = q * r + 0x1.62e42fefa39fdp-5;
#else
    q = NAMED(splat)(0x1.e3a8c0ad6e35fp-28);
    q = q * r + 0x1.b671917bbfff0p-24;
    q = q * r + 0x1.62c147ad93ee7p-20;
    q = q * r + 0x1.ffcb58f1e364dp-17;
    q = q * r + 0x1.4309126c10837p-13;
    q = q * r + 0x1.5d87fe9b7eee4p-10;
    q = q * r + 0x1.3b2ab6fbd6c10p-7;
    q = q * r + 0x1.c6b08d703e21bp-5;
    q = q * r + 0x1.ebfbdff82c432p-3;
    q = q * r + 0x1.62e42fefa3a12p-1;
#endif
#if TABLE
    /* The bits of 2^(-j / 16), plus j in the four bits below the exponent, for what k takes off. */
    static const int64_t bits[16] __attribute__((aligned(64))) = {TABLE_BITS};

    power = (NAMED(vector))(
        __builtin_shuffle(*(const NAMED(bits) *)bits, *(const NAMED(bits) *)(bits + 8), k) -
        (k << (MANTISSA - 4)));
    return power + power * (r * q);
#else
    power = (NAMED(vector))((BIAS - k) << MANTISSA);
    return power * (q * r + 1);
#endif
}

/* exp(-y ln 2 / STEPS), y >= 0.  The largest k makes the bits of the power, and the power, 0. */
INLINED NAMED(vector) NAMED(exp_steps)(NAMED(vector) y)
{
    const NAMED(vector) cut = IF_ABOVE(y, NAMED(splat)(CUT * STEPS), NAMED(splat)(BIAS * STEPS), y);
    const NAMED(vector) shifted = cut + SHIFT;

    return NAMED(power)(shifted, (shifted - SHIFT) - cut);
}

/*
 * exp(-y), y >= 0, to the last bits of y: ln 2 is split so that k times its upper part is exact
 * (Cody and Waite, Software Manual for the Elementary Functions, 1980).
 */
INLINED NAMED(vector) NAMED(exp_exactly)(NAMED(vector) y)
{
    const REAL ln2 = (REAL)0x1.62e42fefa39efp-1;
    const NAMED(vector) cut = IF_ABOVE(y, NAMED(splat)(CUT * ln2), NAMED(splat)(BIAS * ln2), y);
    const NAMED(vector) shifted = cut * (STEPS / ln2) + SHIFT, k = shifted - SHIFT;
    const NAMED(vector) r = (k * (LN2_UPPER / STEPS) - cut) + k * (LN2_LOWER / STEPS);

    return NAMED(power)(shifted, r * (STEPS / ln2));
}

INLINED NAMED(vector) NAMED(not_negative)(NAMED(vector) x)
{
    return LARGER(NAMED(splat)(0), x);
}

INLINED NAMED(vector) NAMED(gaussian)(const kernel_form *form, NAMED(vector) a)
{
    return NAMED(exp_steps)(
        NAMED(not_negative)(a * (REAL)(form->scale * (STEPS / 0x1.62e42fefa39efp-1))));
}

/* Beyond the range of exp the polynomial may be infinite: 0 wins. */
INLINED NAMED(vector) NAMED(decay)(const int order, const kernel_form *form, NAMED(vector) a)
{
    const NAMED(vector) z = ROOT(NAMED(not_negative)(a * (REAL)form->scale));
    const NAMED(vector) y = z * (REAL)(STEPS / 0x1.62e42fefa39efp-1);
    NAMED(vector) sum = NAMED(splat)((REAL)form->coefficients[order]);

    for (int j = order - 1; j >= 0; j--) {
        sum = sum * z + (REAL)form->coefficients[j];
    }
    return IF_ABOVE(y, NAMED(splat)(CUT * STEPS), NAMED(splat)(0), sum * NAMED(exp_steps)(y));
}

INLINED NAMED(vector) NAMED(raise)(const kernel_form *form, NAMED(vector) a)
{
    const NAMED(vector) base = a * (REAL)form->scale + 1;
    NAMED(vector) value = base;

    for (int power = 1; power < form->order; power++) {
        value *= base;
    }
    return value;
}

#define FOR_ALL(value)                                                                             \
    for (int64_t i = 0; i < n; i++) {                                                              \
        const NAMED(vector) a = from[i];                                                           \
        to[i] = (value);                                                                           \
    }

/* n vectors of arguments -> values; the usual orders of decay are unrolled. */
INLINED void NAMED(transform)(const kernel_form *form, int64_t n, const void *arguments,
                              void *values)
{
    const NAMED(loose) *from = arguments;
    NAMED(loose) *to = values;

    if (form->shape == FORM_POWER) {
        FOR_ALL(NAMED(raise)(form, a))
    } else if (form->shape == FORM_GAUSSIAN) {
        FOR_ALL(NAMED(gaussian)(form, a))
    } else if (form->order == 0) {
        FOR_ALL(NAMED(decay)(0, form, a))
    } else if (form->order == 1) {
        FOR_ALL(NAMED(decay)(1, form, a))
    } else if (form->order == 2) {
        FOR_ALL(NAMED(decay)(2, form, a))
    } else {
        FOR_ALL(NAMED(decay)(form->order, form, a))
    }
}

TARGET static void NAMED(evaluate)(const kernel_form *form, int64_t count, const void *arguments,
                                   void *values)
{
    NAMED(transform)(form, count / WIDTH, arguments, values);
}

TARGET static void NAMED(exponential)(int64_t count, void *values)
{
    const NAMED(loose) *from = values;
    NAMED(loose) *to = values;
    const int64_t n = count / WIDTH;

    FOR_ALL(NAMED(exp_exactly)(-a))
}

#undef FOR_ALL
