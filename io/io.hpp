// Files of tensors, models and training runs.
#pragma once

#include "safetensors.hpp"
