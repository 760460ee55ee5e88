// Everything but the bridge to xtensor (autograd/xtensor.hpp) and the helpers of test suites
// (autograd/check/check_operator.hpp, autograd/check/catch.hpp).
#pragma once

#include "autograd/check/anomaly.hpp"
#include "autograd/check/gradcheck.hpp"
#include "autograd/dtype.hpp"
#include "autograd/each.hpp"
#include "autograd/error.hpp"
#include "autograd/extend.hpp"
#include "autograd/function.hpp"
#include "autograd/functional.hpp"
#include "autograd/grad.hpp"
#include "autograd/map.hpp"
#include "autograd/memory.hpp"
#include "autograd/ops.hpp"
#include "autograd/rule.hpp"
#include "autograd/shape.hpp"
#include "autograd/tensor.hpp"
#include "autograd/threads.hpp"
#include "autograd/version.hpp"
#include "data/data.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
