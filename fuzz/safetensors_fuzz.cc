// The input is a safetensors file. What the parser promises of a header must hold, a prefix must never lead it
// elsewhere than the whole file does, and nothing but candor::Error may leave it.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"
#include "format/safetensors.h"

namespace candor {
namespace {

// Parses as a caller does that reads step by step. True when the file is accepted.
bool AcceptedInSteps(std::span<const std::byte> file) {
  uint64_t given = 0;
  try {
    while (true) {
      const auto parsed = ParseSafetensorsHeader(file.first(given), file.size(), "fuzz");
      if (std::holds_alternative<SafetensorsHeader>(parsed)) return true;
      const uint64_t at_least = std::get<NeedMoreBytes>(parsed).at_least;
      CHECK(at_least > given && at_least <= file.size());
      given = at_least;
    }
  } catch (const Error&) {
    return false;
  }
}

void CheckTensors(const SafetensorsHeader& header, uint64_t file_size) {
  std::set<std::string> names;
  uint64_t end = header.data_offset;
  for (const TensorInfo& tensor : header.tensors) {
    CHECK(IsPrintable(tensor.name) && !tensor.name.empty() && names.insert(tensor.name).second);
    CHECK(!tensor.shape.empty() && tensor.shape.size() <= kSafetensorsMaxDimensions);
    CHECK(tensor.bytes > 0 && tensor.bytes == tensor.elements() * InfoOf(tensor.type).block_bytes);
    CHECK(tensor.file == 0 && tensor.offset == end);
    end += tensor.bytes;
  }
  CHECK(end == file_size);
}

File InMemory(std::span<const std::byte> bytes, const char* name) {
  const int descriptor = ::memfd_create("fuzz", MFD_CLOEXEC);
  CHECK(descriptor >= 0 && ::write(descriptor, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  return File(descriptor, name);
}

// The same bytes as a model's only file: every byte of every tensor is handed out once.
void Stream(std::span<const std::byte> bytes) {
  std::vector<File> files;
  files.push_back(InMemory(std::as_bytes(std::span("{}", 2)), "config.json"));
  files.push_back(InMemory(bytes, "model.safetensors"));
  const Checkpoint checkpoint = OpenSafetensors(std::move(files), {"config.json", "model.safetensors"});
  uint64_t used = checkpoint.headers.at(0).size();
  StreamTensors(checkpoint, {}, [&](const TensorPiece& piece) { used += piece.bytes.size(); });
  CHECK(used == bytes.size());
}

}  // namespace
}  // namespace candor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace candor;
  const std::span<const std::byte> file = std::as_bytes(std::span(data, size));
  bool accepted = false;
  try {
    const SafetensorsHeader header = std::get<SafetensorsHeader>(ParseSafetensorsHeader(file, size, "fuzz"));
    accepted = true;
    CheckTensors(header, size);
  } catch (const Error& error) {
    CHECK(IsPrintable(error.what()));
  }
  CHECK(AcceptedInSteps(file) == accepted);
  if (accepted) Stream(file);
  return 0;
}
