#include <algorithm>
#include <cstring>

#include "base/checked.h"
#include "base/error.h"
#include "base/utf8.h"
#include "format/gguf.h"

namespace candor {
namespace {

constexpr uint64_t kMinKeyEntryBytes = 8 + 1 + 4 + 1;             // length, key, type, value
constexpr uint64_t kMinTensorEntryBytes = 8 + 1 + 4 + 8 + 4 + 8;  // length, name, rank, dimension, type, offset
constexpr uint64_t kDefaultAlignment = 32;

constexpr uint32_t kStringId = 8;
constexpr uint32_t kArrayId = 9;

// Numbers by the id that GGUF gives them.
std::optional<NumberType> NumberFromId(uint32_t id) {
  switch (id) {
    case 0:
      return NumberType::kUint8;
    case 1:
      return NumberType::kInt8;
    case 2:
      return NumberType::kUint16;
    case 3:
      return NumberType::kInt16;
    case 4:
      return NumberType::kUint32;
    case 5:
      return NumberType::kInt32;
    case 6:
      return NumberType::kFloat32;
    case 7:
      return NumberType::kBool;
    case 10:
      return NumberType::kUint64;
    case 11:
      return NumberType::kInt64;
    case 12:
      return NumberType::kFloat64;
    default:
      return std::nullopt;
  }
}

// Reads the header in order. Every read is bounded by the file's size first: what a hostile length asks for is refused
// before it is fetched or allocated.
class Cursor {
 public:
  Cursor(std::span<const std::byte> prefix, uint64_t file_size, const std::string& source)
      : prefix_(prefix), file_size_(file_size), source_(source) {}

  uint64_t position() const { return position_; }
  void Rewind(uint64_t position) { position_ = position; }
  uint64_t left() const { return file_size_ - position_; }
  // What the following fields belong to, e.g. `metadata key "a.b"`.
  void SetContext(std::string context) { context_ = std::move(context); }

  std::span<const std::byte> Take(uint64_t bytes, std::string_view field) {
    field_at_ = position_;
    Need(bytes, field);
    const auto taken = prefix_.subspan(position_, bytes);
    position_ += bytes;
    return taken;
  }

  template <typename T>
  T Read(std::string_view field) {
    T value;
    std::memcpy(&value, Take(sizeof value, field).data(), sizeof value);
    return value;
  }

  std::string_view String(std::string_view field, uint64_t max_bytes) {
    const uint64_t length = Read<uint64_t>(field);
    if (length > max_bytes) {
      throw LimitError(Where(field) + ": " + std::to_string(length) + " bytes, at most " + std::to_string(max_bytes));
    }
    const auto bytes = Take(length, field);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  // A count of entries of at least `min_bytes` each.
  uint64_t Count(std::string_view field, uint64_t min_bytes, uint64_t limit) {
    const uint64_t count = Read<uint64_t>(field);
    CheckCount(count, field, min_bytes, limit);
    return count;
  }
  void CheckCount(uint64_t count, std::string_view field, uint64_t min_bytes, uint64_t limit) const {
    if (count > left() / min_bytes) {
      throw FormatError(Where(field) + ": " + std::to_string(count) + ", but the " + std::to_string(left()) +
                        " bytes left in the file hold " + std::to_string(left() / min_bytes) + " at most");
    }
    if (count > limit) {
      throw LimitError(Where(field) + ": " + std::to_string(count) + ", at most " + std::to_string(limit));
    }
  }

  // Fails unless `bytes` more are there: in the file, within the limit of a header, in the prefix.
  void Need(uint64_t bytes, std::string_view field) const {
    if (bytes > left()) {
      throw FormatError(Where(field) + ": needs " + std::to_string(bytes) + " bytes, the file ends after " +
                        std::to_string(left()) + " (" + std::to_string(file_size_) + " in all)");
    }
    if (position_ + bytes > kGgufMaxHeaderBytes) {
      throw LimitError(Where(field) + ": the header is larger than " + std::to_string(kGgufMaxHeaderBytes) + " bytes");
    }
    // An exception, because it happens a handful of times a file and would otherwise be a branch after every read.
    if (position_ + bytes > prefix_.size()) throw NeedMoreBytes{position_ + bytes};
  }

  // The start of a message about `field`, the last one that was read.
  std::string Where(std::string_view field) const {
    return source_ + ": " + (context_.empty() ? "" : context_ + ": ") + std::string(field) + " (at byte " +
           std::to_string(field_at_) + ")";
  }

 private:
  std::span<const std::byte> prefix_;
  uint64_t file_size_;
  uint64_t position_ = 0;
  uint64_t field_at_ = 0;
  std::string context_;
  const std::string& source_;
};

void ParseVersion(Cursor& cursor, const std::string& source) {
  const uint32_t version = cursor.Read<uint32_t>("version");
  if (version == 2 || version == 3) return;
  const uint32_t swapped = __builtin_bswap32(version);
  if (swapped == 2 || swapped == 3) {
    throw UnsupportedError(source + ": a big-endian GGUF file; only little-endian ones are supported");
  }
  throw UnsupportedError(source + ": GGUF version " + std::to_string(version) + "; versions 2 and 3 are supported");
}

Number ReadNumber(Cursor& cursor, NumberType type, std::string_view field) {
  const auto bytes = cursor.Take(NumberBytes(type), field);
  if (type == NumberType::kBool && std::to_integer<int>(bytes[0]) > 1) {
    throw FormatError(cursor.Where(field) + ": a boolean of " + std::to_string(std::to_integer<int>(bytes[0])) +
                      ", expected 0 or 1");
  }
  return DecodeNumber(type, bytes.data());
}

[[noreturn]] void RefuseValueType(const Cursor& cursor, std::string_view field, uint32_t id) {
  throw UnsupportedError(cursor.Where(field) + ": unknown value type " + std::to_string(id) + ", expected 0 to 12");
}

// Walks over the strings before it copies them: memory is reserved once, exactly, and only when all of them are there.
StringTable ReadStrings(Cursor& cursor, uint64_t count) {
  constexpr std::string_view kField = "array element";
  cursor.Need(count * sizeof(uint64_t), kField);  // the lengths alone
  const uint64_t begin = cursor.position();
  for (uint64_t i = 0; i < count; ++i) cursor.String(kField, kGgufMaxHeaderBytes);
  StringTable table;
  table.Reserve(count, cursor.position() - begin - count * sizeof(uint64_t));
  cursor.Rewind(begin);
  for (uint64_t i = 0; i < count; ++i) table.Append(cursor.String(kField, kGgufMaxHeaderBytes));
  return table;
}

MetadataValue ReadArray(Cursor& cursor) {
  const uint32_t id = cursor.Read<uint32_t>("array element type");
  if (id == kArrayId) throw UnsupportedError(cursor.Where("array element type") + ": arrays of arrays");
  const std::optional<NumberType> type = NumberFromId(id);
  if (!type && id != kStringId) RefuseValueType(cursor, "array element type", id);
  const uint64_t count =
      cursor.Count("array length", type ? NumberBytes(*type) : sizeof(uint64_t), kGgufMaxArrayLength);
  if (!type) return ReadStrings(cursor, count);
  const auto bytes = cursor.Take(count * NumberBytes(*type), "array");
  if (*type == NumberType::kBool &&
      std::any_of(bytes.begin(), bytes.end(), [](std::byte b) { return b > std::byte{1}; })) {
    throw FormatError(cursor.Where("array") + ": a boolean that is neither 0 nor 1");
  }
  return NumberArray(*type, bytes);
}

MetadataValue ReadValue(Cursor& cursor) {
  const uint32_t id = cursor.Read<uint32_t>("value type");
  if (id == kStringId) return std::string(cursor.String("value", kGgufMaxHeaderBytes));
  if (id == kArrayId) return ReadArray(cursor);
  const std::optional<NumberType> type = NumberFromId(id);
  if (!type) RefuseValueType(cursor, "value type", id);
  return std::visit([](auto value) { return MetadataValue(value); }, ReadNumber(cursor, *type, "value"));
}

enum class Letters { kAscii, kUnicode };

// A key or a tensor's name. Refused when showing it could mislead, so that every later message may print it.
std::string ReadName(Cursor& cursor, std::string_view field, uint64_t max_bytes, Letters letters) {
  const std::string_view name = cursor.String(field, max_bytes);
  if (name.empty()) throw FormatError(cursor.Where(field) + ": empty");
  if (letters == Letters::kAscii && std::any_of(name.begin(), name.end(), [](char c) { return (c & 0x80) != 0; })) {
    throw FormatError(cursor.Where(field) + ": " + Quoted(name) + " is not ASCII");
  }
  if (!IsPrintable(name)) {
    throw FormatError(cursor.Where(field) + ": " + Quoted(name) + " is not printable UTF-8");
  }
  return std::string(name);
}

Metadata ReadMetadata(Cursor& cursor, uint64_t count, const std::string& source) {
  Metadata metadata(source);
  for (uint64_t i = 0; i < count; ++i) {
    cursor.SetContext("metadata key " + std::to_string(i));
    std::string key = ReadName(cursor, "name", kGgufMaxKeyBytes, Letters::kAscii);
    cursor.SetContext("metadata key \"" + key + '"');
    metadata.Add(std::move(key), ReadValue(cursor));
  }
  return metadata;
}

// One row of the tensor table; `offset` is still relative to the data.
TensorInfo ReadTensor(Cursor& cursor, uint64_t index, const std::string& source) {
  cursor.SetContext("tensor " + std::to_string(index));
  TensorInfo tensor{};
  tensor.name = ReadName(cursor, "name", kGgufMaxTensorNameBytes, Letters::kUnicode);
  const std::string context = "tensor \"" + tensor.name + '"';
  cursor.SetContext(context);

  const uint32_t rank = cursor.Read<uint32_t>("number of dimensions");
  if (rank < 1 || rank > kGgufMaxDimensions) {
    throw FormatError(cursor.Where("number of dimensions") + ": " + std::to_string(rank) + ", expected 1 to " +
                      std::to_string(kGgufMaxDimensions));
  }
  for (uint32_t i = 0; i < rank; ++i) {
    tensor.shape.push_back(cursor.Read<uint64_t>("dimension"));
    if (tensor.shape.back() == 0) throw FormatError(cursor.Where("dimension") + ": 0, expected 1 or more");
  }
  const uint32_t id = cursor.Read<uint32_t>("type");
  const std::optional<TensorTypeInfo> type = TensorTypeFromGgufId(id);
  if (!type) throw UnsupportedError(cursor.Where("type") + ": unknown tensor type " + std::to_string(id));
  tensor.type = type->type;
  if (tensor.shape[0] % type->block_values != 0) {
    throw FormatError(source + ": " + context + ": rows of " + std::to_string(tensor.shape[0]) + " values, but " +
                      std::string(type->name) + " has blocks of " + std::to_string(type->block_values));
  }
  const std::string what = source + ": " + context + ": size in bytes";
  tensor.bytes = CheckedMul<uint64_t>(tensor.shape[0] / type->block_values, type->block_bytes, what.c_str());
  for (uint32_t i = 1; i < rank; ++i) tensor.bytes = CheckedMul(tensor.bytes, tensor.shape[i], what.c_str());
  tensor.offset = cursor.Read<uint64_t>("offset");
  return tensor;
}

uint64_t Alignment(const Metadata& metadata) {
  const uint64_t alignment =
      metadata.GetUint("general.alignment", kGgufMinAlignment, kGgufMaxAlignment).value_or(kDefaultAlignment);
  if ((alignment & (alignment - 1)) != 0) {
    throw FormatError(metadata.source() + ": metadata key \"general.alignment\": expected a power of two, found " +
                      std::to_string(alignment));
  }
  return alignment;
}

// Makes offsets absolute and checks that the tensors follow one another to the end of the file, or beyond it when their
// data may be missing.
void PlaceTensors(GgufHeader& header, uint64_t alignment, uint64_t file_size, GgufTensorData data) {
  const std::string& source = header.metadata.source();
  for (TensorInfo& tensor : header.tensors) {
    const std::string what = source + ": tensor \"" + tensor.name + '"';
    if (tensor.offset % alignment != 0) {
      throw FormatError(what + ": offset " + std::to_string(tensor.offset) + " is not a multiple of the alignment " +
                        std::to_string(alignment));
    }
    tensor.offset = CheckedAdd(header.data_offset, tensor.offset, (what + ": offset").c_str());
    const uint64_t end = CheckedAdd(tensor.offset, tensor.bytes, (what + ": end").c_str());
    if (end > file_size && data == GgufTensorData::kThere) {
      throw FormatError(what + ": bytes " + std::to_string(tensor.offset) + " to " + std::to_string(end) +
                        " are beyond the end of the file at " + std::to_string(file_size) +
                        " (an incomplete download?)");
    }
  }
  std::vector<const TensorInfo*> order;
  for (const TensorInfo& tensor : header.tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const TensorInfo* a, const TensorInfo* b) { return a->offset < b->offset; });
  uint64_t end = header.data_offset;
  std::string_view last = "the header";
  const auto padded = [&] { return CheckedAlignUp(end, alignment, "end of the tensor data"); };
  for (const TensorInfo* tensor : order) {
    if (tensor->offset < end) {
      throw FormatError(source + ": tensor \"" + tensor->name + "\" at byte " + std::to_string(tensor->offset) +
                        " overlaps " + std::string(last) + ", which ends at " + std::to_string(end));
    }
    if (tensor->offset != padded()) {
      throw FormatError(source + ": tensor \"" + tensor->name + "\" at byte " + std::to_string(tensor->offset) +
                        ": expected it at " + std::to_string(padded()) + ", right after " + std::string(last));
    }
    end = tensor->offset + tensor->bytes;
    last = tensor->name;
  }
  if (order.empty() && file_size > padded()) {
    throw FormatError(source + ": number of tensors: 0, but " + std::to_string(file_size - padded()) +
                      " bytes of data follow the header, which ends at " + std::to_string(end));
  }
  if (file_size > padded()) {
    throw FormatError(source + ": " + std::to_string(file_size - padded()) + " unexpected bytes after " +
                      std::string(last) + ", which ends at " + std::to_string(end));
  }
}

GgufHeader Parse(std::span<const std::byte> prefix, uint64_t file_size, const std::string& source,
                 GgufTensorData data) {
  Cursor cursor(prefix, file_size, source);
  const auto magic = cursor.Take(4, "magic");
  if (std::memcmp(magic.data(), "GGUF", 4) != 0) {
    const std::string_view found(reinterpret_cast<const char*>(magic.data()), magic.size());
    throw FormatError(source + ": not a GGUF file: expected the magic \"GGUF\" at byte 0, found " + Quoted(found));
  }
  ParseVersion(cursor, source);
  const uint64_t tensor_count = cursor.Count("number of tensors", kMinTensorEntryBytes, kGgufMaxTensors);
  const uint64_t key_count = cursor.Count("number of metadata keys", kMinKeyEntryBytes, kGgufMaxKeys);

  GgufHeader header{ReadMetadata(cursor, key_count, source), {}, 0};
  cursor.SetContext("");
  cursor.CheckCount(tensor_count, "number of tensors", kMinTensorEntryBytes, kGgufMaxTensors);
  for (uint64_t i = 0; i < tensor_count; ++i) header.tensors.push_back(ReadTensor(cursor, i, source));

  const uint64_t alignment = Alignment(header.metadata);
  header.data_offset = CheckedAlignUp(cursor.position(), alignment, "start of the tensor data");
  if (header.tensors.empty()) header.data_offset = std::min(header.data_offset, file_size);
  PlaceTensors(header, alignment, file_size, data);
  return header;
}

}  // namespace

std::variant<GgufHeader, NeedMoreBytes> ParseGgufHeader(std::span<const std::byte> prefix, uint64_t file_size,
                                                        const std::string& source, GgufTensorData data) {
  try {
    return Parse(prefix.first(std::min<uint64_t>(prefix.size(), file_size)), file_size, source, data);
  } catch (const NeedMoreBytes& need) {
    return need;
  }
}

}  // namespace candor
