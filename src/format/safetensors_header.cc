#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "base/utf8.h"
#include "format/json_reader.h"
#include "format/safetensors.h"

namespace candor {
namespace {

constexpr uint64_t kLengthBytes = 8;
constexpr size_t kMaxDepth = 8;  // three are legal; the visitor says better what is wrong with a fourth
constexpr std::string_view kMetadata = "__metadata__";

// The outermost object: a member a tensor, and each of the three fields of one exactly once.
class HeaderVisitor : public JsonVisitor {
 public:
  HeaderVisitor(uint64_t data_offset, uint64_t file_size, const std::string& source)
      : data_offset_(data_offset), data_bytes_(file_size - data_offset), source_(source) {}

  std::vector<TensorInfo> TakeTensors() { return std::move(tensors_); }

  void Begin(const JsonPlace& place, JsonContainer container) override {
    switch (place.depth()) {
      case 0:  // that it is an object is known from its first byte
        return;
      case 1:
        if (container != JsonContainer::kObject) Refuse(place, Describe(container), "an object");
        if (place.key(0) != kMetadata) BeginTensor(place.key(0));
        return;
      case 2:
        if (Expected(place) != Kind::kArray || container != JsonContainer::kArray) {
          Refuse(place, Describe(container), NameOf(Expected(place)));
        }
        // A field that appears a second time is refused at the end of its tensor, by that name.
        if (place.key(1) == "shape") {
          tensors_.back().shape.clear();
        } else {
          offsets_ = 0;
        }
        return;
      default:
        Refuse(place, Describe(container), "a whole number");
    }
  }

  void End(const JsonPlace& place, JsonContainer) override {
    if (place.depth() == 1 && place.key(0) != kMetadata) EndTensor();
    if (place.depth() == 2 && place.key(1) == "data_offsets" && offsets_ != 2) {
      throw FormatError(Where("data_offsets") + ": " + std::to_string(offsets_) + " numbers, 2 expected");
    }
  }

  void Value(const JsonPlace& place, const JsonScalar& value) override {
    if (place.depth() == 1) Refuse(place, Describe(value), "an object");
    if (place.depth() == 2) {
      const auto* text = std::get_if<std::string_view>(&value);
      if (text == nullptr || Expected(place) != Kind::kString) Refuse(place, Describe(value), NameOf(Expected(place)));
      if (place.key(0) != kMetadata) SetType(*text);
    } else {
      const auto* number = std::get_if<uint64_t>(&value);
      if (number == nullptr) Refuse(place, Describe(value), "a whole number");
      place.key(1) == "shape" ? AddDimension(*number) : AddOffset(*number);
    }
  }

 private:
  enum class Kind { kString, kArray };
  static std::string NameOf(Kind kind) { return kind == Kind::kString ? "a string" : "an array of whole numbers"; }

  // What a member at depth 2 must be. Notes that the field has been seen.
  Kind Expected(const JsonPlace& place) {
    const std::string_view field = place.key(1);
    if (place.key(0) == kMetadata || field == "dtype") return Kind::kString;
    if (field == "shape") {
      has_shape_ = true;
    } else if (field != "data_offsets") {
      throw FormatError(Where(Printable(field)) + ": unknown field; expected dtype, shape and data_offsets");
    }
    return Kind::kArray;
  }

  // The start of a message about a field of the tensor that is being read.
  std::string Where(const std::string& field) const {
    return source_ + ": tensor \"" + tensors_.back().name + "\": " + field;
  }

  [[noreturn]] void Refuse(const JsonPlace& place, const std::string& found, const std::string& expected) const {
    throw FormatError(source_ + ": " + place.Path() + ": " + found + ", " + expected + " expected");
  }

  void BeginTensor(std::string_view name) {
    if (tensors_.size() == kSafetensorsMaxTensors) {
      throw LimitError(source_ + ": more than " + std::to_string(kSafetensorsMaxTensors) + " tensors");
    }
    CheckSafetensorsName(name, source_);
    tensors_.push_back({std::string(name), TensorType::kF32, {}, 0, 0, 0});
    type_.reset();
    has_shape_ = false;
    offsets_ = 0;
  }

  void SetType(std::string_view name) {
    type_ = TensorTypeFromSafetensorsName(name);
    if (!type_) throw UnsupportedError(Where("dtype") + ": unknown tensor type " + Quoted(name));
    tensors_.back().type = type_->type;
  }

  void AddDimension(uint64_t dimension) {
    std::vector<uint64_t>& shape = tensors_.back().shape;
    if (shape.size() == kSafetensorsMaxDimensions) {
      throw LimitError(Where("shape") + ": more than " + std::to_string(kSafetensorsMaxDimensions) + " dimensions");
    }
    if (dimension == 0) throw FormatError(Where("shape") + ": a dimension of 0, expected 1 or more");
    shape.push_back(dimension);
  }

  void AddOffset(uint64_t offset) {
    if (offsets_ < 2) (offsets_ == 0 ? begin_ : end_) = offset;
    ++offsets_;
  }

  void EndTensor() {
    TensorInfo& tensor = tensors_.back();
    if (!type_) throw FormatError(Where("dtype is missing"));
    if (!has_shape_) throw FormatError(Where("shape is missing"));
    if (offsets_ == 0) throw FormatError(Where("data_offsets is missing"));

    const std::string what = Where("size in bytes");
    tensor.bytes = type_->block_bytes;
    for (const uint64_t dimension : tensor.shape) tensor.bytes = CheckedMul(tensor.bytes, dimension, what.c_str());
    if (tensor.shape.empty()) tensor.shape.push_back(1);
    std::reverse(tensor.shape.begin(), tensor.shape.end());

    const std::string range = std::to_string(begin_) + " to " + std::to_string(end_);
    if (begin_ > end_) throw FormatError(Where("data_offsets") + ": " + range + ", expected the end behind the begin");
    if (end_ > data_bytes_) {
      throw FormatError(Where("data_offsets") + ": " + range + ", but the file has " + std::to_string(data_bytes_) +
                        " bytes of data (an incomplete download?)");
    }
    if (end_ - begin_ != tensor.bytes) {
      throw FormatError(Where("data_offsets") + ": " + range + ", " + std::to_string(end_ - begin_) +
                        " bytes, but type and shape take " + std::to_string(tensor.bytes));
    }
    tensor.offset = data_offset_ + begin_;
  }

  const uint64_t data_offset_;
  const uint64_t data_bytes_;
  const std::string& source_;
  std::vector<TensorInfo> tensors_;
  // Of the last tensor:
  std::optional<TensorTypeInfo> type_;
  bool has_shape_ = false;
  size_t offsets_ = 0;  // how many numbers data_offsets has so far
  uint64_t begin_ = 0;
  uint64_t end_ = 0;
};

// Puts the tensors in the order of their bytes, which must follow one another from the header to the end of the file.
void PlaceTensors(std::vector<TensorInfo>& tensors, uint64_t data_offset, uint64_t file_size,
                  const std::string& source) {
  std::sort(tensors.begin(), tensors.end(),
            [](const TensorInfo& a, const TensorInfo& b) { return a.offset < b.offset; });
  uint64_t end = data_offset;
  std::string_view last = "the header";
  for (const TensorInfo& tensor : tensors) {
    if (tensor.offset != end) {
      throw FormatError(source + ": tensor \"" + tensor.name + "\" at byte " + std::to_string(tensor.offset) +
                        (tensor.offset < end ? " overlaps " : ": expected right after ") + std::string(last) +
                        ", which ends at " + std::to_string(end));
    }
    end += tensor.bytes;
    last = tensor.name;
  }
  if (end != file_size) {
    throw FormatError(source + ": " + std::to_string(file_size - end) + " unexpected bytes after " + std::string(last) +
                      ", which ends at " + std::to_string(end));
  }
}

// The header's JSON without the spaces that pad it.
std::string_view Unpadded(std::string_view header, const std::string& source) {
  if (header.empty() || header.front() != '{') {
    throw FormatError(source + ": not a safetensors file: expected \"{\" at byte 8, found " +
                      Quoted(header.substr(0, 1)));
  }
  const std::string_view text = header.substr(0, header.find_last_not_of(' ') + 1);
  if (text.back() != '}') {
    throw FormatError(source + ": the header ends in " + Quoted(text.substr(text.size() - 1)) + " at byte " +
                      std::to_string(kLengthBytes + text.size() - 1) +
                      ", expected \"}\" and nothing but spaces behind it");
  }
  return text;
}

}  // namespace

void CheckSafetensorsName(std::string_view name, const std::string& source) {
  if (name.empty()) throw FormatError(source + ": a tensor without a name");
  if (name.size() > kSafetensorsMaxNameBytes) {
    throw LimitError(source + ": the name of tensor " + Quoted(name) + " takes " + std::to_string(name.size()) +
                     " bytes, at most " + std::to_string(kSafetensorsMaxNameBytes));
  }
  if (!IsPrintable(name)) throw FormatError(source + ": the name of tensor " + Quoted(name) + " is not printable");
}

std::variant<SafetensorsHeader, NeedMoreBytes> ParseSafetensorsHeader(std::span<const std::byte> prefix,
                                                                      uint64_t file_size, const std::string& source) {
  prefix = prefix.first(std::min<uint64_t>(prefix.size(), file_size));
  if (file_size < kLengthBytes) {
    throw NotSafetensors(source, "needs 8 bytes, the file ends after " + std::to_string(file_size));
  }
  if (prefix.size() < kLengthBytes) return NeedMoreBytes{kLengthBytes};
  uint64_t length;
  std::memcpy(&length, prefix.data(), sizeof length);
  if (length > file_size - kLengthBytes) {
    throw NotSafetensors(source, std::to_string(length) + ", but " + std::to_string(file_size - kLengthBytes) +
                                     " bytes follow (an incomplete download, or another format?)");
  }
  if (length > kSafetensorsMaxHeaderBytes) {
    throw LimitError(source + ": header length (at byte 0): " + std::to_string(length) + ", at most " +
                     std::to_string(kSafetensorsMaxHeaderBytes));
  }
  const uint64_t data_offset = kLengthBytes + length;
  if (prefix.size() < data_offset) return NeedMoreBytes{data_offset};

  const std::string_view header(reinterpret_cast<const char*>(prefix.data()) + kLengthBytes, length);
  HeaderVisitor visitor(data_offset, file_size, source);
  ReadJson(Unpadded(header, source), source, {.bytes = kSafetensorsMaxHeaderBytes, .depth = kMaxDepth}, visitor);
  SafetensorsHeader result{visitor.TakeTensors(), data_offset};
  PlaceTensors(result.tensors, data_offset, file_size, source);
  return result;
}

}  // namespace candor
