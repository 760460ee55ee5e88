// Everything: a short name for <xgrad/xgrad.hpp>.
#pragma once

#include "xgrad/xgrad.hpp"
