/* Dataset files that mean harm, made with HDF5 itself: each is refused before harm is done. */
#include <hdf5.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "emlib/emlib.h"

enum { ROWS = 20000 };
static char folder[] = "/tmp/emlib-hostile-XXXXXX";

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
    (void)state;
    (void)unlink("good.h5");
    (void)unlink("bad.h5");
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static void write_good(const char *path)
{
    static double choice[ROWS];
    static uint64_t offset[] = {0, ROWS / 2, ROWS};
    char *id[] = {(char[]){"a"}, (char[]){"b"}};
    em_dataset_column column = {.name = (char[]){"choice"}, .value = choice};
    em_dataset data = {.n_subjects = 2, .n_rows = ROWS, .id = id, .offset = offset, .held = ROWS, .n_columns = 1, .column = &column};
    em_error error;
    for (size_t i = 0; i < ROWS; i++)
        choice[i] = (double)(i % 2);
    assert_int_equal(em_dataset_seal(&data, &error), EM_OK);
    assert_int_equal(em_dataset_write(&data, path, true, &error), EM_OK);
}

static em_code read_all(const char *path, em_error *error)
{
    em_dataset *data = NULL;
    em_code code = em_dataset_read_frame(path, &data, error);
    if (code == EM_OK)
        code = em_dataset_read_rows(data, path, NULL, 0, 0, data->n_rows, error);
    em_dataset_free(data);
    return code;
}

/* The column is made anew with this creation list, and filled by `fill`. */
static void replace(hid_t creation, void (*fill)(hid_t id), const char *expected)
{
    em_error error = {EM_OK, ""};
    const hsize_t extent = ROWS;
    write_good("bad.h5");
    hid_t file = H5Fopen("bad.h5", H5F_ACC_RDWR, H5P_DEFAULT), space = H5Screate_simple(1, &extent, NULL);
    assert_true(file > 0 && space > 0 && creation > 0);
    assert_true(H5Ldelete(file, "/trials/choice", H5P_DEFAULT) >= 0);
    hid_t id = H5Dcreate2(file, "/trials/choice", H5T_STD_I32LE, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    assert_true(id > 0);
    if (fill)
        fill(id);
    H5Dclose(id);
    H5Sclose(space);
    H5Pclose(creation);
    assert_true(H5Fclose(file) >= 0);
    const em_code code = read_all("bad.h5", &error);
    if (code != EM_INPUT_ERROR || !strstr(error.text, "bad.h5") || !strstr(error.text, expected))
        fail_msg("ended with %d and '%s' where '%s' belongs", (int)code, error.text, expected);
}

static hid_t chunked(hsize_t chunk)
{
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    assert_true(H5Pset_chunk(creation, 1, &chunk) >= 0);
    return creation;
}

static void good_file_is_read(void **state)
{
    (void)state;
    em_error error = {EM_OK, ""};
    write_good("good.h5");
    assert_int_equal(read_all("good.h5", &error), EM_OK);
}

static void values_from_elsewhere_are_refused(void **state)
{
    (void)state;
    const hsize_t extent = ROWS;
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(1, &extent, NULL);
    assert_true(H5Pset_external(creation, "/etc/passwd", 0, H5F_UNLIMITED) >= 0);
    replace(creation, NULL, "/trials/choice takes its values from elsewhere");
    creation = H5Pcreate(H5P_DATASET_CREATE);
    assert_true(H5Pset_virtual(creation, space, "good.h5", "/trials/choice", space) >= 0);
    replace(creation, NULL, "/trials/choice takes its values from elsewhere");
    H5Sclose(space);
}

/* A filter that HDF5 does not have would be looked for among its plug-ins, which are code. */
static void unknown_filters_are_refused(void **state)
{
    (void)state;
    hid_t creation = chunked(1000);
    assert_true(H5Pset_filter(creation, 32000, H5Z_FLAG_OPTIONAL, 0, NULL) >= 0);
    replace(creation, NULL, "/trials/choice has chunks or filters that are not known");
    creation = chunked(1000);
    assert_true(H5Pset_deflate(creation, 9) >= 0 && H5Pset_deflate(creation, 9) >= 0);
    replace(creation, NULL, "/trials/choice has chunks or filters that are not known");
}

/* A first chunk of a few bytes, deflated (mask 0) or as they are (mask 1), where ROWS/2 numbers belong; and a second one, so that
 * there is enough in all. */
static void put_chunks(hid_t id, unsigned mask)
{
    static const unsigned char hundred_zeros[] = {0x78, 0xda, 0x63, 0x60, 0xa0, 0x3d, 0x00, 0x00, 0x00, 0x64, 0x00, 0x01};
    static const unsigned char more[1000] = {0x78};
    const hsize_t first = 0, second = ROWS / 2;
    assert_true(H5Dwrite_chunk(id, H5P_DEFAULT, mask, &first, sizeof hundred_zeros, hundred_zeros) >= 0);
    assert_true(H5Dwrite_chunk(id, H5P_DEFAULT, 0, &second, sizeof more, more) >= 0);
}

static void put_short_chunk(hid_t id) { put_chunks(id, 0); }

static void put_unfiltered_chunk(hid_t id) { put_chunks(id, 1); }

static void chunks_that_are_too_short_are_refused(void **state)
{
    (void)state;
    void (*const fill[])(hid_t) = {put_short_chunk, put_unfiltered_chunk};
    for (int i = 0; i < 2; i++) {
        hid_t creation = chunked(ROWS / 2);
        assert_true(H5Pset_deflate(creation, 1) >= 0);
        replace(creation, fill[i], "choice has a chunk that does not hold what it should");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_file_is_read),
        cmocka_unit_test(values_from_elsewhere_are_refused),
        cmocka_unit_test(unknown_filters_are_refused),
        cmocka_unit_test(chunks_that_are_too_short_are_refused),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
