#include "api/json_value.h"

#include <cmath>

#include "api/json_writer.h"
#include "base/error.h"
#include "base/utf8.h"
#include "format/json_reader.h"

namespace candor {
namespace {

constexpr double kTwo63 = 9223372036854775808.0;
constexpr double kTwo64 = 18446744073709551616.0;

// Builds the tree from the reader's events. Open containers stand on a stack: no recursion.
class TreeBuilder : public JsonVisitor {
 public:
  explicit TreeBuilder(const std::string& source) : source_(source) {}

  JsonValue Take() { return std::move(root_); }

  void Begin(const JsonPlace& place, JsonContainer container) override {
    Count();
    open_.push_back({place.depth() == 0 ? std::string() : std::string(place.key(place.depth() - 1)), {}});
    if (container == JsonContainer::kObject) {
      open_.back().value.value = JsonObject();
    } else {
      open_.back().value.value = JsonArray();
    }
  }
  void End(const JsonPlace&, JsonContainer) override {
    Open done = std::move(open_.back());
    open_.pop_back();
    Place(std::move(done.key), std::move(done.value));
  }
  void Value(const JsonPlace& place, const JsonScalar& scalar) override {
    Count();
    JsonValue value;
    std::visit(
        [&](auto v) {
          if constexpr (std::is_same_v<decltype(v), std::string_view>) {
            value.value = std::string(v);
          } else {
            value.value = v;
          }
        },
        scalar);
    Place(place.depth() == 0 ? std::string() : std::string(place.key(place.depth() - 1)), std::move(value));
  }

 private:
  struct Open {
    std::string key;
    JsonValue value;
  };

  void Count() {
    if (++values_ > kMaxJsonValues) {
      throw LimitError(source_ + ": more than " + std::to_string(kMaxJsonValues) + " JSON values");
    }
  }
  void Place(std::string key, JsonValue value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (auto* object = std::get_if<JsonObject>(&open_.back().value.value)) {
      object->emplace_back(std::move(key), std::move(value));
    } else {
      std::get<JsonArray>(open_.back().value.value).push_back(std::move(value));
    }
  }

  const std::string& source_;
  std::vector<Open> open_;
  JsonValue root_;
  size_t values_ = 0;
};

void Write(const JsonValue& value, JsonWriter& json) {
  if (const auto* object = value.object()) {
    json.BeginObject();
    for (const auto& [name, member] : *object) {
      json.Key(name);
      Write(member, json);
    }
    json.EndObject();
  } else if (const auto* array = value.array()) {
    json.BeginArray();
    for (const JsonValue& item : *array) Write(item, json);
    json.EndArray();
  } else {
    std::visit(
        [&](const auto& v) {
          using T = std::decay_t<decltype(v)>;
          if constexpr (!std::is_same_v<T, JsonArray> && !std::is_same_v<T, JsonObject>) json.Value(v);
        },
        value.value);
  }
}

}  // namespace

std::optional<double> JsonValue::number() const {
  if (const auto* v = std::get_if<uint64_t>(&value)) return static_cast<double>(*v);
  if (const auto* v = std::get_if<int64_t>(&value)) return static_cast<double>(*v);
  if (const auto* v = std::get_if<double>(&value)) return *v;
  return std::nullopt;
}

bool JsonValue::is_infinite() const {
  const auto* v = std::get_if<double>(&value);
  return v != nullptr && std::isinf(*v);
}

bool JsonValue::is_integer() const {
  if (const auto* v = std::get_if<double>(&value)) return std::trunc(*v) == *v;
  return number().has_value();
}

std::optional<int64_t> JsonValue::integer() const {
  if (const auto* v = std::get_if<uint64_t>(&value); v != nullptr && *v > INT64_MAX) return std::nullopt;
  if (const auto* v = std::get_if<double>(&value); v != nullptr && !(*v > -kTwo63 && *v < kTwo63)) return std::nullopt;
  const std::optional<uint64_t> found = bits();
  if (!found) return std::nullopt;
  return static_cast<int64_t>(*found);
}

std::optional<uint64_t> JsonValue::bits() const {
  if (const auto* v = std::get_if<uint64_t>(&value)) return *v;
  if (const auto* v = std::get_if<int64_t>(&value)) return static_cast<uint64_t>(*v);
  const auto* v = std::get_if<double>(&value);
  if (v == nullptr || !is_integer() || !(*v > -kTwo63 && *v < kTwo64)) return std::nullopt;
  return *v < 0 ? static_cast<uint64_t>(static_cast<int64_t>(*v)) : static_cast<uint64_t>(*v);
}

const JsonValue* JsonValue::Find(std::string_view name) const {
  if (const JsonObject* members = object()) {
    for (const auto& [key, member] : *members) {
      if (key == name) return &member;
    }
  }
  return nullptr;
}

std::string Describe(const JsonValue& value) {
  if (value.array() != nullptr) return "an array";
  if (value.object() != nullptr) return "an object";
  if (const std::string* text = value.string()) return '"' + Printable(*text, 40) + '"';
  if (value.is_infinite()) return "a number beyond what a double can hold";
  return JsonText(value);
}

JsonValue ParseJson(std::string_view text, const std::string& source, bool infinite_numbers) {
  TreeBuilder builder(source);
  ReadJson(text, source, {.bytes = kMaxJsonBytes, .depth = kMaxJsonDepth, .infinite_numbers = infinite_numbers},
           builder);
  return builder.Take();
}

std::string JsonText(const JsonValue& value) {
  JsonWriter json;
  Write(value, json);
  return json.Take();
}

}  // namespace candor
