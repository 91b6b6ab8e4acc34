# SPDX-License-Identifier: Apache-2.0
#
# cmake -DPROGRAM=… -DEXPECTED=… -P compare_output.cmake: fails unless the program prints exactly what it should.

execute_process(COMMAND "${PROGRAM}" OUTPUT_VARIABLE printed RESULT_VARIABLE result)
file(READ "${EXPECTED}" expected)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} exited with ${result}")
endif()
if(NOT printed STREQUAL expected)
  message(FATAL_ERROR "${PROGRAM} printed\n${printed}\nexpected (${EXPECTED})\n${expected}")
endif()
