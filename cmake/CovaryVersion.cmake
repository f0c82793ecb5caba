# include/covary/version.h in the build tree: version and commit of this source.  A new commit
# configures again, so that --version tells the commit that was built.
find_package(Git QUIET)
set(COVARY_COMMIT "unknown")
if(GIT_FOUND)
  # A checkout that belongs to somebody else (a mounted volume in a container) is read as well.
  set(git ${GIT_EXECUTABLE} -c safe.directory=${CMAKE_CURRENT_SOURCE_DIR})
  execute_process(COMMAND ${git} describe --always --dirty --abbrev=12
                  WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
                  OUTPUT_VARIABLE described RESULT_VARIABLE failed
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(COMMAND ${git} rev-parse --show-prefix --git-path logs/HEAD
                  WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
                  OUTPUT_VARIABLE places ERROR_QUIET)
  # A source tree inside some other project's repository has no commit of its own.
  string(REGEX MATCH "^([^\n]*)\n([^\n]*)" places "${places}")
  if(NOT failed AND "${CMAKE_MATCH_1}" STREQUAL "")
    set(COVARY_COMMIT "${described}")
    get_filename_component(log "${CMAKE_MATCH_2}" ABSOLUTE BASE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
    if(EXISTS ${log})
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${log})
    endif()
  endif()
endif()
configure_file(${CMAKE_CURRENT_SOURCE_DIR}/include/covary/version.h.in
               ${CMAKE_CURRENT_BINARY_DIR}/include/covary/version.h @ONLY)
