// SPDX-License-Identifier: Apache-2.0
//
// What every chart needs to write itself as SVG: escaped text, short numbers, elements, one theme for light
// and dark, a logarithmic axis and markers. Standard library only.
// Lengths are SVG user units ("pixels"); x grows to the right and y downwards.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace opcost::plot {

// ---- text ---------------------------------------------------------------------------------------

/// The characters of a UTF-8 string, one piece each. Bytes that are not UTF-8 become U+FFFD and control
/// characters a space, because neither may stand in an XML document.
inline std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> pieces;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t k) { return k < text.size() ? static_cast<unsigned char>(text[k]) : 0U; };
    const unsigned lead = byte(i);
    std::size_t length = 1;
    if (lead >= 0x80) length = lead < 0xC2 || lead > 0xF4 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    for (std::size_t k = 1; k < length; ++k) {
      if (byte(i + k) < 0x80 || byte(i + k) > 0xBF) length = 0;
    }
    // Overlong forms, surrogates, U+FFFE and U+FFFF, and code points above U+10FFFF.
    if ((lead == 0xE0 && byte(i + 1) < 0xA0) || (lead == 0xED && byte(i + 1) > 0x9F) ||
        (lead == 0xEF && byte(i + 1) == 0xBF && byte(i + 2) > 0xBD) || (lead == 0xF0 && byte(i + 1) < 0x90) ||
        (lead == 0xF4 && byte(i + 1) > 0x8F)) {
      length = 0;
    }
    const bool control = lead < 0x20 || lead == 0x7F;
    pieces.push_back(length == 0 ? "\xEF\xBF\xBD" : control ? " " : text.substr(i, length));
    i += std::max<std::size_t>(length, 1);
  }
  return pieces;
}

/// Text made safe for XML content and attribute values.
inline std::string escaped(std::string_view text) {
  std::string result;
  for (const std::string_view c : characters(text)) {
    if (c == "&")
      result += "&amp;";
    else if (c == "<")
      result += "&lt;";
    else if (c == ">")
      result += "&gt;";
    else if (c == "\"")
      result += "&quot;";
    else
      result += c;
  }
  return result;
}

/// About how wide a text is, in pixels. The viewer's font is unknown, so this leans to the wide side.
inline double text_width(std::string_view text, double font_size) {
  double em = 0.0;
  for (const std::string_view c : characters(text)) {
    if (c.size() > 2)
      em += c.front() == '\xE2' ? 0.8 : 1.05;
    else if (std::string_view("iljI.,:;'|!ftr()[]/ ").find(c) != std::string_view::npos)
      em += 0.36;
    else if (std::string_view("mwMW%@").find(c) != std::string_view::npos)
      em += 0.88;
    else if (c.front() >= 'A' && c.front() <= 'Z')
      em += 0.68;
    else
      em += 0.585;
  }
  return em * font_size;
}

/// The text itself if it is at most `width` pixels wide, else its beginning and an ellipsis.
inline std::string shortened(std::string_view text, double width, double font_size) {
  if (text_width(text, font_size) <= width) return std::string(text);
  std::string result;
  for (const std::string_view c : characters(text)) {
    if (text_width(result + std::string(c) + "…", font_size) > width) break;
    result += c;
  }
  return result + "…";
}

/// Words joined by commas into lines of at most `width` pixels (a longer word has a line of its own).
inline std::vector<std::string> joined_lines(const std::vector<std::string>& words, double width,
                                             double font_size) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string word = words[i] + (i + 1 < words.size() ? "," : "");
    if (lines.empty() || text_width(lines.back() + " " + word, font_size) > width)
      lines.push_back(word);
    else
      lines.back() += " " + word;
  }
  return lines;
}

// ---- numbers ------------------------------------------------------------------------------------

/// A number with at most `decimals` digits after the point and no trailing zeros; "0" if it is not finite.
inline std::string number(double value, int decimals = 1) {
  std::array<char, 400> buffer{};
  if (!std::isfinite(value)) return "0";
  const auto end = std::to_chars(buffer.begin(), buffer.end(), value, std::chars_format::fixed, decimals).ptr;
  std::string text(buffer.begin(), end);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

/// A positive number with three significant digits and an SI prefix: 9.894e14 "FLOP/s" is "989 TFLOP/s".
/// Without a unit the prefix follows the number: 1000 is "1k".
inline std::string with_prefix(double value, std::string_view unit = "") {
  if (!(value > 0.0) || !std::isfinite(value)) return "0" + (unit.empty() ? "" : " " + std::string(unit));
  constexpr std::array<std::string_view, 9> prefixes{"", "k", "M", "G", "T", "P", "E", "Z", "Y"};
  std::size_t step = 0;
  while (value >= 999.5 && step + 1 < prefixes.size()) value /= 1000.0, ++step;
  const int decimals = std::clamp(2 - static_cast<int>(std::floor(std::log10(value) + 1e-9)), 0, 15);
  return number(value, decimals) + (unit.empty() ? "" : " ") + std::string(prefixes[step]) + std::string(unit);
}

/// Seconds with three significant digits and an SI prefix: 1e-5 is "10 µs".
inline std::string time_text(double seconds) {
  constexpr std::array<std::string_view, 5> units{"ms", "µs", "ns", "ps", "fs"};
  if (seconds >= 0.9995) return with_prefix(seconds, "s");
  std::size_t step = 0;
  for (seconds *= 1e3; seconds < 0.9995 && step + 1 < units.size(); seconds *= 1e3) ++step;
  return with_prefix(seconds) + " " + std::string(units[step]);
}

// ---- elements -----------------------------------------------------------------------------------

/// One SVG element, built up by chained calls: `Element("line").set("x1", 0).set("class", "grid").markup()`.
class Element {
 public:
  explicit Element(std::string_view name) : name_(name) {}
  Element& set(std::string_view attribute, std::string_view value) {
    attributes_ += " " + std::string(attribute) + "=\"" + escaped(value) + "\"";
    return *this;
  }
  Element& set(std::string_view attribute, double value) { return set(attribute, number(value)); }
  Element& text(std::string_view content) { return content_ += escaped(content), *this; }
  Element& add(std::string_view child_markup) { return content_ += child_markup, *this; }
  Element& add(const Element& child) { return add(child.markup()); }
  std::string markup() const {
    const std::string start = "<" + name_ + attributes_;
    return (content_.empty() ? start + "/>" : start + ">" + content_ + "</" + name_ + ">") + "\n";
  }

 private:
  std::string name_, attributes_, content_;
};

struct Position {
  double x = 0.0, y = 0.0;
};
struct Segment {
  Position from, to;
};
struct Box {
  double left = 0.0, top = 0.0, right = 0.0, bottom = 0.0;
};
enum class Align { start, middle, end };

inline Element line_element(Segment s, std::string_view css_class) {
  Element line("line");
  line.set("x1", s.from.x).set("y1", s.from.y).set("x2", s.to.x).set("y2", s.to.y);
  return line.set("class", css_class);
}

/// One line of text; `at` is on its baseline.
inline Element text_element(Position at, std::string_view text, std::string_view css_class,
                            Align align = Align::start) {
  Element element("text");
  element.set("x", at.x).set("y", at.y).set("class", css_class).text(text);
  if (align != Align::start) element.set("text-anchor", align == Align::middle ? "middle" : "end");
  return element;
}

/// The outline of series number `series`' markers, about the origin and about one pixel in radius: five shapes.
inline std::string_view marker_shape(std::size_t series) {
  constexpr std::array<std::string_view, 5> shapes{"M-1 0A1 1 0 0 1 1 0A1 1 0 0 1-1 0Z",
                                                   "M0-1.3L1.3 0L0 1.3L-1.3 0Z", "M0-1.3L1.2 .85H-1.2Z",
                                                   "M-.92-.92H.92V.92H-.92Z", "M0 1.3L1.2-.85H-1.2Z"};
  return shapes[series % shapes.size()];
}

/// The marker of series number `series`: five shapes and six colours, so thirty series look different.
inline Element marker_element(Position at, std::size_t series, double radius) {
  const std::string transform =
      "translate(" + number(at.x) + " " + number(at.y) + ") scale(" + number(radius) + ")";
  Element path("path");
  path.set("d", marker_shape(series)).set("transform", transform).set("class", "marker");
  return path.set("stroke-width", number(1.2 / radius, 2));
}

/// The CSS class that gives series number `series` its colour.
inline std::string series_class(std::size_t series) { return "s" + number(static_cast<double>(series % 6)); }

/// The style sheet of every chart. Colours sit on `color` and shapes use currentColor, as not every renderer
/// knows CSS variables. Series hues are after Okabe and Ito (colour-blind safe), set darker to be legible as
/// text.
inline std::string theme_style() {
  constexpr std::string_view rules = R"(
.opcost{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",Arial,sans-serif;
font-size:12px;color:#1f2328}
.opcost text{fill:currentColor}
.opcost .title{font-size:20px;font-weight:650}
.opcost .strong{font-weight:600}
.opcost .halo{paint-order:stroke;stroke:#fff;stroke-width:3.5px;stroke-linejoin:round}
.opcost .paper{fill:#fff;stroke:#d1d9e0}
.opcost .muted{color:#59636e}
.opcost .grid{stroke:#e4e8ec}
.opcost .minor{stroke:#f3f5f7}
.opcost .axis{stroke:#8c959f}
.opcost .leader{fill:none;stroke:#818b98;stroke-width:.9}
.opcost .curve{fill:none;stroke:currentColor;stroke-width:2.25;stroke-linejoin:round;stroke-linecap:round}
.opcost .under{stroke-width:5.5;stroke-opacity:.45}
.opcost .drop{stroke:currentColor;stroke-dasharray:3 4;stroke-opacity:.75}
.opcost .marker{fill:currentColor;stroke:#fff}
.opcost .s0{color:#0068b5}.opcost .s1{color:#c44a00}.opcost .s2{color:#007f5f}
.opcost .s3{color:#a2398f}.opcost .s4{color:#856600}.opcost .s5{color:#53606d}
@media (prefers-color-scheme:dark){
.opcost{color:#e6edf3}
.opcost .halo{stroke:#0d1117}
.opcost .paper{fill:#0d1117;stroke:#30363d}
.opcost .muted{color:#9aa4af}
.opcost .grid{stroke:#252b33}
.opcost .minor{stroke:#171c23}
.opcost .axis{stroke:#6e7681}
.opcost .leader{stroke:#7d8590}
.opcost .marker{stroke:#0d1117}
.opcost .s0{color:#58b0f5}.opcost .s1{color:#ff9350}.opcost .s2{color:#3ccfa0}
.opcost .s3{color:#e896d2}.opcost .s4{color:#e3c04f}.opcost .s5{color:#aab4bf}
}
)";
  return Element("style").add(rules).markup();
}

/// A complete chart of that many pixels: its title and description, the style sheet, the paper and the body.
inline std::string svg_document(std::string_view title, std::string_view description, std::string_view body,
                                double width, double height) {
  Element svg("svg"), paper("rect");
  svg.set("xmlns", "http://www.w3.org/2000/svg").set("class", "opcost").set("role", "img");
  svg.set("viewBox", "0 0 " + number(width) + " " + number(height)).set("width", width).set("height", height);
  svg.add("\n").add(Element("title").text(title)).add(Element("desc").text(description)).add(theme_style());
  paper.set("x", 0.5).set("y", 0.5).set("width", width - 1.0).set("height", height - 1.0).set("rx", 12);
  return svg.add(paper.set("class", "paper")).add(body).markup();
}

// ---- linear axis --------------------------------------------------------------------------------

/// A linear axis from 0: `high` is drawn at pixel `end`, 0 at `start`.
struct LinearAxis {
  double high = 1.0, start = 0.0, end = 1.0;

  double at(double value) const { return start + (end - start) * value / high; }

  /// Multiples of 1, 2 or 5 times a power of ten, four to nine of them.
  std::vector<double> ticks() const {
    double distance = std::pow(10.0, std::floor(std::log10(high / 4.0)));
    for (const double factor : {2.0, 2.5}) {
      if (high / distance > 9.0) distance *= factor;
    }
    std::vector<double> values;
    for (int i = 0; distance * i <= high * (1.0 + 1e-9); ++i) values.push_back(distance * i);
    return values;
  }
};

// ---- logarithmic axis ---------------------------------------------------------------------------

/// A logarithmic axis: `low` is drawn at pixel `start` and `high` at pixel `end`; 0 < low < high.
struct LogAxis {
  double low = 1.0, high = 10.0, start = 0.0, end = 1.0;

  double at(double value) const {
    return start + (end - start) * (std::log(value) - std::log(low)) / (std::log(high) - std::log(low));
  }
  double decades() const { return std::log10(high) - std::log10(low); }

  /// Multiples of powers of ten in range, such as {1} or {1, 2, 5}; every `stride`-th decade.
  std::vector<double> multiples(const std::vector<double>& factors, int stride = 1) const {
    std::vector<double> values;
    const int first = static_cast<int>(std::floor(std::log10(low))) - 1;
    for (int decade = first; decade <= first + static_cast<int>(decades()) + 3; ++decade) {
      if (decade % stride != 0) continue;
      for (const double factor : factors) {
        const double value = factor * std::pow(10.0, decade);
        if (value > low * (1.0 - 1e-9) && value < high * (1.0 + 1e-9)) values.push_back(value);
      }
    }
    return values;
  }
  /// The labelled ticks: decades, or 1-2-5 steps where there are few decades.
  std::vector<double> ticks() const {
    if (decades() < 2.2) return multiples({1.0, 2.0, 5.0});
    return multiples({1.0}, static_cast<int>(decades() / 9.0) + 1);
  }
  /// The unlabelled ticks between decades; none where they would be crowded.
  std::vector<double> minor_ticks() const {
    return decades() > 8.0 ? std::vector<double>{} : multiples({2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0});
  }
};

}  // namespace opcost::plot
