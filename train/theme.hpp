// Theme: the colours of pictures and reports.
#pragma once

#include <cstdint>

#include "../autograd/config.hpp"

namespace xgrad XGRAD_API {
namespace train {

/// Colours of a picture.
enum class Theme : std::uint8_t {
  automatic,  ///< as the page or system around an SVG picture is; PNG, which cannot know it: light
  light,      ///< dark on white
  dark,       ///< light on near black
};

}  // namespace train
}  // namespace xgrad
