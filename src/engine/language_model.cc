#include "engine/language_model.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "engine/end_tokens.h"
#include "format/gguf.h"
#include "format/json_metadata.h"
#include "format/model_folder.h"
#include "format/safetensors.h"
#include "kernels/probe.h"

namespace candor {
namespace {

constexpr int kMaxThreads = 1024;

// Large, and of no use once the tokenizer is made.
constexpr const char* kVocabularyKeys[] = {"tokenizer.ggml.tokens", "tokenizer.ggml.scores",
                                           "tokenizer.ggml.token_type", "tokenizer.ggml.merges"};

constexpr const char* kVocabularyDocuments[] = {"tokenizer.json", "tokenizer.model", "model.safetensors.index.json"};
constexpr const char* kGenerationConfig = "generation_config.json";

Checkpoint WithoutWeights(Checkpoint checkpoint) {
  checkpoint.files.clear();
  checkpoint.headers.clear();
  checkpoint.tensors = {};
  checkpoint.by_name = {};
  for (const char* key : kVocabularyKeys) checkpoint.metadata.Remove(key);
  for (Document& document : checkpoint.documents) {
    for (const char* name : kVocabularyDocuments) {
      if (document.name == name) document.text = {};
    }
  }
  return checkpoint;
}

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
  if (std::filesystem::is_directory(path)) {
    FolderFiles folder = OpenModelFolder(path);
    return Load(OpenSafetensors(std::move(folder.files), folder.names), options);
  }
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
  result.tokenizer_ = TokenizerOf(checkpoint);
  result.ReadDefaults(checkpoint);
  result.pool_ = std::make_unique<ThreadPool>(threads);
  result.model_ = std::make_unique<Model>(
      LoadModel(checkpoint, *result.pool_,
                {.progress = options.progress, .quantize = options.quantize, .context_limit = options.context_limit}));
  result.origin_ = std::make_unique<Checkpoint>(WithoutWeights(std::move(checkpoint)));
  return result;
}

void LanguageModel::ReadDefaults(const Checkpoint& checkpoint) {
  if (checkpoint.format == CheckpointFormat::kGguf) {
    sampling_ = DefaultSampling(checkpoint.metadata);
    end_tokens_ = tokenizer_->end_tokens();
    return;
  }
  const std::string_view text = checkpoint.TextOf(kGenerationConfig);
  if (text.empty()) {
    sampling_ = SamplingOfGenerationConfig(checkpoint.metadata);
    end_tokens_ = EndTokens(*tokenizer_, checkpoint.metadata);
    return;
  }
  const Metadata config = MetadataFromJson(text, checkpoint.source + "/" + kGenerationConfig);
  sampling_ = SamplingOfGenerationConfig(config);
  end_tokens_ = EndTokens(*tokenizer_, config.Has("eos_token_id") ? config : checkpoint.metadata);
}

}  // namespace candor
