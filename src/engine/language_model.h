// A model with everything that answering needs: weights, tokenizer, threads and kernels.
#ifndef CANDOR_ENGINE_LANGUAGE_MODEL_H_
#define CANDOR_ENGINE_LANGUAGE_MODEL_H_

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "engine/sampling_params.h"
#include "format/checkpoint.h"
#include "kernels/kernel_table.h"
#include "model/model.h"
#include "tokenizer/tokenizer.h"

namespace candor {

struct LoadOptions {
  int threads = 0;                          // 0 = one for every CPU that this process may use
  std::string isa = {};                     // the instruction set by name; empty = the best that this machine has
  LoadProgress progress = {};               // may be empty
  std::optional<TensorType> quantize = {};  // see LoadModelOptions
  uint32_t context_limit = 0;               // how long contexts may become: see LimitContext()
};

// Of `tables` (null-terminated) the first that proves itself, or the one called `name`, which must. Throws
// UnsupportedError when none does, UsageError for a name that is not among them.
const KernelTable& ChooseKernels(const KernelTable* const* tables, const std::string& name,
                                 const std::function<bool(const KernelTable&)>& proves_itself);

// The tokens of a text to be continued, with BOS before it where the tokenizer asks for one. `parse_special` as in
// Tokenizer::Encode.
std::vector<TokenId> TokensToContinue(const Tokenizer& tokenizer, std::string_view text, bool parse_special);

// Movable; what the accessors return stays where it is. Immutable but for the thread pool, which does one thing at a
// time: engines that share a model must be used one at a time too.
class LanguageModel {
 public:
  // Opens and loads a GGUF file, with its other parts when it is split, or a folder of safetensors. Throws the errors
  // of OpenGguf() or OpenModelFolder() and OpenSafetensors(), TokenizerOf() and LoadModel(), and UsageError for a
  // number of threads outside 1 to 1024 or an instruction set that this machine cannot run.
  static LanguageModel Open(const std::filesystem::path& path, const LoadOptions& options = {});
  // The same from open files: nothing is opened any more.
  static LanguageModel Load(Checkpoint checkpoint, const LoadOptions& options = {});

  const Model& model() const { return *model_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  const KernelTable& kernels() const { return *kernels_; }
  ThreadPool& pool() const { return *pool_; }
  // What the model's files say of it besides: metadata without the vocabulary, documents without the text of the
  // tokenizer's. Its files are closed and its tensors gone.
  const Checkpoint& origin() const { return *origin_; }
  // The model's own sampling settings (of a folder those of generation_config.json, or else config.json), or the
  // defaults.
  const SamplingParams& sampling() const { return sampling_; }
  // Those of the tokenizer, and of a folder the `eos_token_id` of the same documents.
  const std::vector<TokenId>& end_tokens() const { return end_tokens_; }

  // TokensToContinue() of its tokenizer.
  std::vector<TokenId> Prompt(std::string_view text, bool parse_special = false) const {
    return TokensToContinue(*tokenizer_, text, parse_special);
  }

 private:
  LanguageModel() = default;
  // Sampling settings and end tokens; the tokenizer is there.
  void ReadDefaults(const Checkpoint& checkpoint);

  const KernelTable* kernels_ = nullptr;
  SamplingParams sampling_;
  std::vector<TokenId> end_tokens_;
  std::unique_ptr<Checkpoint> origin_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::unique_ptr<ThreadPool> pool_;
  std::unique_ptr<Model> model_;
};

}  // namespace candor

#endif  // CANDOR_ENGINE_LANGUAGE_MODEL_H_
