// SPDX-License-Identifier: Apache-2.0
//
// Strict JSON: what is not JSON, what is JSON twice, and files that are no files.
#include <catch2/catch.hpp>

#include <cmath>
#include <string>

#include "json_text.hpp"
#include "opcost/io/json.hpp"
#include "temporary_directory.hpp"

using namespace opcost;
using opcost::testing::complaint;
using opcost::testing::TemporaryDirectory;

namespace {

std::string parse(const std::string& text) {
  return complaint([&] { JsonDocument(text, "file.json"); });
}

template <class Read>
std::string member(const std::string& value, Read read) {
  const JsonDocument document("{\"key\": " + value + "}", "file.json");
  return complaint([&] {
    JsonObject object(document.root());
    read(object.member("key"));
  });
}

std::string number(const std::string& value) {
  return member(value, [](const JsonNode& node) { static_cast<void>(node.as_positive_number(9)); });
}

std::string integer(const std::string& value) {
  return member(value, [](const JsonNode& node) { static_cast<void>(node.as_integer(1)); });
}

bool one_line(const std::string& text) { return text.find_first_of("\r\n") == std::string::npos; }

}  // namespace

TEST_CASE("text that is not JSON") {
  for (const std::string text :
       {"", "{", "{\"a\": 1", "{\"a\": }", "[1, 2", "nul", "{'a': 1}", "{\"a\": 1,}", "{} {}", "{\"a\": NaN}",
        "{\"a\": Infinity}", "{\"a\": -Infinity}", "{\"a\": 1e999}", "{\"a\": 01}", "{\"a\": +1}", "{\"a\": .5}",
        "\"line\nbreak\"", "// comment\n{}", "\xff"}) {
    const std::string message = parse(text);
    INFO(text);
    CHECK(message.rfind("file.json: not valid JSON: ", 0) == 0);
    CHECK(one_line(message));
  }
  CHECK(parse("{\"a\": NaN}").find("line 1, column 7") != std::string::npos);
  CHECK(parse("{\"a\": NaN}").find(": N'") != std::string::npos);
  CHECK(parse("{\"a\": 1e999}").find("1e999") != std::string::npos);
}

TEST_CASE("a key twice") {
  CHECK(parse(R"({"a": 1, "b": 2, "a": 3})") == "file.json: /a is a duplicate key, expected each key once");
  CHECK(parse(R"({"a": {"b": 1, "b": 1}})") == "file.json: /a/b is a duplicate key, expected each key once");
  CHECK(parse(R"({"a": [0, {"b": 1}, {"c": 1, "c": 2}]})") ==
        "file.json: /a/2/c is a duplicate key, expected each key once");
  CHECK(parse(R"([[1, 2], [{"x": 1}, 3, {"y": [], "y": []}]])") ==
        "file.json: /1/2/y is a duplicate key, expected each key once");
  CHECK(parse(R"({"a/b~c": {"d": 0, "d": 0}})") ==
        "file.json: /a~1b~0c/d is a duplicate key, expected each key once");
  CHECK(parse(R"({"a\nb": 0, "a\nb": 0})") == "file.json: /a?b is a duplicate key, expected each key once");
  CHECK(parse(R"({"a": {"x": 1}, "b": {"x": 1}, "c": [{"x": 1}, {"x": 1}]})") == "accepted");
}

TEST_CASE("nesting has a limit") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(parse(nested(64)) == "accepted");
  CHECK(parse(nested(65)).find(" is nested too deeply, expected at most 64 levels") != std::string::npos);
  CHECK(one_line(parse(nested(100'000))));
}

TEST_CASE("numbers") {
  CHECK(number("1e-3") == "accepted");
  CHECK(number("0") == "file.json: /key is 0, expected a positive number");
  CHECK(number("0.0") == "file.json: /key is 0.0, expected a positive number");
  CHECK(number("-1.5") == "file.json: /key is -1.5, expected a finite number ≥ 0.0");
  CHECK(number("\"8\"") == "file.json: /key is \"8\", expected a number");
  CHECK(number("true") == "file.json: /key is true, expected a number");
  CHECK(number("null") == "file.json: /key is null, expected a number");
  CHECK(number("[]") == "file.json: /key is an array, expected a number");
  CHECK(number("{}") == "file.json: /key is an object, expected a number");
  CHECK(number("1e305") ==
        "file.json: /key is 1e+305, expected a number within the range of a double in base units");
}

TEST_CASE("scaled numbers are read as decimal text") {
  const auto read = [](const std::string& text, int exponent) {
    return JsonDocument(text, "file.json").root().as_positive_number(exponent);
  };
  CHECK(read("2.039", 12) == 2.039e12);  // as a product: 2038999999999.9998
  CHECK(read("33", -6) == 33e-6);
  CHECK(read("66.6", -6) == 66.6e-6);
  CHECK(read("3.35", 12) == 3.35e12);
  CHECK(read("1e-7", 9) == Approx(100.0).epsilon(1e-15));
  CHECK(read("18446744073709551615", 0) == 18446744073709551615.0);
}

TEST_CASE("integers") {
  const std::string expected = ", expected a whole number from 1 to 2147483647";
  CHECK(integer("1") == "accepted");
  CHECK(integer("2147483647") == "accepted");
  CHECK(integer("2147483648") == "file.json: /key is 2147483648" + expected);
  CHECK(integer("4294967297") == "file.json: /key is 4294967297" + expected);  // 1 modulo 2³²
  CHECK(integer("18446744073709551616") == "file.json: /key is 1.8446744073709552e+19" + expected);
  CHECK(integer("2.7") == "file.json: /key is 2.7" + expected);
  CHECK(integer("2.0") == "file.json: /key is 2.0" + expected);
  CHECK(integer("0") == "file.json: /key is 0" + expected);
  CHECK(integer("-1") == "file.json: /key is -1" + expected);
  CHECK(integer("-9223372036854775808") == "file.json: /key is -9223372036854775808" + expected);
  CHECK(integer("\"1\"") == "file.json: /key is \"1\"" + expected);
}

TEST_CASE("other types") {
  CHECK(member("1", [](const JsonNode& node) { static_cast<void>(node.as_string()); }) ==
        "file.json: /key is 1, expected a string");
  CHECK(member("1", [](const JsonNode& node) { static_cast<void>(node.as_bool()); }) ==
        "file.json: /key is 1, expected true or false");
  CHECK(member("{}", [](const JsonNode& node) { static_cast<void>(node.as_array()); }) ==
        "file.json: /key is an object, expected an array");
  CHECK(member("[\"a\", 2]", [](const JsonNode& node) { static_cast<void>(node.as_strings()); }) ==
        "file.json: /key/1 is 2, expected a string");
  const std::string shown =
      member("\"" + std::string(1000, 'x') + "\"", [](const JsonNode& node) { node.fail("less"); });
  CHECK(shown.size() < 120);  // long values are cut
}

TEST_CASE("objects") {
  const JsonDocument document(R"({"a": 1, "b/c": null})", "file.json");
  JsonObject object(document.root());
  CHECK(complaint([&] { object.member("z"); }) == "file.json: /z is missing");
  CHECK(object.optional("b/c").has_value());
  CHECK_FALSE(object.present("b/c").has_value());
  CHECK(complaint([&] { object.finish(); }) == "file.json: /a is an unknown key, expected one of: b/c, z");
  object.ignore({"a"});
  CHECK(complaint([&] { object.finish(); }) == "accepted");
  const JsonDocument array("[]", "file.json");
  CHECK(complaint([&] { JsonObject(array.root()); }) == "file.json: the document is an array, expected an object");
}

TEST_CASE("files that are none") {
  const TemporaryDirectory directory;
  const auto read = [](const std::filesystem::path& path) { return complaint([&] { JsonDocument::read(path); }); };
  const std::string folder = directory.path().string();
  CHECK(read(directory.path()) == folder + ": is a directory, expected a JSON file");
  CHECK(read(directory.path() / "none.json") ==
        folder + "/none.json: cannot be opened, expected a readable JSON file");
  const auto large = directory.write("large.json", std::string((4U << 20U) + 1, ' '));
  CHECK(read(large) == large.string() + ": is larger than 4 MiB, expected a specification of a few kilobytes");
  const auto full = directory.write("full.json", "{}" + std::string((4U << 20U) - 2, ' '));
  CHECK(read(full) == "accepted");
  CHECK(read(directory.write("empty.json", "")).find("not valid JSON") != std::string::npos);
}
