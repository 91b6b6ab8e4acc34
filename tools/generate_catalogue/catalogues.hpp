// SPDX-License-Identifier: Apache-2.0
//
// The text of each generated header, from the data directory. They throw InputError for what they cannot read.
#pragma once

#include <filesystem>
#include <string>

namespace generate_catalogue {

std::string hardware_catalogue(const std::filesystem::path& data);
std::string model_catalogue(const std::filesystem::path& data);
std::string latency_catalogue(const std::filesystem::path& data);

}  // namespace generate_catalogue
