// All operators.
#pragma once

#include "ops/create.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/linalg.hpp"
#include "ops/loss.hpp"
#include "ops/movement.hpp"
#include "ops/random.hpp"
#include "ops/reduce.hpp"
