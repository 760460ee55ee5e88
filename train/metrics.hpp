// Metrics: how well a model does, as numbers in float64.
#pragma once

#include "classification.hpp"
#include "probability.hpp"
#include "ranking.hpp"
#include "regression.hpp"
#include "running_mean.hpp"
