// Layers of this family, under the path that names the class: layers/dense.hpp.
#pragma once

#include "layers/dense.hpp"
