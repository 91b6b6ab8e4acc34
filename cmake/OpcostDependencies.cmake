# SPDX-License-Identifier: Apache-2.0
#
# What the programs, examples, tests and benchmarks need: the system's packages first; with
# OPCOST_FETCH_DEPENDENCIES, what is missing comes as a pinned release checked against its hash.

include(FetchContent)
set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)  # the settings below reach projects that ask for an older CMake, too
if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.25)
  set(opcost_fetch_system SYSTEM)
endif()

# opcost_dependency(NAME VERSION TARGET URL SHA256): TARGET proves that it is there
macro(opcost_dependency name minimum target url hash)
  if(NOT TARGET ${target})
    find_package(${name} ${minimum} QUIET GLOBAL)
  endif()
  if(NOT TARGET ${target})
    if(OPCOST_FETCH_DEPENDENCIES)
      message(STATUS "opcost: ${name} is not installed, fetching ${url}")
      FetchContent_Declare(${name} URL ${url} URL_HASH SHA256=${hash} DOWNLOAD_EXTRACT_TIMESTAMP TRUE
                           ${opcost_fetch_system})
      FetchContent_MakeAvailable(${name})
    else()
      message(FATAL_ERROR "opcost: ${name} is not installed. Install it, or configure with "
                          "-DOPCOST_FETCH_DEPENDENCIES=ON to download it.")
    endif()
  endif()
endmacro()

# opcost_headers(NAME URL SHA256): fetches sources whose headers are all that is needed, into NAME_SOURCE_DIR
macro(opcost_headers name url hash)
  if(NOT OPCOST_FETCH_DEPENDENCIES)
    message(FATAL_ERROR "opcost: ${name} is not installed. Install it, or configure with "
                        "-DOPCOST_FETCH_DEPENDENCIES=ON to download it.")
  endif()
  message(STATUS "opcost: ${name} is not installed, fetching ${url}")
  FetchContent_Declare(${name} URL ${url} URL_HASH SHA256=${hash} DOWNLOAD_EXTRACT_TIMESTAMP TRUE
                       SOURCE_SUBDIR none)
  FetchContent_MakeAvailable(${name})
endmacro()

opcost_dependency(fmt 9 fmt::fmt
                  https://github.com/fmtlib/fmt/archive/refs/tags/9.1.0.tar.gz
                  5dea48d1fcddc3ec571ce2058e13910a0d4a6bab4cc09a809d8b1dd1c88ae6f2)
opcost_dependency(nlohmann_json 3.11 nlohmann_json::nlohmann_json
                  https://github.com/nlohmann/json/releases/download/v3.11.2/json.tar.xz
                  8c4b26bf4b422252e13f332bc5e388ec0ab5c3443d24399acb675e68278d341f)
if(OPCOST_BUILD_TOOLS)
  opcost_dependency(CLI11 2.1 CLI11::CLI11
                    https://github.com/CLIUtils/CLI11/archive/refs/tags/v2.1.2.tar.gz
                    26291377e892ba0e5b4972cdfd4a2ab3bf53af8dac1f4ea8fe0d1376b625c8cb)

  # Eigen fits calibrations; its headers are all that is needed, so its own build is left alone
  find_package(Eigen3 3.4 QUIET NO_MODULE GLOBAL)
  if(NOT TARGET Eigen3::Eigen)
    opcost_headers(eigen https://gitlab.com/libeigen/eigen/-/archive/3.4.0/eigen-3.4.0.tar.bz2
                   b4c198460eba6f28d34894e3a5710998818515104d6e74e5cc331ce31e46e626)
    add_library(opcost_eigen INTERFACE)
    target_include_directories(opcost_eigen SYSTEM INTERFACE "${eigen_SOURCE_DIR}")
    add_library(Eigen3::Eigen ALIAS opcost_eigen)
  endif()

  # fast-cpp-csv-parser reads measurements: one header, which reads ahead in a thread
  find_package(Threads REQUIRED)
  find_path(OPCOST_CSV_INCLUDE_DIR libfccp/csv.h)
  if(NOT OPCOST_CSV_INCLUDE_DIR)
    opcost_headers(fast_cpp_csv_parser
                   https://github.com/ben-strasser/fast-cpp-csv-parser/archive/5a417973b4cea674a5e4a3b88a23098a2ab75479.zip
                   33a22bda2603a87b8f36c79673339490f58656d92a4882e788de3f4ef7ec57b2)
    set(OPCOST_CSV_INCLUDE_DIR "${fast_cpp_csv_parser_SOURCE_DIR}")
  endif()
  add_library(opcost_csv_reader INTERFACE)
  target_include_directories(opcost_csv_reader SYSTEM INTERFACE "${OPCOST_CSV_INCLUDE_DIR}")
  target_link_libraries(opcost_csv_reader INTERFACE Threads::Threads)
endif()
if(OPCOST_BUILD_TESTS)
  set(CATCH_BUILD_STATIC_LIBRARY ON)
  opcost_dependency(Catch2 2.13 Catch2::Catch2WithMain
                    https://github.com/catchorg/Catch2/archive/refs/tags/v2.13.10.tar.gz
                    d54a712b7b1d7708bc7a819a8e6e47b2fde9536f487b89ccbca295072a7d9943)
  set(CMAKE_POLICY_VERSION_MINIMUM 3.5)  # rapidcheck asks for less than CMake 4 accepts
  opcost_dependency(rapidcheck "" rapidcheck
                    https://github.com/emil-e/rapidcheck/archive/ff6af6fc683159deb51c543b065eba14dfcf329b.zip
                    60951dbc4de162622f51a4a34117c269a9921833a51dddce36f4cc80a5f7cf9f)
  unset(CMAKE_POLICY_VERSION_MINIMUM)
endif()
if(OPCOST_BUILD_BENCHMARKS)
  set(BENCHMARK_ENABLE_TESTING OFF)
  set(BENCHMARK_ENABLE_INSTALL OFF)
  set(BENCHMARK_ENABLE_WERROR OFF)
  opcost_dependency(benchmark 1.7 benchmark::benchmark
                    https://github.com/google/benchmark/archive/refs/tags/v1.7.1.tar.gz
                    6430e4092653380d9dc4ccb45a1e2dc9259d581f4866dc0759713126056bc1d7)
endif()
