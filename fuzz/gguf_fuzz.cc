// The input is a GGUF file. What the parser promises of a header must hold, a prefix must never lead it elsewhere than
// the whole file does, and nothing but candor::Error may leave it.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"
#include "format/gguf.h"

namespace candor {
namespace {

// Parses as a caller does that reads step by step. True when the file is accepted.
bool AcceptedInSteps(std::span<const std::byte> file) {
  uint64_t given = 0;
  try {
    while (true) {
      const auto parsed = ParseGgufHeader(file.first(given), file.size(), "fuzz");
      if (std::holds_alternative<GgufHeader>(parsed)) return true;
      const uint64_t at_least = std::get<NeedMoreBytes>(parsed).at_least;
      CHECK(at_least > given && at_least <= file.size());
      given = at_least;
    }
  } catch (const Error&) {
    return false;
  }
}

void CheckTensors(const GgufHeader& header, uint64_t file_size) {
  CHECK(header.data_offset <= file_size);
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  for (const TensorInfo& tensor : header.tensors) {
    CHECK(IsPrintable(tensor.name) && !tensor.name.empty());
    CHECK(!tensor.shape.empty() && tensor.shape.size() <= kGgufMaxDimensions);
    const TensorTypeInfo& type = InfoOf(tensor.type);
    CHECK(tensor.bytes == tensor.elements() / type.block_values * type.block_bytes);
    CHECK(tensor.bytes % tensor.rows() == 0);
    ranges.emplace_back(tensor.offset, tensor.offset + tensor.bytes);
  }
  std::sort(ranges.begin(), ranges.end());
  uint64_t end = header.data_offset;
  for (const auto& [from, to] : ranges) {
    CHECK(from >= end && from - end < kGgufMaxAlignment && to > from && to <= file_size);
    end = to;
  }
}

// Every accessor on every key: each gives a value or an Error.
void UseMetadata(const Metadata& metadata) {
  const auto attempt = [](const auto& use) {
    try {
      use();
    } catch (const Error& error) {
      CHECK(IsPrintable(error.what()));
    }
  };
  for (const auto& entry : metadata.values()) {
    const std::string& key = entry.first;
    CHECK(IsPrintable(key) && IsPrintable(Describe(entry.second)));
    attempt([&] { CHECK(metadata.RequireUint(key, 1, 1 << 20) <= 1 << 20); });
    attempt([&] { CHECK(std::isfinite(metadata.RequireFloat(key, -1e30, 1e30))); });
    attempt([&] { metadata.RequireBool(key); });
    attempt([&] { metadata.RequireString(key); });
    attempt([&] { metadata.RequireStrings(key); });
    attempt([&] { metadata.GetFloats(key); });
    attempt([&] { metadata.GetInts(key); });
    attempt([&] { metadata.GetBools(key); });
  }
}

// The same bytes as a file on disk: every byte of every tensor is handed out once.
void Stream(std::span<const std::byte> bytes) {
  const int descriptor = ::memfd_create("fuzz", MFD_CLOEXEC);
  CHECK(descriptor >= 0 && ::write(descriptor, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  std::vector<File> files;
  files.emplace_back(descriptor, "fuzz");
  try {
    const Checkpoint checkpoint = OpenGguf(std::move(files));
    uint64_t expected = 0;
    for (const TensorInfo& tensor : checkpoint.tensors) {
      expected += tensor.bytes;
      CHECK(checkpoint.FindTensor(tensor.name) == &tensor);
    }
    uint64_t used = 0;
    StreamTensors(checkpoint, {}, [&](const TensorPiece& piece) { used += piece.bytes.size(); });
    CHECK(used == expected);
  } catch (const Error&) {  // tensors of the same name, a part of a split model
  }
}

}  // namespace
}  // namespace candor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace candor;
  const std::span<const std::byte> file = std::as_bytes(std::span(data, size));
  bool accepted = false;
  try {
    const GgufHeader header = std::get<GgufHeader>(ParseGgufHeader(file, size, "fuzz"));
    accepted = true;
    CheckTensors(header, size);
    UseMetadata(header.metadata);
  } catch (const Error& error) {
    CHECK(IsPrintable(error.what()));
  }
  CHECK(AcceptedInSteps(file) == accepted);
  if (accepted) Stream(file);
  return 0;
}
