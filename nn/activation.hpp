// Layers of this family, under the path that names the class: layers/activation.hpp.
#pragma once

#include "layers/activation.hpp"
