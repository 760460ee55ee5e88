// All operators.
#pragma once

#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/index.hpp"
#include "autograd/ops/linalg.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/random.hpp"
#include "autograd/ops/reduce.hpp"
