# include/covary/version.h in the build tree: version and commit of this source.
find_package(Git QUIET)
set(COVARY_COMMIT "unknown")
if(GIT_FOUND)
  execute_process(COMMAND ${GIT_EXECUTABLE} describe --always --dirty --abbrev=12
                  WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
                  OUTPUT_VARIABLE described RESULT_VARIABLE failed
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT failed)
    set(COVARY_COMMIT "${described}")
  endif()
endif()
configure_file(${CMAKE_CURRENT_SOURCE_DIR}/include/covary/version.h.in
               ${CMAKE_CURRENT_BINARY_DIR}/include/covary/version.h @ONLY)
