# test_ops: the derivative arithmetic of model.h against MPFR, in every width and with derivatives and without.
find_library(MPFR_LIBRARY mpfr REQUIRED)

set(EMLIB_OPS_SOURCES test_ops.c ops_reference.c)
foreach(isa ${EMLIB_ISAS})
    foreach(derivatives 0 1)
        set(set "#define EM_ISA ${isa}\n#define EM_LANES ${EMLIB_LANES_${isa}}\n#define EM_DERIVATIVES ${derivatives}\n")
        emlib_kernel(EMLIB_OPS_SOURCES ops_${isa}_${derivatives} "${set}#include \"ops_kernel.c\"\n"
            ${EMLIB_KERNEL_OPTIONS} ${EMLIB_ISA_OPTIONS_${isa}})
    endforeach()
endforeach()
add_executable(test_ops ${EMLIB_OPS_SOURCES})
target_include_directories(test_ops PRIVATE ${PROJECT_SOURCE_DIR}/include ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_options(test_ops PRIVATE ${EMLIB_WARNINGS})
target_link_libraries(test_ops PRIVATE ${CMOCKA_LIBRARY} ${MPFR_LIBRARY} ${SLEEF_LIBRARY} m)
add_test(NAME ops COMMAND test_ops)
