# Filled in with the install rules, the CMake package and the pkg-config file.
