# Flags of every target of ours: warnings, sanitizers, POSIX names, include folders.
add_library(covary_flags INTERFACE)
target_compile_definitions(covary_flags INTERFACE _POSIX_C_SOURCE=200809L)
target_compile_options(covary_flags INTERFACE -Wall -Wextra -Wshadow -Wpointer-arith -Wvla
                       -Wstrict-prototypes -Wmissing-prototypes
                       -fno-math-errno # nobody asks sqrt for errno
                       $<$<BOOL:${COVARY_WERROR}>:-Werror>)
target_include_directories(covary_flags INTERFACE
                           ${CMAKE_CURRENT_SOURCE_DIR}/include ${CMAKE_CURRENT_SOURCE_DIR}/src
                           ${CMAKE_CURRENT_BINARY_DIR}/include)
if(COVARY_SANITIZE)
  target_compile_options(covary_flags INTERFACE -fsanitize=${COVARY_SANITIZE}
                         -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  target_link_options(covary_flags INTERFACE -fsanitize=${COVARY_SANITIZE})
endif()
