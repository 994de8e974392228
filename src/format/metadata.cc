#include "format/metadata.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "base/check.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/utf8.h"

namespace candor {
namespace {

static_assert(std::endian::native == std::endian::little, "the formats are read in place");

template <typename T>
T Load(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

std::string ToText(double value) {
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

struct NumberName {
  std::string_view name;
  size_t bytes;
};
constexpr NumberName kNumbers[] = {{"uint8", 1},  {"int8", 1},  {"uint16", 2},  {"int16", 2},
                                   {"uint32", 4}, {"int32", 4}, {"float32", 4}, {"bool", 1},
                                   {"uint64", 8}, {"int64", 8}, {"float64", 8}};

std::string NumberText(const Number& number) {
  return std::visit(
      [](auto value) -> std::string {
        using T = decltype(value);
        if constexpr (std::is_same_v<T, bool>) return value ? "true" : "false";
        if constexpr (std::is_same_v<T, double>) return ToText(value);
        if constexpr (std::is_integral_v<T>) return std::to_string(value);
      },
      number);
}

// "4 of float32: [0, 1, 2, ...]"
template <typename Array, typename Show>
std::string DescribeArray(const Array& array, std::string_view type, const Show& show) {
  constexpr size_t kShown = 4;
  std::string text = "array of " + std::to_string(array.size()) + " " + std::string(type) + " [";
  for (size_t i = 0; i < array.size() && i < kShown; ++i) text += (i == 0 ? "" : ", ") + show(array[i]);
  return text + (array.size() > kShown ? ", ...]" : "]");
}

std::optional<uint64_t> AsUint(const Number& number) {
  if (const auto* value = std::get_if<uint64_t>(&number)) return *value;
  if (const auto* value = std::get_if<int64_t>(&number); value && *value >= 0) return static_cast<uint64_t>(*value);
  return std::nullopt;
}

std::optional<int64_t> AsInt(const Number& number) {
  if (const auto* value = std::get_if<int64_t>(&number)) return *value;
  if (const auto* value = std::get_if<uint64_t>(&number); value && std::in_range<int64_t>(*value)) return *value;
  return std::nullopt;
}

std::optional<double> AsDouble(const Number& number) {
  if (const auto* value = std::get_if<double>(&number)) return *value;
  return std::nullopt;
}

// The value as a Number; nullopt for strings and arrays.
std::optional<Number> Scalar(const MetadataValue& value) {
  return std::visit(
      [](const auto& v) -> std::optional<Number> {
        if constexpr (std::is_arithmetic_v<std::decay_t<decltype(v)>>) return Number(v);
        return std::nullopt;
      },
      value);
}

std::string IntegerIn(uint64_t min, uint64_t max) {
  return "an integer from " + std::to_string(min) + " to " + std::to_string(max);
}

std::string FloatIn(double min, double max) { return "a float from " + ToText(min) + " to " + ToText(max); }

}  // namespace

void StringTable::Reserve(size_t strings, size_t bytes) {
  ends_.reserve(strings);
  bytes_.reserve(bytes);
}

void StringTable::Append(std::string_view text) {
  const uint32_t end = CheckedCast<uint32_t>(bytes_.size() + text.size(), "text of a string array in bytes");
  bytes_ += text;
  ends_.push_back(end);
}

size_t NumberBytes(NumberType type) { return kNumbers[static_cast<size_t>(type)].bytes; }

Number DecodeNumber(NumberType type, const std::byte* bytes) {
  switch (type) {
    case NumberType::kUint8:
      return uint64_t{Load<uint8_t>(bytes)};
    case NumberType::kInt8:
      return int64_t{Load<int8_t>(bytes)};
    case NumberType::kUint16:
      return uint64_t{Load<uint16_t>(bytes)};
    case NumberType::kInt16:
      return int64_t{Load<int16_t>(bytes)};
    case NumberType::kUint32:
      return uint64_t{Load<uint32_t>(bytes)};
    case NumberType::kInt32:
      return int64_t{Load<int32_t>(bytes)};
    case NumberType::kFloat32:
      return double{Load<float>(bytes)};
    case NumberType::kBool:
      return *bytes != std::byte{0};
    case NumberType::kUint64:
      return Load<uint64_t>(bytes);
    case NumberType::kInt64:
      return Load<int64_t>(bytes);
    case NumberType::kFloat64:
      return Load<double>(bytes);
  }
  CHECK(!"every NumberType is decoded");
}

const MetadataValue* Metadata::Find(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

void Metadata::Add(std::string key, MetadataValue value) {
  RequireNew(key);
  values_.emplace(std::move(key), std::move(value));
}

void Metadata::AddNull(std::string key) {
  RequireNew(key);
  nulls_.insert(std::move(key));
}

void Metadata::RequireNew(const std::string& key) const {
  if (Has(key) || IsNull(key)) throw FormatError(source_ + ": metadata key " + Quoted(key) + " appears twice");
}

bool Metadata::HasObject(std::string_view key) const {
  const MetadataValue* value = Find(key);
  if (value == nullptr) return false;
  if (*value != MetadataValue(kObjectLeftOut)) Refuse(key, "an object");
  return true;
}

void Metadata::Remove(std::string_view key) {
  if (const auto found = values_.find(key); found != values_.end()) values_.erase(found);
}

void Metadata::Refuse(std::string_view key, const std::string& expected) const {
  const MetadataValue* value = Find(key);
  throw FormatError(source_ + ": metadata key " + Quoted(key) + ": expected " + expected + ", " +
                    (value ? "found " + Describe(*value) : "the key is missing"));
}

std::optional<uint64_t> Metadata::GetUint(std::string_view key, uint64_t min, uint64_t max) const {
  const MetadataValue* value = Find(key);
  if (!value) return std::nullopt;
  const std::optional<Number> number = Scalar(*value);
  const std::optional<uint64_t> result = number ? AsUint(*number) : std::nullopt;
  if (!result || *result < min || *result > max) Refuse(key, IntegerIn(min, max));
  return result;
}

uint64_t Metadata::RequireUint(std::string_view key, uint64_t min, uint64_t max) const {
  const std::optional<uint64_t> value = GetUint(key, min, max);
  if (!value) Refuse(key, IntegerIn(min, max));
  return *value;
}

std::optional<double> Metadata::GetFloat(std::string_view key, double min, double max) const {
  const MetadataValue* value = Find(key);
  if (!value) return std::nullopt;
  const std::optional<Number> number = Scalar(*value);
  const std::optional<double> result = number ? AsDouble(*number) : std::nullopt;
  if (!result || !std::isfinite(*result) || *result < min || *result > max) Refuse(key, FloatIn(min, max));
  return result;
}

double Metadata::RequireFloat(std::string_view key, double min, double max) const {
  const std::optional<double> value = GetFloat(key, min, max);
  if (!value) Refuse(key, FloatIn(min, max));
  return *value;
}

std::optional<double> Metadata::GetNumber(std::string_view key, double min, double max) const {
  const MetadataValue* value = Find(key);
  if (!value) return std::nullopt;
  std::optional<double> result;
  if (const auto* real = std::get_if<double>(value)) result = *real;
  if (const auto* natural = std::get_if<uint64_t>(value)) result = static_cast<double>(*natural);
  if (const auto* integer = std::get_if<int64_t>(value)) result = static_cast<double>(*integer);
  if (!result || !std::isfinite(*result) || *result < min || *result > max) {
    Refuse(key, "a number from " + ToText(min) + " to " + ToText(max));
  }
  return result;
}

std::optional<bool> Metadata::GetBool(std::string_view key) const {
  const MetadataValue* value = Find(key);
  if (!value) return std::nullopt;
  if (!std::holds_alternative<bool>(*value)) Refuse(key, "true or false");
  return std::get<bool>(*value);
}

bool Metadata::RequireBool(std::string_view key) const {
  const std::optional<bool> value = GetBool(key);
  if (!value) Refuse(key, "true or false");
  return *value;
}

std::optional<std::string> Metadata::GetString(std::string_view key) const {
  const MetadataValue* value = Find(key);
  if (!value) return std::nullopt;
  if (!std::holds_alternative<std::string>(*value)) Refuse(key, "a string");
  return std::get<std::string>(*value);
}

std::string Metadata::RequireString(std::string_view key) const {
  std::optional<std::string> value = GetString(key);
  if (!value) Refuse(key, "a string");
  return *std::move(value);
}

const StringTable* Metadata::GetStrings(std::string_view key) const {
  const MetadataValue* value = Find(key);
  if (!value) return nullptr;
  if (!std::holds_alternative<StringTable>(*value)) Refuse(key, "an array of strings");
  return &std::get<StringTable>(*value);
}

const StringTable& Metadata::RequireStrings(std::string_view key) const {
  const StringTable* value = GetStrings(key);
  if (!value) Refuse(key, "an array of strings");
  return *value;
}

const NumberArray* Metadata::FindArray(std::string_view key, const char* expected) const {
  const MetadataValue* value = Find(key);
  if (!value) return nullptr;
  if (!std::holds_alternative<NumberArray>(*value)) Refuse(key, expected);
  return &std::get<NumberArray>(*value);
}

std::optional<std::vector<double>> Metadata::GetFloats(std::string_view key) const {
  constexpr const char* kExpected = "an array of floats";
  const NumberArray* array = FindArray(key, kExpected);
  if (!array) return std::nullopt;
  std::vector<double> values(array->size());
  for (size_t i = 0; i < values.size(); ++i) {
    const std::optional<double> value = AsDouble((*array)[i]);
    if (!value) Refuse(key, kExpected);
    values[i] = *value;
  }
  return values;
}

std::optional<std::vector<int64_t>> Metadata::GetInts(std::string_view key) const {
  constexpr const char* kExpected = "an array of integers within 64 bits, signed";
  const NumberArray* array = FindArray(key, kExpected);
  if (!array) return std::nullopt;
  std::vector<int64_t> values(array->size());
  for (size_t i = 0; i < values.size(); ++i) {
    const std::optional<int64_t> value = AsInt((*array)[i]);
    if (!value) Refuse(key, kExpected);
    values[i] = *value;
  }
  return values;
}

std::optional<std::vector<bool>> Metadata::GetBools(std::string_view key) const {
  constexpr const char* kExpected = "an array of booleans";
  const NumberArray* array = FindArray(key, kExpected);
  if (!array) return std::nullopt;
  if (array->type() != NumberType::kBool) Refuse(key, kExpected);
  std::vector<bool> values(array->size());
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::get<bool>((*array)[i]);
  return values;
}

std::string Describe(const MetadataValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return Quoted(*text);
  if (const auto* other = std::get_if<LeftOut>(&value)) return std::string(other->what);
  if (const auto* table = std::get_if<StringTable>(&value)) return DescribeArray(*table, "string", Quoted);
  if (const auto* array = std::get_if<NumberArray>(&value)) {
    return DescribeArray(*array, kNumbers[static_cast<size_t>(array->type())].name, NumberText);
  }
  return NumberText(*Scalar(value));
}

}  // namespace candor
