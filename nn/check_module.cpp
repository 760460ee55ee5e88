#include "check_module.hpp"

#include "../autograd/grad_mode.hpp"
#include "../autograd/ops/cast.hpp"
#include "../autograd/ops/create.hpp"

namespace xgrad XGRAD_API {
namespace nn {
namespace detail {

ModuleCheck::ModuleCheck(const Module& copy, const std::vector<Tensor>& inputs, const CheckModuleOptions& options,
                         SourceLocation where)
    : options_(options.gradcheck), where_(where) {
  NoGrad no_grad;
  Module(copy).to(DType::float64, where);
  for (const auto& [name, parameter] : copy.named_parameters())
    if (parameter.requires_grad()) variables_.emplace_back(name, parameter);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    check(inputs[i].defined(), where, "check_module: input ", i, " must be a tensor, but it is undefined.");
    Tensor input = xgrad::copy(inputs[i].detach());
    if (is_floating(input.dtype())) {
      input = cast(input, DType::float64).set_requires_grad();
      variables_.emplace_back(concat("input ", i), input);
    }
    inputs_.push_back(std::move(input));
  }
  for (const auto& [name, buffer] : copy.named_buffers()) buffers_->emplace_back(buffer, xgrad::copy(buffer));
  generators_->emplace_back(&default_generator(), default_generator());
  for (Generator* generator : options.generators) generators_->emplace_back(generator, *generator);
}

ModuleCheck::~ModuleCheck() {
  for (auto& [generator, was] : *generators_) *generator = was;
}

void ModuleCheck::put_back() {
  for (auto& [buffer, was] : *buffers_) buffer.assign(was, where_);
  for (auto& [generator, was] : *generators_) *generator = was;
}

GradcheckReport ModuleCheck::run(const functional::Differentiated& f) {
  if (variables_.empty()) {
    f(inputs_);  // says what it refuses
    return {};
  }
  return gradcheck(
      [&]() -> Tensor {
        put_back();
        return f(inputs_);
      },
      variables_, options_, where_);
}

}  // namespace detail
}  // namespace nn
}  // namespace xgrad
