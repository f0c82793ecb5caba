/* SPDX-License-Identifier: BSD-3-Clause */
/* Links when ScaLAPACK and its BLACS are there; never run. */
void pdpotrf_(void);
void Cblacs_gridinit(int *context, char *order, int rows, int cols);

int main(void)
{
    int context = 0;

    pdpotrf_();
    Cblacs_gridinit(&context, "Row", 1, 1);
    return 0;
}
