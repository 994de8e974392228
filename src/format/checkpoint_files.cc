#include "format/checkpoint_files.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "base/error.h"
#include "format/file_kind.h"
#include "format/safetensors.h"

namespace candor {
namespace {

FileKind KindOf(const File& file) {
  std::array<std::byte, kFileKindPrefix> prefix;
  const size_t bytes = std::min<uint64_t>(prefix.size(), file.size());
  file.ReadAt(0, std::span(prefix).first(bytes));
  return DetectFileKind(std::span(prefix).first(bytes));
}

}  // namespace

Checkpoint OpenCheckpoint(CheckpointFiles model, GgufTensorData data) {
  const auto message = [](const File& file, FileKind kind) { return file.name() + ": " + DescribeFileKind(kind); };
  if (model.format == CheckpointFormat::kGguf) {
    for (const File& file : model.files) {
      const FileKind kind = KindOf(file);
      if (kind != FileKind::kGguf) throw FormatError(message(file, kind));
    }
    return OpenGguf(std::move(model.files), data);
  }
  std::map<std::string, std::string> others;  // messages by the names of files that look like something else
  for (size_t i = 0; i < model.files.size(); ++i) {
    const FileKind kind = KindOf(model.files[i]);
    if (!model.file_names[i].ends_with(".safetensors") || kind == FileKind::kUnknown) continue;
    if (kind != FileKind::kSafetensors) others[model.files[i].name()] = message(model.files[i], kind);
  }
  try {
    return OpenSafetensors(std::move(model.files), model.file_names);
  } catch (const NotSafetensors& error) {
    // Only now: a file that the model does not use may be anything, and the length of a header may look like anything.
    const auto other = others.find(error.source());
    if (other == others.end()) throw;
    throw FormatError(other->second);
  }
}

}  // namespace candor
