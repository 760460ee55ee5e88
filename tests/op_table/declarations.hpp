// Which functions the public headers declare that take a tensor: what the table must have rows for.
#pragma once

#include <map>
#include <string>

namespace xgrad::testing {

/// Adds the functions in the text of a header that take a tensor (Tensor, Operand, Inputs, alone or in a list), by
/// their name without xgrad::, and how many of that name: {"max", 2}, {"nn::dropout", 1}. A class that is called,
/// nn::Dense::operator(), counts by the class's name. Left out are deleted functions, private members, what is neither
/// exported nor defined in the header, and the namespaces internal and detail.
void add_functions_of_tensors(const std::string& header, std::map<std::string, int>& functions);

/// Those of all public headers.
std::map<std::string, int> functions_of_tensors();

}  // namespace xgrad::testing
