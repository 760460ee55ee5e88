#include "state.hpp"

namespace xgrad::optim {

void State::fail_to_find(std::string_view name) {
  fail<std::logic_error>({},
                         concat("State: what is asked for must be kept, but '", name, "' is not. List it in keeps()."));
}

}  // namespace xgrad::optim
