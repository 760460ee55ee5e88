// Layers of this family, under the path that names the class: layers/flatten.hpp.
#pragma once

#include "layers/flatten.hpp"
