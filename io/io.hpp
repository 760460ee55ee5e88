// Files of tensors, models and training runs.
#pragma once

#include "npy.hpp"
#include "safetensors.hpp"
