#include "checkpoint.hpp"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "../autograd/grad_mode.hpp"
#include "../autograd/ops/cast.hpp"
#include "../autograd/ops/create.hpp"
#include "../autograd/random_state.hpp"
#include "../optim/detail/json_tree.hpp"
#include "../optim/detail/restore.hpp"
#include "detail/file.hpp"
#include "detail/names.hpp"

namespace xgrad XGRAD_API {
namespace io {
namespace {

using detail::check_file;
using detail::fail_file;
using detail::Shown;
using detail::shown_name;
using nlohmann::json;
using optim::JsonTree;
using optim::parsed_json;

constexpr std::string_view kFormat = "format", kCheckpoint = "xgrad.checkpoint";
constexpr std::string_view kFormatVersion = "format_version", kVersion = "1";
constexpr std::string_view kRandom = "random", kParts = "parts";

/// A number as text that reads back as the same bits, infinities as well.
std::string as_text(double number) {
  char text[40];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

std::optional<double> as_number(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

NamedTensors copies(const NamedTensors& tensors) {
  NoGrad no_grad;
  NamedTensors copied;
  for (const auto& [name, tensor] : tensors) copied.emplace_back(name, copy(tensor.detach()));
  return copied;
}

/// What writes the elements that the tensors have now into them.
Function<void()> write_back(NamedTensors tensors, NamedTensors more = {}) {
  for (auto& entry : more) tensors.push_back(std::move(entry));
  return [before = copies(tensors), tensors]() mutable {
    for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].second.assign(before[i].second);
  };
}

/// Gives the variable a value; answers with what gives it the one it had.
template <class T>
Function<void()> exchanged(T& variable, T value) {
  T* const own = &variable;
  Function<void()> exchange = [own, value = std::move(value)]() mutable { std::swap(*own, value); };
  exchange();
  return exchange;
}

json as_json(const GeneratorState& state) { return json::array({state.seed, state.stream, state.position}); }

json as_json(const optim::NamedNumbers& numbers) {
  json list = json::array();
  for (const auto& [name, number] : numbers) list.push_back(json::array({name, as_text(number)}));
  return list;
}

}  // namespace

/// What load() reads from: a file, or the states before it, where it has to put them back.
struct Checkpoint::File {
  const Contents& contents;
  const std::string& path;
  SourceLocation where;

  /// How large the tree of a text may become: a few times the file's size.
  std::size_t most_json() const {
    std::size_t bytes = 16 << 10;
    for (const auto& [name, text] : contents.metadata) bytes += 6 * (name.size() + text.size());
    for (const auto& [name, tensor] : contents.tensors)
      bytes += 6 * static_cast<std::size_t>(tensor.numel()) * size_of(tensor.dtype());
    return bytes;
  }
  /// The tensors whose names begin with the part's and a dot, without that.
  NamedTensors tensors_of(const std::string& part) const {
    NamedTensors tensors;
    for (const auto& [name, tensor] : contents.tensors)
      if (name.size() > part.size() && name.starts_with(part) && name[part.size()] == '.')
        tensors.emplace_back(name.substr(part.size() + 1), tensor);
    return tensors;
  }

  /// What the file says of a part, which must be of that kind.
  JsonTree description(const std::string& part, std::string_view kind) const {
    JsonTree read = parsed(part);
    const auto found = read.find("kind");
    if (found == read.end() || !found->is_string())
      fail_file(path, concat("part ", shown_name(part), ": its kind must be said, but is not"));
    if (found->get<std::string>() != kind)
      refuse(part, concat("it must be of the kind ", kind, ", but in the file it is ",
                          shown_name(found->get<std::string>())));
    return read;
  }
  JsonTree parsed(const std::string& part) const {
    const std::string* text = contents.text(part);
    if (text == nullptr) refuse(part, "it must be in the file, but is not");
    JsonTree read = parsed_json(*text, most_json());
    check_file(read.is_object(), path, "part ", Shown{part},
               ": what the file says of it must be a JSON object, but it is none");
    return read;
  }
  template <class T>
  T get(const json& object, const std::string& part, const char* key) const {
    const auto found = object.find(key);
    if (found != object.end()) {
      if constexpr (std::same_as<T, bool>) {
        if (found->is_boolean()) return found->get<bool>();
      } else if constexpr (std::same_as<T, std::string>) {
        if (found->is_string()) return found->get<std::string>();
      } else if constexpr (std::same_as<T, std::uint64_t>) {
        if (found->is_number_unsigned()) return found->get<std::uint64_t>();
      } else {
        static_assert(std::same_as<T, std::int64_t>);
        if (found->is_number_integer() && (!found->is_number_unsigned() || found->get<std::uint64_t>() >> 63 == 0))
          return found->get<std::int64_t>();
      }
    }
    refuse_form(part, key);
  }
  /// The list of that name within an object, which must outlive it.
  const json& list(const json& object, const std::string& part, const char* key) const {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_array()) refuse_form(part, key);
    return *found;
  }
  [[noreturn]] void refuse_form(const std::string& part, const char* key) const {
    fail_file(path, concat("part ", shown_name(part), ": what the file says of it must have ", std::string_view(key),
                           " in its form, but it has not"));
  }
  GeneratorState generator(const json& list, const std::string& part) const {
    check_file(list.is_array() && list.size() == 3 && list[0].is_number_unsigned() && list[1].is_number_unsigned() &&
                   list[2].is_number_unsigned(),
               path, "part ", Shown{part}, ": a generator must be seed, stream and position, but one is not");
    return {list[0].get<std::uint64_t>(), list[1].get<std::uint64_t>(), list[2].get<std::uint64_t>()};
  }
  optim::NamedNumbers numbers(const json& list, const std::string& part) const {
    optim::NamedNumbers numbers;
    for (const json& one : list) {
      std::optional<double> number;
      if (one.is_array() && one.size() == 2 && one[0].is_string() && one[1].is_string())
        number = as_number(one[1].get_ref<const std::string&>());
      if (!number)
        fail_file(path, concat("part ", shown_name(part), ": a number must have a name and be one, but one is not"));
      numbers.emplace_back(one[0].get<std::string>(), *number);
    }
    return numbers;
  }
  /// Runs what takes a part over, and has its std::invalid_argument name file and part.
  template <class F>
  void take(const std::string& part, const F& run) const {
    try {
      run();
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(
          concat(shortened(path, 160), ": part ", shown_name(part), ": ", std::string_view(error.what())));
    }
  }
  [[noreturn]] void refuse(const std::string& part, const std::string& problem) const {
    throw std::invalid_argument(with_place(
        shortened(concat(path, ": part ", shown_name(part), ": ", problem, ". Nothing was changed.")), where));
  }
};

namespace {

/// Takes a part over in several steps; where one throws, what they did is undone.
void take_or_undo(const auto& file, const std::string& part, const Function<void()>& undo, const auto& run) {
  try {
    file.take(part, run);
  } catch (...) {
    try {
      undo();
    } catch (...) {  // an object of the user's: what stopped it first is what is to be known
    }
    throw;
  }
}

}  // namespace

Checkpoint::Checkpoint() = default;
Checkpoint::Checkpoint(const Checkpoint&) = default;
Checkpoint::Checkpoint(Checkpoint&&) noexcept = default;
Checkpoint& Checkpoint::operator=(const Checkpoint&) = default;
Checkpoint& Checkpoint::operator=(Checkpoint&&) noexcept = default;
Checkpoint::~Checkpoint() = default;

// ---- Parts ----

Checkpoint& Checkpoint::add_part(const std::string& name, Function<void(Contents&)> save,
                                 Function<Undo(const File&)> load, SourceLocation where) {
  check(!name.empty() && name.find('.') == name.npos && detail::is_utf8(name), where,
        "Checkpoint: a part's name must be UTF-8 without a dot, but it is ", Shown{name}, '.');
  bool is_taken = name == kFormat || name == kFormatVersion || name == kRandom || name == kParts;
  for (const Part& part : *parts_) is_taken = is_taken || part.name == name;
  check(!is_taken, where, "Checkpoint: each part must have a name of its own, but ", Shown{name}, " is taken.");
  parts_->push_back({name, std::move(save), std::move(load)});
  return *this;
}

Checkpoint& Checkpoint::add_contents(const std::string& name, const Function<Contents()>& state,
                                     Function<void(const Contents&)> load, SourceLocation where) {
  return add_part(
      name,
      [name, state](Contents& to) {
        to.metadata.emplace_back(name, json({{"kind", "contents"}}).dump());
        Contents own = state();
        for (auto& [key, tensor] : own.tensors) to.tensors.emplace_back(concat(name, '.', key), std::move(tensor));
        for (auto& [key, text] : own.metadata) to.metadata.emplace_back(concat(name, '.', key), std::move(text));
      },
      [name, state, load](const File& file) {
        file.description(name, "contents");
        Contents own{.tensors = file.tensors_of(name), .metadata = {}};
        for (const auto& [key, text] : file.contents.metadata)
          if (key.starts_with(name + '.')) own.metadata.emplace_back(key.substr(name.size() + 1), text);
        Contents before = state();
        before.tensors = copies(before.tensors);
        Undo undo = [load, before = std::move(before)] { load(before); };
        take_or_undo(file, name, undo, [&] { load(own); });
        return undo;
      },
      where);
}

Checkpoint& Checkpoint::add_numbers(const std::string& name, const char* kind,
                                    const Function<optim::NamedNumbers()>& state,
                                    Function<void(const optim::NamedNumbers&)> load, SourceLocation where) {
  return add_part(
      name,
      [name, kind, state](Contents& to) {
        to.metadata.emplace_back(name, json({{"kind", kind}, {"numbers", as_json(state())}}).dump());
      },
      [name, kind, state, load](const File& file) {
        const JsonTree said = file.description(name, kind);
        const optim::NamedNumbers numbers = file.numbers(file.list(said, name, "numbers"), name);
        Undo undo = [load, before = state()] { load(before); };
        take_or_undo(file, name, undo, [&] { load(numbers); });
        return undo;
      },
      where);
}

Checkpoint& Checkpoint::add(const std::string& name, nn::Module& model, SourceLocation where) {
  return add_part(
      name,
      [name, model](Contents& to) {
        to.metadata.emplace_back(name, json({{"kind", "module"}, {"class", model.class_name()}}).dump());
        for (auto& [key, tensor] : model.state()) to.tensors.emplace_back(concat(name, '.', key), tensor);
      },
      [name, model](const File& file) mutable {
        file.description(name, "module");
        Undo undo = write_back(model.named_parameters(), model.named_buffers());
        file.take(name, [&] { model.load(file.tensors_of(name), file.where); });
        return undo;
      },
      where);
}

Checkpoint& Checkpoint::add(const std::string& name, optim::Optimizer& optimizer, SourceLocation where) {
  optim::Optimizer* const own = &optimizer;
  return add_part(
      name,
      [name, own](Contents& to) {
        json said = {{"kind", "optimizer"}};
        for (const auto& [key, text] : own->metadata()) said[key] = text;
        optim::NamedNumbers rates;
        for (int group = 0; group < own->group_count(); ++group) {
          rates.emplace_back(concat("lr.", group), own->lr(group));
          if (const std::optional<double> momentum = own->momentum(group))
            rates.emplace_back(concat("momentum.", group), *momentum);
        }
        said["rates"] = as_json(rates);
        to.metadata.emplace_back(name, said.dump());
        for (auto& [key, tensor] : own->state()) to.tensors.emplace_back(concat(name, '.', key), tensor);
      },
      [name, own](const File& file) {
        const JsonTree said = file.description(name, "optimizer");
        optim::Metadata metadata;
        for (const auto& [key, text] : said.items())
          if (key != "kind" && text.is_string()) metadata.emplace_back(key, text.get<std::string>());
        const optim::NamedNumbers rates = file.numbers(file.list(said, name, "rates"), name);
        int groups = 0;
        for (const auto& [key, rate] : rates) groups += key.starts_with("lr.");
        if (groups != own->group_count())
          file.refuse(name, concat("the optimizer must have as many groups as in the file, but it has ",
                                   own->group_count(), ", and the file ", groups));
        Undo undo = optim::Restore::of(*own);
        take_or_undo(file, name, undo, [&] {
          own->load_state(file.tensors_of(name), metadata, file.where);
          for (const auto& [key, rate] : rates)
            for (int group = 0; group < groups; ++group) {
              if (key == concat("lr.", group)) own->set_group_lr(group, rate, file.where);
              if (key == concat("momentum.", group)) own->set_group_momentum(group, rate, file.where);
            }
        });
        return undo;
      },
      where);
}

Checkpoint& Checkpoint::add(const std::string& name, optim::Schedule& schedule, SourceLocation where) {
  optim::Schedule* const own = &schedule;
  return add_part(
      name,
      [name, own](Contents& to) {
        to.metadata.emplace_back(
            name, json({{"kind", "schedule"}, {"class", own->name()}, {"numbers", as_json(own->state())}}).dump());
      },
      [name, own](const File& file) {
        const JsonTree said = file.description(name, "schedule");
        const auto saved_by = file.get<std::string>(said, name, "class");
        if (saved_by != own->name())
          file.refuse(name, concat("it must be a ", own->name(), ", but in the file it is a ", shown_name(saved_by)));
        const optim::NamedNumbers numbers = file.numbers(file.list(said, name, "numbers"), name);
        Undo undo = optim::Restore::of(*own);
        file.take(name, [&] { own->load_state(numbers, file.where); });
        return undo;
      },
      where);
}

Checkpoint& Checkpoint::add(const std::string& name, data::BatchPosition& position, SourceLocation where) {
  data::BatchPosition* const own = &position;
  return add_part(
      name,
      [name, own](Contents& to) {
        to.metadata.emplace_back(name,
                                 json({{"kind", "batches"}, {"passes", own->passes}, {"points", own->points}}).dump());
        if (own->order.defined()) to.tensors.emplace_back(name + ".order", own->order);
      },
      [name, own](const File& file) {
        const JsonTree said = file.description(name, "batches");
        data::BatchPosition read;
        read.passes = file.get<std::int64_t>(said, name, "passes");
        read.points = file.get<std::int64_t>(said, name, "points");
        for (auto& [key, tensor] : file.tensors_of(name)) {
          check_file(key == "order", file.path, "part ", Shown{name},
                     ": a position in the data has an order, but there is ", Shown{key});
          read.order = tensor;
        }
        return exchanged(*own, std::move(read));
      },
      where);
}

Checkpoint& Checkpoint::add(const std::string& name, Generator& generator, SourceLocation where) {
  Generator* const own = &generator;
  return add_part(
      name,
      [name, own](Contents& to) {
        to.metadata.emplace_back(name, json({{"kind", "generator"}, {"state", as_json(state_of(*own))}}).dump());
      },
      [name, own](const File& file) {
        const JsonTree said = file.description(name, "generator");
        return exchanged(*own, generator_at(file.generator(file.list(said, name, "state"), name)));
      },
      where);
}

Checkpoint& Checkpoint::add(const std::string& name, Tensor& tensor, SourceLocation where) {
  Tensor* const own = &tensor;
  return add_part(
      name,
      [name, own](Contents& to) {
        to.metadata.emplace_back(name, json({{"kind", "tensor"}}).dump());
        if (own->defined()) to.tensors.emplace_back(name, own->detach());
      },
      [name, own](const File& file) {
        file.description(name, "tensor");
        const Tensor read = file.contents.contains(name) ? file.contents[name] : Tensor();
        if (!own->defined() || !own->requires_grad()) return exchanged(*own, read);
        if (!read.defined() || read.dtype() != own->dtype() || read.shape() != own->shape())
          file.refuse(name, concat("the variable must be what the file has, but it is ", own->dtype(), ' ',
                                   own->shape(), ", and the file has ",
                                   read.defined() ? concat(read.dtype(), ' ', read.shape()) : "an undefined tensor"));
        Undo undo = write_back({{name, *own}});
        file.take(name, [&] { own->assign(read, file.where); });
        return undo;
      },
      where);
}

namespace {

template <class T>
json described(const char* kind, const T& value) {
  return {{"kind", kind}, {"value", value}};
}

}  // namespace

Checkpoint& Checkpoint::add(const std::string& name, std::int64_t& value, SourceLocation where) {
  std::int64_t* const own = &value;
  return add_part(
      name, [name, own](Contents& to) { to.metadata.emplace_back(name, described("integer", *own).dump()); },
      [name, own](const File& file) {
        return exchanged(*own, file.get<std::int64_t>(file.description(name, "integer"), name, "value"));
      },
      where);
}

Checkpoint& Checkpoint::add(const std::string& name, int& value, SourceLocation where) {
  int* const own = &value;
  return add_part(
      name, [name, own](Contents& to) { to.metadata.emplace_back(name, described("integer", *own).dump()); },
      [name, own](const File& file) {
        const auto read = file.get<std::int64_t>(file.description(name, "integer"), name, "value");
        if (static_cast<int>(read) != read) file.refuse(name, concat("an int must hold it, but it is ", read));
        return exchanged(*own, static_cast<int>(read));
      },
      where);
}

Checkpoint& Checkpoint::add(const std::string& name, bool& value, SourceLocation where) {
  bool* const own = &value;
  return add_part(
      name, [name, own](Contents& to) { to.metadata.emplace_back(name, described("boolean", *own).dump()); },
      [name, own](const File& file) {
        return exchanged(*own, file.get<bool>(file.description(name, "boolean"), name, "value"));
      },
      where);
}

Checkpoint& Checkpoint::add(const std::string& name, double& value, SourceLocation where) {
  double* const own = &value;
  return add_part(
      name, [name, own](Contents& to) { to.metadata.emplace_back(name, described("number", as_text(*own)).dump()); },
      [name, own](const File& file) {
        const std::optional<double> read =
            as_number(file.get<std::string>(file.description(name, "number"), name, "value"));
        check_file(read.has_value(), file.path, "part ", Shown{name}, ": its value must be a number, but it is none");
        return exchanged(*own, double{*read});
      },
      where);
}

Checkpoint& Checkpoint::add(const std::string& name, std::string& value, SourceLocation where) {
  std::string* const own = &value;
  // Beside its description, as it may be longer than JSON is read.
  return add_part(
      name,
      [name, own](Contents& to) {
        to.metadata.emplace_back(name, json({{"kind", "text"}}).dump());
        to.metadata.emplace_back(name + ".value", *own);
      },
      [name, own](const File& file) {
        file.description(name, "text");
        const std::string* read = file.contents.text(name + ".value");
        check_file(read != nullptr, file.path, "part ", Shown{name}, ": its value must be in the file, but is not");
        return exchanged(*own, std::string(*read));
      },
      where);
}

Checkpoint& Checkpoint::add(const std::string& name, std::vector<double>& values, SourceLocation where) {
  std::vector<double>* const own = &values;
  return add_part(
      name,
      [name, own](Contents& to) {
        to.metadata.emplace_back(name, json({{"kind", "list"}}).dump());
        to.tensors.emplace_back(name, from_vector(*own, {own->size()}));
      },
      [name, own](const File& file) {
        file.description(name, "list");
        const bool is_there = file.contents.contains(name);
        check_file(is_there && file.contents[name].dtype() == DType::float64 && file.contents[name].ndim() == 1,
                   file.path, "part ", Shown{name}, ": its numbers must be in the file, but are not");
        return exchanged(*own, file.contents[name].to_vector());
      },
      where);
}

// ---- Files ----

Contents Checkpoint::gathered() const {
  NoGrad no_grad;
  Contents contents;
  contents.metadata = {{std::string(kFormat), std::string(kCheckpoint)},
                       {std::string(kFormatVersion), std::string(kVersion)}};
  const RandomState random = random_state();
  json generators = json::array();
  for (const GeneratorState& state : random.generators) generators.push_back(as_json(state));
  contents.metadata.emplace_back(
      kRandom, json({{"seed", random.seed}, {"next_stream", random.next_stream}, {"generators", generators}}).dump());
  json parts = json::array();
  for (const Part& part : *parts_) parts.push_back(part.name);
  contents.metadata.emplace_back(kParts, parts.dump());
  for (const Part& part : *parts_) part.save(contents);
  return contents;
}

void Checkpoint::save(const std::string& path, const Metadata& texts, SourceLocation where) const {
  check(!path.ends_with(".npz") && !path.ends_with(".npy"), where,
        "Checkpoint: the file's name must not end in .npz or .npy, for it is a safetensors file, but it is '", path,
        "'.");
  Contents contents = gathered();
  for (const auto& [name, text] : texts) {
    check(contents.text(name) == nullptr, where, "Checkpoint: a text's name must not be a part's, but ", Shown{name},
          " is.");
    contents.metadata.emplace_back(name, text);
  }
  write_safetensors(path, contents.tensors, contents.metadata, where);
}

void Checkpoint::load(const std::string& path, CheckpointOptions options, SourceLocation where) {
  const Contents contents = read_safetensors(path, where);
  CallSite site(where);
  const std::string* format = contents.text(kFormat);
  check_file(format != nullptr && *format == kCheckpoint, path,
             "the file must be a checkpoint, but it does not say so");
  const std::string* version = contents.text(kFormatVersion);
  check_file(version != nullptr, path, "a checkpoint must say its format's version, but this one does not");
  check(*version == kVersion, {}, path, ": the checkpoint must have format version ", kVersion, ", but it has ",
        *version, ". Nothing was changed.");

  const File file{contents, path, where};
  std::optional<RandomState> random;
  if (!options.partial) {
    // Parts that nobody has added would be lost in the next checkpoint.
    const std::string* text = contents.text(kParts);
    const JsonTree names = text != nullptr ? parsed_json(*text, file.most_json()) : JsonTree(json());
    check_file(names.is_array(), path, "a checkpoint must list its parts, but this one does not");
    for (const json& name : names) {
      check_file(name.is_string(), path, "a checkpoint must list its parts by name, but this one does not");
      const auto& text_of_name = name.get_ref<const std::string&>();
      bool is_known = false;
      for (const Part& part : *parts_) is_known = is_known || part.name == text_of_name;
      if (!is_known)
        file.refuse(text_of_name,
                    "what the file has must have been added, but this has not (or load it with .partial)");
    }
    const std::string part(kRandom);
    const JsonTree said = file.parsed(part);
    random.emplace();
    random->seed = file.get<std::uint64_t>(said, part, "seed");
    random->next_stream = file.get<std::uint64_t>(said, part, "next_stream");
    for (const json& one : file.list(said, part, "generators")) random->generators.push_back(file.generator(one, part));
  }

  // Each part changes all or nothing; where a later one refuses, those before it are put back, the last one first.
  std::vector<Undo> undos;
  undos.reserve(parts_->size());
  try {
    for (const Part& part : *parts_) undos.push_back(part.load(file));
    if (random) file.take(std::string(kRandom), [&] { set_random_state(*random); });
  } catch (...) {
    for (auto undo = undos.rbegin(); undo != undos.rend(); ++undo) {
      try {
        (*undo)();
      } catch (...) {  // an object of the user's: the others are put back all the same
      }
    }
    throw;
  }
}

}  // namespace io
}  // namespace xgrad
