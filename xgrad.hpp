// Everything but the bridge to xtensor (autograd/xtensor.hpp).
#pragma once

#include "autograd/dtype.hpp"
#include "autograd/error.hpp"
#include "autograd/extend.hpp"
#include "autograd/grad.hpp"
#include "autograd/memory.hpp"
#include "autograd/ops.hpp"
#include "autograd/rule.hpp"
#include "autograd/shape.hpp"
#include "autograd/tensor.hpp"
#include "autograd/threads.hpp"
#include "autograd/version.hpp"
