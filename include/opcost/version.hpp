// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one place of the version: CMakeLists.txt reads it from here.
#define OPCOST_VERSION "0.1.0"
