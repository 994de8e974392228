#include "engine/language_model.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "format/gguf.h"
#include "kernels/probe.h"

namespace candor {
namespace {

constexpr int kMaxThreads = 1024;

// Large, and of no use once the tokenizer is made.
constexpr const char* kVocabularyKeys[] = {"tokenizer.ggml.tokens", "tokenizer.ggml.scores",
                                           "tokenizer.ggml.token_type", "tokenizer.ggml.merges"};

// The best set that proves itself, or the named one.
const KernelTable& KernelsNamed(const std::string& name) {
  if (name.empty()) {
    for (const KernelTable* const* table = AvailableKernels(); *table != nullptr; ++table) {
      if (GivesKnownAnswers(**table)) return **table;
    }
    throw UnsupportedError("no instruction set gives the known answers on this machine: its arithmetic is broken");
  }
  if (const KernelTable* kernels = FindKernels(name.c_str())) {
    if (GivesKnownAnswers(*kernels)) return *kernels;
    throw UnsupportedError("isa: \"" + name + "\" does not give the known answers on this machine; take another");
  }
  std::string available;
  for (const KernelTable* const* table = AvailableKernels(); *table != nullptr; ++table) {
    available += available.empty() ? "" : ", ";
    available += (*table)->name;
  }
  throw UsageError("isa: \"" + name + "\" is none that this machine can run: " + available);
}

}  // namespace

LanguageModel LanguageModel::Open(const std::filesystem::path& path, const LoadOptions& options) {
  std::vector<File> files;
  for (const std::filesystem::path& part : GgufParts(path)) files.push_back(File::Open(part));
  return Load(OpenGguf(std::move(files)), options);
}

LanguageModel LanguageModel::Load(Checkpoint checkpoint, const LoadOptions& options) {
  LanguageModel result;
  result.kernels_ = &KernelsNamed(options.isa);
  int threads = options.threads;
  if (threads == 0) threads = std::min(AvailableCpus(), kMaxThreads);
  if (threads < 0 || threads > kMaxThreads) {
    throw UsageError("threads: " + std::to_string(threads) + " is outside 1 to " + std::to_string(kMaxThreads));
  }
  // What can be refused is refused before gigabytes are read.
  result.sampling_ = DefaultSampling(checkpoint.metadata);
  result.tokenizer_ = TokenizerFromGguf(checkpoint.metadata);
  result.pool_ = std::make_unique<ThreadPool>(threads);
  result.model_ = std::make_unique<Model>(LoadModel(checkpoint, *result.pool_, options.progress));
  result.metadata_ = std::make_unique<Metadata>(std::move(checkpoint.metadata));
  for (const char* key : kVocabularyKeys) result.metadata_->Remove(key);
  return result;
}

std::vector<TokenId> LanguageModel::Prompt(std::string_view text, bool parse_special) const {
  std::vector<TokenId> tokens = tokenizer_->Encode(text, parse_special);
  if (tokenizer_->add_bos() && tokenizer_->bos()) tokens.insert(tokens.begin(), *tokenizer_->bos());
  return tokens;
}

}  // namespace candor
