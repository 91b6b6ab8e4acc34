// SPDX-License-Identifier: Apache-2.0
//
// The layer rule holds for include/, and its checker sees every kind of breach in a planted tree.
#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>

#include "files.hpp"
#include "layer_rule.hpp"

using namespace opcost::testing;

namespace {

const std::string start = "// SPDX-License-Identifier: Apache-2.0\n#pragma once\n";

/// A small tree without breaches, and the list of its headers.
SourceTree sound_tree() {
  return {{"opcost/units.hpp", start},
          {"opcost/precision.hpp", start + "#include <array>\n#include \"opcost/units.hpp\"\n"},
          {"opcost/operation/cost.hpp", start + "#include \"opcost/units.hpp\"\n"},
          {"opcost/operation/operation.hpp", start + "#include \"opcost/operation/cost.hpp\"\n"},
          {"opcost/hardware/accelerator.hpp", start + "#include \"opcost/precision.hpp\"\n"},
          {"opcost/latency/roofline.hpp",
           start + "#include \"opcost/hardware/accelerator.hpp\"\n#include \"opcost/operation/cost.hpp\"\n"},
          {"opcost/model/model.hpp", start + "#include \"opcost/latency/roofline.hpp\"\n"},
          {"opcost/placement/pool.hpp", start + "#include \"opcost/model/model.hpp\"\n"},
          {"opcost/serving/loop.hpp", start + "#include \"opcost/placement/pool.hpp\"\n"},
          {"opcost/io/format.hpp", start + "#include <fmt/format.h>\n#include \"opcost/serving/loop.hpp\"\n"},
          {"opcost/io/json.hpp", start + "#include <nlohmann/json.hpp>\n"},
          {"opcost/opcost.hpp", start + "#include \"opcost/model/model.hpp\"\n"}};
}

std::string list_of(const SourceTree& tree) {
  std::string list = "set(headers";
  for (const auto& [path, text] : tree) list += "\n  " + path;
  return list + ")\n";
}

/// The breaches after one more line at the end of a header.
std::vector<std::string> breaches_with(const std::string& path, const std::string& line) {
  SourceTree tree = sound_tree();
  tree[path] = (tree.count(path) != 0 ? tree[path] : start) + line + "\n";
  return breaches(tree, list_of(tree));
}

void require_breach(const std::string& path, const std::string& included, const std::string& reason) {
  const auto found = breaches_with(path, "#include " + included);
  REQUIRE(found.size() == 1);
  CHECK(found.front() == path + " includes " + included.substr(1, included.size() - 2) + ": " + reason);
}

}  // namespace

TEST_CASE("the library keeps the layer rule") {
  const std::filesystem::path include = OPCOST_SOURCE_DIR "/include";
  SourceTree headers;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(include)) {
    if (!entry.is_regular_file()) continue;
    headers[entry.path().lexically_relative(include).generic_string()] = file_text(entry.path());
  }
  CHECK(headers.size() >= 30);
  CHECK(headers.count("opcost/latency/roofline.hpp") == 1);
  const auto found = breaches(headers, file_text(OPCOST_SOURCE_DIR "/cmake/OpcostLibrary.cmake"));
  for (const std::string& breach : found) FAIL_CHECK(breach);
}

TEST_CASE("a sound tree has no breaches") {
  CHECK(breaches(sound_tree(), list_of(sound_tree())).empty());
  CHECK(breaches_with("opcost/io/plot.hpp", "#include \"opcost/io/format.hpp\"").empty());
  CHECK(breaches_with("opcost/io/plot.hpp", "#include <fmt/format.h>").empty());
}

TEST_CASE("a planted include is found") {
  const std::string higher = "a header of a higher layer";
  require_breach("opcost/units.hpp", "\"opcost/operation/cost.hpp\"", higher);
  require_breach("opcost/operation/cost.hpp", "\"opcost/latency/roofline.hpp\"", higher);
  require_breach("opcost/operation/cost.hpp", "\"opcost/hardware/accelerator.hpp\"",
                 "a header of a folder beside it");
  require_breach("opcost/hardware/accelerator.hpp", "\"opcost/operation/cost.hpp\"",
                 "a header of a folder beside it");
  require_breach("opcost/latency/roofline.hpp", "\"opcost/model/model.hpp\"", higher);
  require_breach("opcost/model/model.hpp", "\"opcost/placement/pool.hpp\"", higher);
  require_breach("opcost/placement/pool.hpp", "\"opcost/serving/loop.hpp\"", higher);
  require_breach("opcost/model/model.hpp", "\"opcost/io/json.hpp\"", higher);
  require_breach("opcost/opcost.hpp", "\"opcost/io/format.hpp\"", "opcost.hpp is layers 0 to 3");
  require_breach("opcost/opcost.hpp", "\"opcost/placement/pool.hpp\"", "opcost.hpp is layers 0 to 3");
  require_breach("opcost/latency/roofline.hpp", "\"opcost/opcost.hpp\"", "opcost.hpp is for users");
  require_breach("opcost/model/model.hpp", "<fmt/format.h>", "fmt is for io/ only");
  require_breach("opcost/opcost.hpp", "<fmt/core.h>", "fmt is for io/ only");
  require_breach("opcost/io/format.hpp", "<nlohmann/json.hpp>", "nlohmann is for io/json.hpp only");
  require_breach("opcost/model/model.hpp", "<boost/any.hpp>",
                 "neither the standard library nor a known dependency");
  require_breach("opcost/io/format.hpp", "<unistd.h>", "neither the standard library nor a known dependency");
  CHECK(breaches_with("opcost/units.hpp", "  #  include   \"opcost/operation/cost.hpp\"").size() == 1);
  CHECK(breaches_with("opcost/units.hpp", "// #include \"opcost/operation/cost.hpp\"").empty());
}

TEST_CASE("a malformed header is found") {
  const auto only = [](const SourceTree& tree, const std::string& list) {
    const auto found = breaches(tree, list);
    return found.size() == 1 ? found.front() : std::to_string(found.size()) + " breaches";
  };
  SourceTree tree = sound_tree();
  const std::string list = list_of(tree);
  tree["opcost/units.hpp"] = "#pragma once\n";
  CHECK(breaches(tree, list).size() == 2);  // neither line at its place
  tree["opcost/units.hpp"] = "// SPDX-License-Identifier: Apache-2.0\n";
  CHECK(only(tree, list) == "opcost/units.hpp: no #pragma once");
  tree["opcost/units.hpp"] = "//\n" + start;
  CHECK(only(tree, list) == "opcost/units.hpp: no SPDX line");
  tree = sound_tree();
  tree["opcost/io/plot.hpp"] = start;
  CHECK(only(tree, list) == "opcost/io/plot.hpp: not in the library's list of headers");
  tree = sound_tree();
  tree["opcost/extra.hpp"] = start;
  CHECK(only(tree, list_of(tree)) == "opcost/extra.hpp: in no known layer");
  tree = sound_tree();
  tree["opcost/misc/extra.hpp"] = start;
  CHECK(only(tree, list_of(tree)) == "opcost/misc/extra.hpp: in no known layer");
  tree = sound_tree();
  tree["opcost/model/model.hpp"] += "#include \"opcost/model/lost.hpp\"\n";
  CHECK(only(tree, list_of(tree)) == "opcost/model/model.hpp includes opcost/model/lost.hpp: no such header");
}
