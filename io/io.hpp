// Files of tensors, models and training runs.
#pragma once

#include "checkpoint.hpp"
#include "checkpoints.hpp"
#include "npy.hpp"
#include "preparation.hpp"
#include "safetensors.hpp"
#include "save.hpp"
