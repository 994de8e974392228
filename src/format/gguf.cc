#include "format/gguf.h"

#include <algorithm>
#include <cstdio>

#include "base/check.h"
#include "base/error.h"

namespace candor {
namespace {

constexpr uint64_t kFirstRead = 1 << 20;
constexpr uint64_t kMaxPartNumber = 99999;

struct ReadHeader {
  GgufHeader header;
  std::vector<std::byte> bytes;  // up to the tensor data
};

// The prefix doubles until the header fits: parsing from the start again costs at most twice the time, and no state
// has to survive between two reads.
ReadHeader ReadFrom(const File& file, GgufTensorData data) {
  std::vector<std::byte> bytes;
  bytes.reserve(std::min(kGgufMaxHeaderBytes + kGgufMaxAlignment, file.size()));  // address space, never copied
  uint64_t wanted = kFirstRead;
  while (true) {
    const size_t have = bytes.size();
    bytes.resize(std::min(wanted, file.size()));
    file.ReadAt(have, std::span(bytes).subspan(have));
    auto parsed = ParseGgufHeader(bytes, file.size(), file.name(), data);
    if (auto* header = std::get_if<GgufHeader>(&parsed)) {
      const size_t parsed_bytes = bytes.size();
      bytes.resize(std::min(header->data_offset, file.size()));
      if (bytes.size() > parsed_bytes) file.ReadAt(parsed_bytes, std::span(bytes).subspan(parsed_bytes));
      return {std::move(*header), std::move(bytes)};
    }
    const uint64_t at_least = std::get<NeedMoreBytes>(parsed).at_least;
    CHECK(at_least > bytes.size() && at_least <= file.size());
    wanted = std::max(at_least, 2 * wanted);
  }
}

// A part of a split model: its own keys agree with its place, and it says nothing that the first part does not.
void CheckPart(const Metadata& first, const Metadata& part, uint64_t index, uint64_t parts, uint64_t tensors) {
  const auto require = [&](const char* key, uint64_t expected) {
    const uint64_t found = part.RequireUint(key, 0, UINT64_MAX);
    if (found != expected) {
      throw FormatError(part.source() + ": metadata key \"" + key + "\": expected " + std::to_string(expected) +
                        ", found " + std::to_string(found));
    }
  };
  require("split.count", parts);
  require("split.no", index);
  require("split.tensors.count", tensors);
  if (index == 0) return;
  for (const auto& [key, value] : part.values()) {
    if (key == "split.no") continue;
    const MetadataValue* other = first.Find(key);
    if (!other || *other != value) {
      throw FormatError(part.source() + ": metadata key \"" + key + "\": found " + Describe(value) +
                        ", the first part " + (other ? "has " + Describe(*other) : "does not have it"));
    }
  }
}

}  // namespace

std::optional<GgufPartName> ParseGgufPartName(const std::string& name) {
  constexpr std::string_view kPattern = "-#####-of-#####.gguf";
  if (name.size() < kPattern.size()) return std::nullopt;
  const size_t begin = name.size() - kPattern.size();
  uint64_t numbers[2] = {0, 0};
  for (size_t i = 0; i < kPattern.size(); ++i) {
    const char c = name[begin + i];
    if (kPattern[i] != '#') {
      if (c != kPattern[i]) return std::nullopt;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    uint64_t& number = numbers[i < 7 ? 0 : 1];
    number = number * 10 + static_cast<uint64_t>(c - '0');
  }
  return GgufPartName{name.substr(0, begin), numbers[0], numbers[1]};
}

std::string FormatGgufPartName(const GgufPartName& part) {
  char suffix[48];
  CHECK(part.number <= kMaxPartNumber && part.count <= kMaxPartNumber);
  std::snprintf(suffix, sizeof suffix, "-%05u-of-%05u.gguf", static_cast<unsigned>(part.number),
                static_cast<unsigned>(part.count));
  return part.stem + suffix;
}

std::vector<std::filesystem::path> GgufParts(const std::filesystem::path& path) {
  std::optional<GgufPartName> part = ParseGgufPartName(path.filename().string());
  if (!part) return {path};
  if (part->count < 1 || part->count > kGgufMaxParts || part->number < 1 || part->number > part->count) {
    throw FormatError(path.string() + ": part " + std::to_string(part->number) + " of " + std::to_string(part->count) +
                      ": expected 1 to " + std::to_string(kGgufMaxParts) + " parts, numbered from 1");
  }
  if (part->number != 1) {
    const uint64_t number = std::exchange(part->number, 1);
    throw FormatError(path.string() + ": part " + std::to_string(number) + " of a split model; name the first part, " +
                      FormatGgufPartName(*part));
  }
  std::vector<std::filesystem::path> parts;
  for (; part->number <= part->count; ++part->number) {
    parts.push_back(path.parent_path() / FormatGgufPartName(*part));
    std::error_code ignored;
    if (!std::filesystem::exists(parts.back(), ignored)) {
      throw FormatError(parts.back().string() + ": part " + std::to_string(part->number) + " of " +
                        std::to_string(part->count) + " of the split model is missing");
    }
  }
  return parts;
}

Checkpoint OpenGguf(std::vector<File> files, GgufTensorData data) {
  CHECK(!files.empty());
  std::optional<Metadata> metadata;
  std::vector<Metadata> later;
  std::vector<TensorInfo> tensors;
  std::vector<std::vector<std::byte>> headers;
  for (uint32_t i = 0; i < files.size(); ++i) {
    ReadHeader read = ReadFrom(files[i], data);
    for (TensorInfo& tensor : read.header.tensors) {
      tensor.file = i;
      tensors.push_back(std::move(tensor));
    }
    if (metadata) {
      later.push_back(std::move(read.header.metadata));
    } else {
      metadata = std::move(read.header.metadata);
    }
    headers.push_back(std::move(read.bytes));
  }
  if (files.size() > 1) {
    CheckPart(*metadata, *metadata, 0, files.size(), tensors.size());
    for (size_t i = 0; i < later.size(); ++i) CheckPart(*metadata, later[i], i + 1, files.size(), tensors.size());
  } else if (const uint64_t parts = metadata->GetUint("split.count", 0, UINT64_MAX).value_or(1); parts > 1) {
    throw FormatError(metadata->source() + ": one of " + std::to_string(parts) +
                      " parts of a split model; its files are named NAME-00001-of-0000N.gguf, name the first");
  }
  Checkpoint checkpoint(*std::move(metadata));
  checkpoint.files = std::move(files);
  checkpoint.headers = std::move(headers);
  checkpoint.tensors = std::move(tensors);
  checkpoint.IndexTensors();
  return checkpoint;
}

}  // namespace candor
