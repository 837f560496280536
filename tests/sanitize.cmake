# In Sanitize builds the program and every target defined after this carry the settings of sanitize/sanitize.c.
if(CMAKE_BUILD_TYPE STREQUAL "Sanitize")
    add_library(sanitize INTERFACE)
    target_sources(sanitize INTERFACE ${CMAKE_CURRENT_SOURCE_DIR}/sanitize/sanitize.c)
    target_link_libraries(emlib PRIVATE sanitize)
    link_libraries(sanitize)
endif()
