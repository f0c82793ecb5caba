/* SPDX-License-Identifier: BSD-3-Clause */
/* Types of numbers in HDF5 files of other programs.   ranks: 1 2 */
#include "support.h"

#include "storage/storage.h"

#include <hdf5.h>

static void barrier(void)
{
    MPI_Barrier(covary_run_comm(test_run()));
}

/* Four numbers of a type in a file of their own; the type is closed.  On rank 0. */
static void put_numbers(const char *path, hid_t type)
{
    static const double values[4] = {1, 2, 3, 4};
    const hsize_t       n = 4;
    hid_t               file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t               space = H5Screate_simple(1, &n, NULL);
    hid_t data = H5Dcreate2(file, "x", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

    assert_true(data >= 0);
    assert_true(H5Dwrite(data, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(data);
    H5Sclose(space);
    H5Fclose(file);
    H5Tclose(type);
}

static hid_t half_precision(void)
{
    hid_t type = H5Tcopy(H5T_IEEE_F32LE);

    H5Tset_fields(type, 15, 10, 5, 0, 10);
    H5Tset_size(type, 2);
    H5Tset_ebias(type, 15);
    return type;
}

static hid_t cut_precision(hid_t of, size_t bits)
{
    hid_t type = H5Tcopy(of);

    if (H5Tget_class(of) == H5T_FLOAT) {
        H5Tset_fields(type, bits - 1, bits - 9, 8, 0, bits - 9);
    }
    H5Tset_precision(type, bits);
    return type;
}

/* Whatever machines have is read; what a type becomes by damage is not. */
static void numbers_are_those_of_machines(void **state)
{
    const char *path = scratch_path("types.h5");
    double      read[4];

    (void)state;
    for (int type = 0; type < 8; type++) {
        const bool plain = type < 6;
        storage   *file = NULL;

        if (covary_run_rank(test_run()) == 0) {
            put_numbers(path, type == 0   ? H5Tcopy(H5T_IEEE_F64BE)
                              : type == 1 ? H5Tcopy(H5T_IEEE_F32BE)
                              : type == 2 ? half_precision()
                              : type == 3 ? H5Tcopy(H5T_NATIVE_LDOUBLE)
                              : type == 4 ? H5Tcopy(H5T_STD_I16BE)
                              : type == 5 ? H5Tcopy(H5T_STD_U8LE)
                              : type == 6 ? cut_precision(H5T_IEEE_F64LE, 45)
                                          : cut_precision(H5T_STD_I32LE, 17));
        }
        barrier();
        assert_ok(storage_open(test_run(), path, &file));
        assert_int_equal(storage_get(file, "/x", STORAGE_FLOAT64, 4, read),
                         plain ? COVARY_OK : COVARY_ERR_FORMAT);
        if (plain) {
            assert_true(read[0] == 1.0 && read[3] == 4.0);
        } else {
            assert_message("/x is not a plain array of numbers");
        }
        storage_close(&file);
        barrier();
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(numbers_are_those_of_machines),
};

TEST_MAIN(cases)
