#include "cli/load_model.h"

#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "cli/progress.h"
#include "store/pull.h"

namespace candor {
namespace {

void RequireRecord(const StoredModel& stored) {
  if (stored.record_problem.empty()) return;
  throw FormatError(stored.record_problem + ". So nothing tells whether " + stored.name +
                    " is what was pulled: pull it again to have it checked, or: candor remove " + stored.name);
}

void RequireRecordedBytes(const StoredModel& stored, const std::vector<Sha256Digest>& digests) {
  if (!stored.record) return;
  CHECK(stored.record->files.size() == digests.size());
  for (size_t i = 0; i < digests.size(); ++i) {
    const std::string found = ToHex(digests[i]);
    const std::string& expected = stored.record->files[i].sha256;
    if (found == expected) continue;
    throw FormatError(
        stored.files[i].string() + ": SHA-256 " + found + ", but " + expected +
        " when it was pulled: the file has changed since and is not used. Replace it: " + HowToReplace(stored));
  }
}

}  // namespace

LanguageModel LoadSealed(ModelFiles files, const ComputeOptions& options) {
  if (files.stored) RequireRecord(*files.stored);
  const std::string name = files.name;
  std::optional<Progress> progress(std::in_place, name, ProgressUnit::kBytes, StderrIsTerminal());
  LoadOptions load;
  load.threads = static_cast<int>(options.threads);
  load.isa = options.isa;
  load.quantize = options.quantize;
  load.context_limit = options.context;
  load.progress = [&](uint64_t done, uint64_t total) { progress->Update(done, total); };
  const std::optional<StoredModel> stored = files.stored;
  LanguageModel model = LanguageModel::Load(OpenCheckpoint(std::move(files)), load);
  if (stored) RequireRecordedBytes(*stored, model.model().file_digests);
  progress.reset();
  for (const std::string& note : model.model().notes)
    std::fprintf(stderr, "candor: %s: %s\n", name.c_str(), note.c_str());
  return model;
}

}  // namespace candor
