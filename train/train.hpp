// What surrounds a training loop: small objects, each usable in anybody's own loop.
#pragma once

#include "image.hpp"
#include "plot.hpp"
#include "running_mean.hpp"
