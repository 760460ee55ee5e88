#include "svg.hpp"

#include <charconv>
#include <cmath>

#include "../../autograd/error.hpp"
#include "font.hpp"

namespace xgrad::train::detail {

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : cleaned(text)) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else
      out += c;
  }
  return out;
}

std::string short_number(double value) {
  if (!std::isfinite(value)) return "0";
  char text[64];
  const double hundredths = std::round(value * 100);
  const auto [end, error] =
      std::to_chars(text, text + sizeof text, hundredths == 0 ? 0.0 : hundredths / 100, std::chars_format::fixed);
  return std::string(text, error == std::errc() ? end : text);
}

namespace {

std::string rules_of(const Palette& palette) {
  std::string rules;
  for (int i = 0; i < kInks; ++i) {
    const std::string name = std::to_string(i), colour = hex(palette[static_cast<std::size_t>(i)]);
    rules += concat(".f", name, "{fill:", colour, "}.s", name, "{stroke:", colour, "}");
  }
  return rules;
}

}  // namespace

std::string svg_style(Theme theme) {
  std::string style = rules_of(palette_of(theme));
  if (theme == Theme::automatic)
    style += "@media(prefers-color-scheme:dark){" + rules_of(palette_of(Theme::dark)) + "}";
  return style;
}

/// A class where the scheme decides, else the colour itself, which programs without style sheets know as well.
void SvgCanvas::fill(Paint paint) {
  if (theme_ == Theme::automatic)
    body_ += " class=\"f" + std::to_string(paint.ink) + "\"";
  else
    body_ += " fill=\"" + hex(palette_of(theme_)[static_cast<std::size_t>(paint.ink)]) + "\"";
  if (paint.opacity < 1) body_ += " fill-opacity=\"" + short_number(paint.opacity) + "\"";
}

void SvgCanvas::stroke(Paint paint) {
  if (theme_ == Theme::automatic)
    body_ += " class=\"s" + std::to_string(paint.ink) + "\"";
  else
    body_ += " stroke=\"" + hex(palette_of(theme_)[static_cast<std::size_t>(paint.ink)]) + "\"";
  if (paint.opacity < 1) body_ += " stroke-opacity=\"" + short_number(paint.opacity) + "\"";
}

void SvgCanvas::end_element() {
  if (description_.empty()) {
    body_ += "/>\n";
    return;
  }
  // The element's name stands after its last "<".
  const std::size_t start = body_.rfind('<') + 1;
  const std::string name = body_.substr(start, body_.find_first_of(" >", start) - start);
  body_ += "><title>" + escaped(description_) + "</title></" + name + ">\n";
}

void SvgCanvas::polygon(std::span<const Point> corners, Paint paint) {
  body_ += "<path d=\"";
  for (std::size_t i = 0; i < corners.size(); ++i)
    body_ += (i == 0 ? "M" : "L") + short_number(corners[i].x) + " " + short_number(corners[i].y);
  body_ += "Z\"";
  fill(paint);
  end_element();
}

void SvgCanvas::rectangle(Box box, Paint paint, double radius) {
  body_ += "<rect x=\"" + short_number(box.x) + "\" y=\"" + short_number(box.y) + "\" width=\"" +
           short_number(box.width) + "\" height=\"" + short_number(box.height) + "\"";
  // Without the half-covered pixels at their sides, rectangles that touch show no seam.
  body_ += radius > 0 ? " rx=\"" + short_number(radius) + "\"" : " shape-rendering=\"crispEdges\"";
  fill(paint);
  end_element();
}

void SvgCanvas::line(std::span<const Point> points, Paint paint, double width, Dash dash) {
  if (points.empty()) return;
  body_ += "<path fill=\"none\" d=\"";
  for (std::size_t i = 0; i < points.size(); ++i)
    body_ += (i == 0 ? "M" : "L") + short_number(points[i].x) + " " + short_number(points[i].y);
  body_ += "\" stroke-width=\"" + short_number(width) + "\" stroke-linejoin=\"round\" stroke-linecap=\"round\"";
  if (dash != Dash::none)
    body_ += " stroke-dasharray=\"" + short_number(dash == Dash::dashed ? 2.5 * width : 0.1) + " " +
             short_number(2.5 * width) + "\"";
  stroke(paint);
  end_element();
}

void SvgCanvas::dot(Point centre, double radius, Paint paint) {
  body_ += "<circle cx=\"" + short_number(centre.x) + "\" cy=\"" + short_number(centre.y) + "\" r=\"" +
           short_number(radius) + "\"";
  fill(paint);
  end_element();
}

void SvgCanvas::text(Point place, std::string_view text, const TextStyle& style) {
  const std::string x = short_number(place.x), y = short_number(place.y);
  body_ += "<text x=\"" + x + "\" y=\"" + y + "\" font-size=\"" + short_number(style.size) + "\"";
  if (style.anchor != Anchor::start)
    body_ += style.anchor == Anchor::middle ? " text-anchor=\"middle\"" : " text-anchor=\"end\"";
  if (style.upwards) body_ += " transform=\"rotate(-90 " + x + " " + y + ")\"";
  fill(style.ink);
  body_ += ">" + escaped(text) + "</text>\n";
}

void SvgCanvas::image(Box box, const Pixels& pixels) {
  body_ += "<image x=\"" + short_number(box.x) + "\" y=\"" + short_number(box.y) + "\" width=\"" +
           short_number(box.width) + "\" height=\"" + short_number(box.height) +
           "\" preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" href=\"data:image/png;base64," +
           base64(png_of(pixels)) + "\"";
  end_element();
}

// A picture in the picture: a clipPath would need a name, and names are shared by all pictures of a page.
void SvgCanvas::clip(Box box) {
  const std::string x = short_number(box.x), y = short_number(box.y), width = short_number(box.width),
                    height = short_number(box.height);
  body_ += "<svg x=\"" + x + "\" y=\"" + y + "\" width=\"" + width + "\" height=\"" + height + "\" viewBox=\"" + x +
           " " + y + " " + width + " " + height + "\">\n";
}

void SvgCanvas::unclip() { body_ += "</svg>\n"; }

std::string SvgCanvas::picture(double width, double height, std::string_view title, bool is_part) const {
  std::string out = "<svg";
  if (!is_part) out += " xmlns=\"http://www.w3.org/2000/svg\"";
  out += " viewBox=\"0 0 " + short_number(width) + " " + short_number(height) + "\" width=\"" + short_number(width) +
         "\" height=\"" + short_number(height) + "\" role=\"img\"";
  if (!title.empty()) out += " aria-label=\"" + escaped(title) + "\"";
  out += " font-family=\"'DejaVu Sans',Verdana,system-ui,sans-serif\">\n";
  if (!is_part && theme_ == Theme::automatic) out += "<style>" + svg_style(theme_) + "</style>\n";
  return out + body_ + "</svg>\n";
}

}  // namespace xgrad::train::detail
