// Runs the decoder over one sequence: pages of its own, any chunking, every position's logits.
#ifndef CANDOR_TESTS_SUPPORT_DECODER_HARNESS_H_
#define CANDOR_TESTS_SUPPORT_DECODER_HARNESS_H_

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "format/gguf.h"
#include "format/safetensors.h"
#include "kernels/kernel_table.h"
#include "model/decoder.h"

namespace candor {

// A .gguf file, or a folder with config.json and safetensors.
inline Checkpoint OpenTestCheckpoint(const std::filesystem::path& path) {
  std::vector<File> files;
  if (!std::filesystem::is_directory(path)) {
    files.push_back(File::Open(path));
    return OpenGguf(std::move(files));
  }
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    names.push_back(entry.path().filename());
    if (names.back().starts_with("expected.")) {
      names.pop_back();
    } else {
      files.push_back(File::Open(entry.path()));
    }
  }
  return OpenSafetensors(std::move(files), names);
}

inline Model LoadTestModel(const std::filesystem::path& path, const LoadModelOptions& options = {}) {
  ThreadPool pool(2);
  return LoadModel(OpenTestCheckpoint(path), pool, options);
}

// Every kernel table of this machine by name; a name that does not run here gives null.
inline std::vector<const KernelTable*> AllKernels() {
  std::vector<const KernelTable*> tables;
  for (const KernelTable* const* table = AvailableKernels(); *table; ++table) tables.push_back(*table);
  return tables;
}

struct HarnessOptions {
  const KernelTable* kernels = AvailableKernels()[0];
  int threads = 2;
  KvType kv = KvType::kF16;
  bool exact = false;
  uint32_t chunk = 512;
};

class DecoderHarness {
 public:
  DecoderHarness(const Model& model, const HarnessOptions& options)
      : model_(model),
        options_(options),
        layout_(model.config, options.kv),
        pool_(options.threads),
        decoder_(model, layout_, *options.kernels, pool_,
                 {.exact = options.exact, .max_rows = std::max<uint32_t>(options.chunk, 1)}) {
    pages_.pages.resize(layout_.groups().size());
  }

  // Logits [tokens.size(), vocabulary] of tokens put behind what is there already.
  std::vector<float> Append(const std::vector<int32_t>& tokens) {
    std::vector<float> logits;
    for (size_t i = 0; i < tokens.size();) {
      const size_t count = std::min<size_t>(options_.chunk, tokens.size() - i);
      const auto begin = tokens.begin() + static_cast<ptrdiff_t>(i);
      const BatchResult result =
          Step({begin, begin + static_cast<ptrdiff_t>(count)}, std::vector<WantedOutput>(count, WantedOutput::kLogits));
      logits.insert(logits.end(), result.logits.begin(), result.logits.end());
      i += count;
    }
    return logits;
  }

  // One batch of tokens put behind what is there already.
  BatchResult Step(std::vector<int32_t> tokens, std::vector<WantedOutput> wanted) {
    const auto count = static_cast<uint32_t>(tokens.size());
    Batch batch;
    batch.tokens = std::move(tokens);
    batch.wanted = std::move(wanted);
    batch.sequences = {{&pages_, positions_, count}};
    AddPages(positions_ + count);
    BatchResult result;
    decoder_.Run(batch, result);
    positions_ += count;
    return result;
  }

  // Forgets what lies behind `positions`, leaving the pages' old content in place.
  void Rewind(uint32_t positions) { positions_ = positions; }

 private:
  void AddPages(uint32_t positions) {
    for (size_t g = 0; g < layout_.groups().size(); ++g) {
      while (pages_.pages[g].size() * kPagePositions < positions) {
        buffers_.push_back(HugeBuffer(layout_.groups()[g].page_bytes));
        // NaN everywhere: no position may be read before it is written.
        std::memset(buffers_.back().data(), 0xff, buffers_.back().size());
        pages_.pages[g].push_back(buffers_.back().data());
      }
    }
  }

  const Model& model_;
  HarnessOptions options_;
  KvLayout layout_;
  ThreadPool pool_;
  Decoder decoder_;
  KvPages pages_;
  std::vector<HugeBuffer> buffers_;
  uint32_t positions_ = 0;
};

}  // namespace candor

#endif  // CANDOR_TESTS_SUPPORT_DECODER_HARNESS_H_
