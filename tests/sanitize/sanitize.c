/* Linked into the program and the tests of a Sanitize build: settings of the sanitizers, so that a report means a fault
 * of ours and not of the libraries below. */

const char *__asan_default_options(void);
const char *__lsan_default_options(void);
const char *__lsan_default_suppressions(void);
int dlclose(void *library);

/* Whole call stacks: Open MPI is built without frame pointers, and the short way of reading a stack ends there. */
const char *__asan_default_options(void) { return "fast_unwind_on_malloc=0:detect_stack_use_after_return=1"; }

/* No table of what was suppressed */
const char *__lsan_default_options(void) { return "print_suppressions=0"; }

/* Memory that was taken on the way through these: Open MPI keeps some until the process ends, and HDF5 forgets nodes of
 * its free lists when the header of a damaged file turns out to be nonsense. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libmpi.so\n"
           "leak:libopen-rte.so\n"
           "leak:libopen-pal.so\n"
           "leak:libpmix.so\n"
           "leak:mca_\n"
           "leak:H5FL_\n";
}

/* Plug-ins stay loaded to the end. Once unloaded, their names are gone from the report and nothing above would match. */
int dlclose(void *library)
{
    (void)library;
    return 0;
}
