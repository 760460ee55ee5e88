// A user's own header, whose path is also that of one of xgrad's.
#pragma once

#define MINE_TENSOR 1
