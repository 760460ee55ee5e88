// All optimizers.
#pragma once

#include "adadelta.hpp"
#include "adafactor.hpp"
#include "adagrad.hpp"
#include "adam.hpp"
#include "adamax.hpp"
#include "asgd.hpp"
#include "clip.hpp"
#include "lion.hpp"
#include "muon.hpp"
#include "nadam.hpp"
#include "optimizer.hpp"
#include "radam.hpp"
#include "rmsprop.hpp"
#include "rprop.hpp"
#include "schedule/schedules.hpp"
#include "sgd.hpp"
