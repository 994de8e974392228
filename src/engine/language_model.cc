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

}  // namespace

const KernelTable& ChooseKernels(const KernelTable* const* tables, const std::string& name,
                                 const std::function<bool(const KernelTable&)>& proves_itself) {
  std::string available;
  for (const KernelTable* const* table = tables; *table != nullptr; ++table) {
    if ((name.empty() || name == (*table)->name) && proves_itself(**table)) return **table;
    if (name == (*table)->name) {
      throw UnsupportedError("isa: \"" + name + "\" does not give the known answers on this machine; take another");
    }
    available += available.empty() ? "" : ", ";
    available += (*table)->name;
  }
  if (!name.empty()) throw UsageError("isa: \"" + name + "\" is none that this machine can run: " + available);
  throw UnsupportedError("no instruction set gives the known answers on this machine: its arithmetic is broken");
}

std::vector<TokenId> TokensToContinue(const Tokenizer& tokenizer, std::string_view text, bool parse_special) {
  std::vector<TokenId> tokens = tokenizer.Encode(text, parse_special);
  if (tokenizer.add_bos() && tokenizer.bos()) tokens.insert(tokens.begin(), *tokenizer.bos());
  return tokens;
}

LanguageModel LanguageModel::Open(const std::filesystem::path& path, const LoadOptions& options) {
  std::vector<File> files;
  for (const std::filesystem::path& part : GgufParts(path)) files.push_back(File::Open(part));
  return Load(OpenGguf(std::move(files)), options);
}

LanguageModel LanguageModel::Load(Checkpoint checkpoint, const LoadOptions& options) {
  LanguageModel result;
  result.kernels_ = &ChooseKernels(AvailableKernels(), options.isa, GivesKnownAnswers);
  int threads = options.threads;
  if (threads == 0) threads = std::min(AvailableCpus(), kMaxThreads);
  if (threads < 0 || threads > kMaxThreads) {
    throw UsageError("threads: " + std::to_string(threads) + " is outside 1 to " + std::to_string(kMaxThreads));
  }
  // What can be refused is refused before gigabytes are read.
  result.sampling_ = DefaultSampling(checkpoint.metadata);
  result.tokenizer_ = TokenizerFromGguf(checkpoint.metadata);
  result.pool_ = std::make_unique<ThreadPool>(threads);
  result.model_ = std::make_unique<Model>(LoadModel(checkpoint, *result.pool_, {.progress = options.progress}));
  result.metadata_ = std::make_unique<Metadata>(std::move(checkpoint.metadata));
  for (const char* key : kVocabularyKeys) result.metadata_->Remove(key);
  return result;
}

}  // namespace candor
