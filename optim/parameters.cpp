#include "parameters.hpp"

namespace xgrad XGRAD_API {
namespace optim {

Parameters::Parameters(std::vector<Tensor> tensors) : tensors(std::move(tensors)) {}
Parameters::Parameters(std::initializer_list<Tensor> tensors) : tensors(tensors) {}
Parameters::Parameters(const NamedTensors& named) {
  for (const auto& [name, tensor] : named) {
    tensors.push_back(tensor);
    names.push_back(name);
  }
}
Parameters::Parameters(std::initializer_list<std::pair<std::string, Tensor>> named) : Parameters(NamedTensors(named)) {}
Parameters::Parameters(const Parameters&) = default;
Parameters::Parameters(Parameters&&) noexcept = default;
Parameters& Parameters::operator=(const Parameters&) = default;
Parameters& Parameters::operator=(Parameters&&) noexcept = default;
Parameters::~Parameters() = default;

}  // namespace optim
}  // namespace xgrad
