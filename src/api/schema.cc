#include "api/schema.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "api/errors.h"
#include "base/utf8.h"

namespace candor {
namespace {

constexpr double kTwo53 = 9007199254740992.0;
constexpr double kTwo64 = 18446744073709551616.0;

struct KindName {
  unsigned kind;
  const char* name;
};
constexpr KindName kKindNames[] = {{Shape::kNull, "null"},     {Shape::kBool, "boolean"},  {Shape::kInteger, "integer"},
                                   {Shape::kNumber, "number"}, {Shape::kString, "string"}, {Shape::kArray, "array"},
                                   {Shape::kObject, "object"}};

// A place in the value, as a list from the inside out: a name is made of it only for a message.
struct Place {
  const Place* parent = nullptr;
  std::string_view member = {};
  size_t index = 0;

  std::string Path() const {
    std::vector<const Place*> places;
    for (const Place* p = this; p->parent != nullptr; p = p->parent) places.push_back(p);
    std::string path;
    for (auto p = places.rbegin(); p != places.rend(); ++p) {
      if ((*p)->member.data() == nullptr) {
        path.append("[").append(std::to_string((*p)->index)).append("]");
      } else {
        path.append(path.empty() ? "" : ".").append(Printable((*p)->member, 60));
      }
    }
    return path;
  }
};

ApiError Problem(const Place& place, std::string code, const std::string& message) {
  if (place.parent == nullptr) return {.message = "the request: " + message, .code = std::move(code)};
  return InvalidField(place.Path(), std::move(code), message);
}

unsigned KindsOf(const JsonValue& value) {
  if (value.is_null()) return Shape::kNull;
  if (value.boolean() != nullptr) return Shape::kBool;
  if (value.number()) return value.is_integer() ? Shape::kInteger | Shape::kNumber : Shape::kNumber;
  if (value.string() != nullptr) return Shape::kString;
  return value.array() != nullptr ? Shape::kArray : Shape::kObject;
}

size_t CodePoints(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

bool IsTokenName(std::string_view text) {
  return !text.empty() && text.size() <= 9 && text.find_first_not_of("0123456789") == std::string_view::npos &&
         (text.size() == 1 || text[0] != '0');
}

std::string NumberText(double value) {
  JsonWriter json;
  if (value == kTwo64) return "18446744073709551615";  // the largest that is taken
  if (std::trunc(value) == value && std::abs(value) <= kTwo64) {
    return std::abs(value) < kTwo53 ? std::to_string(static_cast<int64_t>(value)) : json.Value(value).Take();
  }
  return json.Value(value).Take();
}

std::optional<ApiError> FindProblem(const JsonValue& value, const Shape& shape, const Place& place);

// ", 1 to 16 items"; empty without limits.
std::string CountInWords(size_t min, size_t max, const char* of_what) {
  if (max == SIZE_MAX) return min == 0 ? "" : ", at least " + std::to_string(min) + " " + of_what;
  if (min == 0)
    return max == 0 ? std::string(", without ") + of_what : ", at most " + std::to_string(max) + " " + of_what;
  return ", " + std::to_string(min) + " to " + std::to_string(max) + " " + of_what;
}

std::optional<ApiError> CheckCount(size_t count, size_t min, size_t max, const char* of_what, const Place& place) {
  if (count >= min && count <= max) return std::nullopt;
  return Problem(place, "invalid_length",
                 std::to_string(count) + " " + of_what + CountInWords(min, max, of_what) + " expected");
}

std::optional<ApiError> CheckString(const std::string& text, const Shape& shape, const Place& place) {
  if (shape.words.empty()) {
    return CheckCount(CodePoints(text), shape.min_length, shape.max_length, "characters", place);
  }
  if (std::ranges::find(shape.words, text) != shape.words.end()) return std::nullopt;
  return Problem(place, "invalid_value", "found " + Quoted(text) + ", expected " + ShapeInWords(shape));
}

std::optional<ApiError> CheckMembers(const JsonObject& members, const Shape& shape, const Place& place) {
  if (auto problem = CheckCount(members.size(), 0, shape.max_members, "members", place)) return problem;
  size_t required_found = 0;
  for (const auto& [name, member] : members) {
    const Place at{&place, name};
    const Field* field = FindField(shape.fields, name);
    if (field == nullptr) {
      if (shape.token_names && !IsTokenName(name)) {
        return Problem(place, "invalid_value", Quoted(name) + " is not the number of a token");
      }
      if (shape.others == nullptr) {
        return Problem(at, "unknown_parameter", "not known here; /openapi.json lists what is");
      }
      if (auto problem = FindProblem(member, *shape.others, at)) return problem;
      continue;
    }
    required_found += field->required;
    if (shape.null_is_absent && !field->required && member.is_null()) continue;
    auto problem = FindProblem(member, *field->shape, at);
    if (!problem) continue;
    if (field->treatment != Treatment::kRefused) return problem;
    return Problem(at, "unsupported_parameter", field->sentence);
  }
  for (const Field& field : shape.fields) {
    if (!field.required) continue;
    if (required_found == 0 ||
        std::ranges::none_of(members, [&](const auto& member) { return member.first == field.name; })) {
      return Problem(Place{&place, field.name}, "missing_required_parameter", "required, and not there");
    }
  }
  return std::nullopt;
}

std::optional<ApiError> FindInfinite(const JsonValue& value, const Place& place) {
  if (value.is_infinite()) return Problem(place, "invalid_value", Describe(value));
  if (const JsonArray* items = value.array()) {
    for (size_t i = 0; i < items->size(); ++i) {
      if (auto problem = FindInfinite((*items)[i], Place{.parent = &place, .index = i})) return problem;
    }
  }
  if (const JsonObject* members = value.object()) {
    for (const auto& [name, member] : *members) {
      if (auto problem = FindInfinite(member, Place{&place, name})) return problem;
    }
  }
  return std::nullopt;
}

bool MeansList(const JsonValue& value, const Shape& shape) {
  const JsonArray* items = value.array();
  return items != nullptr && !items->empty() && shape.items != nullptr &&
         (shape.items->kinds & KindsOf(items->front())) != 0;
}

std::optional<ApiError> FindProblem(const JsonValue& value, const Shape& shape, const Place& place) {
  const unsigned found = KindsOf(value);
  if (!shape.any_of.empty()) {
    std::optional<ApiError> best;
    for (const Shape* one : shape.any_of) {
      if ((one->kinds & found) == 0) continue;
      auto problem = FindProblem(value, *one, place);
      if (!problem) return std::nullopt;
      // The first item says which kind of list was meant.
      if (!best || MeansList(value, *one)) best = std::move(problem);
    }
    if (best) return best;
    return Problem(place, "invalid_type", "found " + Describe(value) + ", expected " + ShapeInWords(shape));
  }
  if (shape.kinds == Shape::kAnyKind) return shape.passed_on ? FindInfinite(value, place) : std::nullopt;
  if ((shape.kinds & found) == 0) {
    return Problem(place, "invalid_type", "found " + Describe(value) + ", expected " + ShapeInWords(shape));
  }
  if (const bool* boolean = value.boolean(); boolean != nullptr && shape.only != nullptr && *boolean != *shape.only) {
    return Problem(place, "invalid_value", "found " + Describe(value) + ", expected " + ShapeInWords(shape));
  }
  if (const auto number = value.number()) {
    if (*number >= shape.min && *number <= shape.max && !(shape.max == kTwo64 && !value.bits())) return std::nullopt;
    return Problem(place, "invalid_value", "found " + Describe(value) + ", expected " + ShapeInWords(shape));
  }
  if (const std::string* text = value.string()) return CheckString(*text, shape, place);
  if (const JsonArray* items = value.array()) {
    if (auto problem = CheckCount(items->size(), shape.min_items, shape.max_items, "items", place)) return problem;
    for (size_t i = 0; shape.items != nullptr && i < items->size(); ++i) {
      const Place at{.parent = &place, .index = i};
      if (auto problem = FindProblem((*items)[i], *shape.items, at)) return problem;
    }
    return std::nullopt;
  }
  if (const JsonObject* members = value.object()) return CheckMembers(*members, shape, place);
  return std::nullopt;
}

}  // namespace

const Field* FindField(std::span<const Field> fields, std::string_view name) {
  const auto found = std::ranges::find_if(fields, [&](const Field& field) { return field.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

namespace {

void CollectHints(const JsonValue& value, const Shape& shape, const std::string& path,
                  std::vector<std::string>& hints) {
  for (const Shape* one : shape.any_of) CollectHints(value, *one, path, hints);
  for (const Field& field : shape.fields) {
    const JsonValue* member = value.Find(field.name);
    if (member == nullptr || member->is_null()) continue;
    if (field.treatment == Treatment::kHint) {
      hints.push_back(path + field.name);
    } else {
      CollectHints(*member, *field.shape, path + field.name + ".", hints);
    }
  }
}

}  // namespace

std::vector<std::string> ValidateRequest(const JsonValue& value, const Shape& request) {
  const Place outermost;
  if (auto problem = FindProblem(value, request, outermost)) throw RequestError(std::move(*problem));
  std::vector<std::string> hints;
  CollectHints(value, request, "", hints);
  return hints;
}

bool Fits(const JsonValue& value, const Shape& shape) { return !FindProblem(value, shape, Place()); }

std::string ShapeInWords(const Shape& shape) {
  std::string words;
  if (!shape.any_of.empty()) {
    for (const Shape* one : shape.any_of) words.append(words.empty() ? "" : " or ").append(ShapeInWords(*one));
    return words;
  }
  if (shape.kinds == Shape::kAnyKind) return "anything";
  for (const KindName& kind : kKindNames) {
    if ((shape.kinds & kind.kind) == 0) continue;
    if (!words.empty()) words += " or ";
    if (kind.kind == Shape::kString && !shape.words.empty()) {
      for (size_t i = 0; i < shape.words.size(); ++i) {
        words.append(i == 0 ? "" : ", ").append("\"").append(shape.words[i]).append("\"");
      }
      continue;
    }
    if (kind.kind == Shape::kBool && shape.only != nullptr) {
      words += *shape.only ? "true" : "false";
      continue;
    }
    words += kind.name;
    if ((kind.kind & (Shape::kInteger | Shape::kNumber)) != 0) {
      const bool low = std::isfinite(shape.min), high = std::isfinite(shape.max);
      if (low && high) words += ", " + NumberText(shape.min) + " to " + NumberText(shape.max);
      if (low && !high) words += ", at least " + NumberText(shape.min);
    }
    if (kind.kind == Shape::kString) words += CountInWords(shape.min_length, shape.max_length, "characters");
    if (kind.kind == Shape::kArray) {
      if (shape.max_items == 0) {
        words += ", empty";
      } else {
        if (shape.items != nullptr && shape.items->kinds != Shape::kAnyKind)
          words += " of " + ShapeInWords(*shape.items);
        words += CountInWords(shape.min_items, shape.max_items, "items");
      }
    }
    if (kind.kind == Shape::kObject && shape.name != nullptr) words += std::string(" `") + shape.name + "`";
  }
  return words;
}

void CollectNamed(const Shape& shape, std::vector<const Shape*>& found) {
  if (shape.name != nullptr) {
    if (std::ranges::find(found, &shape) != found.end()) return;
    found.push_back(&shape);
  }
  if (shape.items != nullptr) CollectNamed(*shape.items, found);
  if (shape.others != nullptr) CollectNamed(*shape.others, found);
  for (const Shape* one : shape.any_of) CollectNamed(*one, found);
  for (const Field& field : shape.fields) CollectNamed(*field.shape, found);
}

namespace {

void WriteKinds(unsigned kinds, JsonWriter& json) {
  if (kinds == Shape::kAnyKind) return;
  if ((kinds & Shape::kNumber) != 0) kinds &= ~static_cast<unsigned>(Shape::kInteger);
  const bool several = (kinds & (kinds - 1)) != 0;
  json.Key("type");
  if (several) json.BeginArray();
  for (const KindName& kind : kKindNames) {
    if ((kinds & kind.kind) != 0) json.Value(kind.name);
  }
  if (several) json.EndArray();
}

bool TakesNull(const Shape& shape) {
  return shape.any_of.empty() ? (shape.kinds & Shape::kNull) != 0
                              : std::ranges::any_of(shape.any_of, [](const Shape* one) { return TakesNull(*one); });
}

void WriteMembers(const Shape& shape, JsonWriter& json);

void WriteReference(const Shape& shape, JsonWriter& json, const char* description = nullptr, bool or_null = false) {
  if (shape.name == nullptr || or_null) {
    json.BeginObject();
    if (or_null) {
      json.Key("anyOf").BeginArray();
      WriteReference(shape, json);
      json.BeginObject().Member("type", "null").EndObject().EndArray();
    } else {
      WriteMembers(shape, json);
    }
  } else {
    json.BeginObject().Member("$ref", std::string("#/components/schemas/") + shape.name);
  }
  if (description != nullptr) json.Member("description", description);
  json.EndObject();
}

void WriteObject(const Shape& shape, JsonWriter& json) {
  if (!shape.fields.empty()) {
    json.Key("properties").BeginObject();
    for (const Field& field : shape.fields) {
      const bool or_null = shape.null_is_absent && !field.required && !TakesNull(*field.shape);
      std::string description = field.treatment == Treatment::kHint ? "No effect: " : "";
      if (field.treatment == Treatment::kRefused) description = "Not offered, but for what asks for nothing: ";
      description += field.sentence;
      if (field.when_absent[0] != '\0') description += std::string(" Default: ") + field.when_absent + ".";
      json.Key(field.name);
      WriteReference(*field.shape, json, description.c_str(), or_null);
    }
    json.EndObject();
    if (std::ranges::any_of(shape.fields, &Field::required)) {
      json.Key("required").BeginArray();
      for (const Field& field : shape.fields) {
        if (field.required) json.Value(field.name);
      }
      json.EndArray();
    }
  }
  if (shape.token_names) {
    json.Key("propertyNames").BeginObject().Member("pattern", "^(0|[1-9][0-9]{0,8})$").EndObject();
  }
  if (shape.max_members != SIZE_MAX) json.Member("maxProperties", shape.max_members);
  json.Key("additionalProperties");
  if (shape.others == nullptr) {
    json.Value(false);
  } else {
    WriteReference(*shape.others, json);
  }
}

// What stands between the braces of the schema.
void WriteMembers(const Shape& shape, JsonWriter& json) {
  if (!shape.any_of.empty()) {
    json.Key("anyOf").BeginArray();
    for (const Shape* one : shape.any_of) WriteReference(*one, json);
    json.EndArray();
    return;
  }
  WriteKinds(shape.kinds, json);
  if (shape.only != nullptr) json.Member("const", *shape.only);
  if (std::isfinite(shape.min)) json.Key("minimum").Raw(NumberText(shape.min));
  if (std::isfinite(shape.max)) json.Key("maximum").Raw(NumberText(shape.max));
  if (!shape.words.empty()) {
    json.Key("enum").BeginArray();
    for (const char* word : shape.words) json.Value(word);
    if ((shape.kinds & Shape::kNull) != 0) json.Value(nullptr);
    if ((shape.kinds & Shape::kBool) != 0) json.Value(true).Value(false);
    json.EndArray();
  }
  if (shape.min_length != 0) json.Member("minLength", shape.min_length);
  if (shape.max_length != SIZE_MAX) json.Member("maxLength", shape.max_length);
  if (shape.min_items != 0) json.Member("minItems", shape.min_items);
  if (shape.max_items != SIZE_MAX) json.Member("maxItems", shape.max_items);
  if (shape.items != nullptr) {
    json.Key("items");
    WriteReference(*shape.items, json);
  }
  if (shape.kinds != Shape::kAnyKind && (shape.kinds & Shape::kObject) != 0) WriteObject(shape, json);
}

}  // namespace

void WriteSchema(const Shape& shape, JsonWriter& json) {
  json.BeginObject();
  WriteMembers(shape, json);
  json.EndObject();
}

}  // namespace candor
