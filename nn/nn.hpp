// Everything of xgrad::nn.
#pragma once

#include "call.hpp"
#include "check.hpp"
#include "copy.hpp"
#include "init.hpp"
#include "layers/activation.hpp"
#include "layers/dense.hpp"
#include "layers/dropout.hpp"
#include "layers/flatten.hpp"
#include "losses.hpp"
#include "module.hpp"
#include "parameter.hpp"
#include "sequential.hpp"
#include "state.hpp"
