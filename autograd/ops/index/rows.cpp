#include "rows.hpp"

namespace xgrad::internal {

void check_fits(const char* operation, const char* inner_name, const Shape& inner, const char* outer_name,
                const Shape& outer, int except, SourceLocation where) {
  Shape small = at_least_1d(inner), large = at_least_1d(outer);
  bool fits = small.ndim() == large.ndim();
  for (int k = 0; fits && k < small.ndim(); ++k) fits = k == except || small[k] <= large[k];
  if (fits) [[likely]]
    return;
  std::string but = except >= 0 ? concat(" but axis ", except) : "";
  fail<std::invalid_argument>(
      where, concat(operation, ": ", inner_name, " must have as many axes as ", outer_name, " and be no larger in any",
                    but, ", but they are ", inner, " and ", outer, "."));
}

}  // namespace xgrad::internal
