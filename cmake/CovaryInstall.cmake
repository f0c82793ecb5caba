# Install rules, the CMake package and the pkg-config file.
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/covary)
set(generated ${CMAKE_CURRENT_BINARY_DIR}/package)

# Libraries found outside the system's folders (modules, Spack) are found again after installing.
set_target_properties(covary PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS covary EXPORT covary LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET covary_program)
  set_target_properties(covary_program PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS covary_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/include/covary
                  ${CMAKE_CURRENT_BINARY_DIR}/include/covary
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(FILES ${CMAKE_CURRENT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# find_package(covary): target covary::covary.  Before 1.0 a new minor version may break.
configure_package_config_file(cmake/covary-config.cmake.in ${generated}/covary-config.cmake
                              INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${generated}/covary-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${generated}/covary-config.cmake ${generated}/covary-config-version.cmake
        DESTINATION ${package_folder})
install(EXPORT covary NAMESPACE covary:: FILE covary-targets.cmake DESTINATION ${package_folder})

# pkg-config covary.  The MPI that the library is bound to is written out, because the names of MPI's
# own .pc files differ between implementations; `mpicc` in place of `cc` works as well.
# The prefix is relative to the file, so that an installed tree can be moved.
foreach(name LIBDIR INCLUDEDIR)
  set(COVARY_PC_${name} "\${prefix}/${CMAKE_INSTALL_${name}}")
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${name}}")
    set(COVARY_PC_${name} "${CMAKE_INSTALL_${name}}")
  endif()
endforeach()
file(RELATIVE_PATH COVARY_PC_PREFIX "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig"
     "${CMAKE_INSTALL_PREFIX}")
set(COVARY_PC_MPI_CFLAGS "")
foreach(folder ${MPI_C_INCLUDE_DIRS})
  string(APPEND COVARY_PC_MPI_CFLAGS " -I${folder}")
endforeach()
string(REPLACE ";" " " COVARY_PC_MPI_LIBS "${MPI_C_LIBRARIES}")
configure_file(cmake/covary.pc.in ${generated}/covary.pc @ONLY)
install(FILES ${generated}/covary.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
