#include "format/json_metadata.h"

#include <cstring>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "format/json_reader.h"

namespace candor {
namespace {

// The elements of one array, as long as they go together.
class Elements {
 public:
  void Add(const JsonScalar& value) {
    if (std::holds_alternative<bool>(value)) {
      booleans_.push_back(static_cast<std::byte>(std::get<bool>(value)));
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      strings_.Append(*text);
    } else if (std::holds_alternative<std::nullptr_t>(value)) {
      other_ = true;
    } else {
      AddNumber(value);
    }
  }
  void AddOther() { other_ = true; }

  // nullopt when they are of several kinds.
  std::optional<MetadataValue> Take() {
    const int kinds = !numbers_.empty() + !booleans_.empty() + (strings_.size() > 0);
    if (other_ || kinds > 1) return std::nullopt;
    if (!numbers_.empty()) return Numbers();
    if (!booleans_.empty()) return NumberArray(NumberType::kBool, booleans_);
    return std::move(strings_);
  }

 private:
  void AddNumber(const JsonScalar& value) {
    if (const auto* whole = std::get_if<uint64_t>(&value)) {
      numbers_.push_back(*whole);
      large_ |= !std::in_range<int64_t>(*whole);
    } else if (const auto* negative = std::get_if<int64_t>(&value)) {
      numbers_.push_back(*negative);
      negative_ = true;
    } else {
      numbers_.push_back(std::get<double>(value));
      fraction_ = true;
    }
  }

  NumberArray Numbers() const {
    if (fraction_ || (negative_ && large_)) return Encode<double>(NumberType::kFloat64);
    return negative_ ? Encode<int64_t>(NumberType::kInt64) : Encode<uint64_t>(NumberType::kUint64);
  }
  template <typename T>
  NumberArray Encode(NumberType type) const {
    std::vector<std::byte> bytes(numbers_.size() * sizeof(T));
    for (size_t i = 0; i < numbers_.size(); ++i) {
      const T value = std::visit([](auto v) { return static_cast<T>(v); }, numbers_[i]);
      std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
    }
    return NumberArray(type, bytes);
  }

  std::vector<std::variant<uint64_t, int64_t, double>> numbers_;
  std::vector<std::byte> booleans_;
  StringTable strings_;
  bool other_ = false;  // null, an object, an array
  bool negative_ = false;
  bool large_ = false;
  bool fraction_ = false;
};

class Flattener : public JsonVisitor {
 public:
  explicit Flattener(Metadata& metadata) : metadata_(metadata) {}

  void Begin(const JsonPlace& place, JsonContainer container) override {
    if (place.depth() == 0) return;
    if (in_array_ > 0) {
      elements_.AddOther();
      ++in_array_;
    } else if (container == JsonContainer::kArray) {
      elements_ = Elements();
      in_array_ = 1;
    } else {
      Add(place, kObjectLeftOut);
    }
  }

  void End(const JsonPlace& place, JsonContainer) override {
    if (in_array_ == 0 || --in_array_ > 0) return;
    Add(place, elements_.Take().value_or(LeftOut{"an array of other than numbers, booleans or strings"}));
  }

  void Value(const JsonPlace& place, const JsonScalar& value) override {
    if (in_array_ > 1) return;
    if (in_array_ == 1) return elements_.Add(value);
    std::visit(
        [&](auto v) {
          if constexpr (std::is_same_v<decltype(v), std::string_view>) {
            Add(place, std::string(v));
          } else if constexpr (std::is_same_v<decltype(v), std::nullptr_t>) {
            metadata_.AddNull(KeyOf(place));
          } else {
            Add(place, v);
          }
        },
        value);
  }

 private:
  void Add(const JsonPlace& place, MetadataValue value) { metadata_.Add(KeyOf(place), std::move(value)); }

  // Counts the member too.
  std::string KeyOf(const JsonPlace& place) {
    std::string key;
    for (size_t level = 0; level < place.depth(); ++level) {
      key.append(level == 0 ? "" : ".").append(place.key(level));
      if (key.size() > kJsonMetadataMaxKeyBytes) {
        throw LimitError(metadata_.source() + ": the name of \"" + Printable(key) + "\" takes more than " +
                         std::to_string(kJsonMetadataMaxKeyBytes) + " bytes");
      }
    }
    if (!IsPrintable(key))
      throw FormatError(metadata_.source() + ": the name \"" + Printable(key) + "\" is not printable");
    if (members_++ == kJsonMetadataMaxKeys) {
      throw LimitError(metadata_.source() + ": more than " + std::to_string(kJsonMetadataMaxKeys) + " members");
    }
    return key;
  }

  Metadata& metadata_;
  Elements elements_;
  size_t members_ = 0;
  size_t in_array_ = 0;  // how many containers deep in an array's elements; 0 outside
};

}  // namespace

Metadata MetadataFromJson(std::string_view text, const std::string& source) {
  Metadata metadata(source);
  Flattener flattener(metadata);
  ReadJsonObject(text, source, {.bytes = kJsonMetadataMaxBytes}, flattener);
  return metadata;
}

}  // namespace candor
