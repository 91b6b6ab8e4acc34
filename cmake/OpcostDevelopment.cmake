# SPDX-License-Identifier: Apache-2.0
#
# How opcost's own programs and tests are compiled. None of it reaches a consumer.

add_library(opcost_development INTERFACE)
target_compile_features(opcost_development INTERFACE cxx_std_20)
target_compile_options(opcost_development INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion)
if(OPCOST_WARNINGS_AS_ERRORS)
  target_compile_options(opcost_development INTERFACE -Werror)
endif()
