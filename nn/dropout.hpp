// Layers of this family, under the path that names the class: layers/dropout.hpp.
#pragma once

#include "layers/dropout.hpp"
