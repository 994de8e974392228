#include "ipc/model_loading.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/sha256.h"
#include "engine/kv_cache.h"
#include "engine/plan.h"
#include "format/checkpoint_files.h"
#include "format/weight_format.h"
#include "model/inventory.h"
#include "model/kv_layout.h"
#include "model/model.h"

namespace candor {
namespace {

std::string Mebibytes(uint64_t bytes) { return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB"; }

void RequireRecordedFiles(const LoadModelMessage& message, const std::vector<Sha256Digest>& digests) {
  if (message.file_sha256.empty()) return;
  for (size_t i = 0; i < digests.size(); ++i) {
    const std::string found = ToHex(digests[i]);
    if (i < message.file_sha256.size() && found == message.file_sha256[i]) continue;
    throw FormatError(message.file_names.at(i) + ": SHA-256 " + found + ", but " +
                      (i < message.file_sha256.size() ? message.file_sha256[i] : "nothing") +
                      " when it was pulled: the file has changed since and is not used");
  }
}

// What is known once it is loaded.
void Describe(const HostedModel& hosted, ModelFacts& facts) {
  const LanguageModel& model = hosted.model();
  const ModelConfig& config = model.model().config;
  facts.context = hosted.options().context;
  facts.model_context = config.context_length;
  facts.vocabulary = static_cast<uint32_t>(std::min<size_t>(config.vocabulary, model.tokenizer().vocabulary_size()));
  facts.embedding_length = config.hidden;
  facts.kv_bytes = hosted.options().kv_bytes;
  facts.can_chat = hosted.can_chat();
  facts.reasons = hosted.reasons();
  for (const Sha256Digest& digest : model.model().file_digests) facts.file_sha256.push_back(ToHex(digest));
  facts.notes = model.model().notes;
  facts.sampling = model.sampling();
  facts.isa = model.kernels().name;
  facts.threads = static_cast<uint32_t>(model.pool().size());
}

}  // namespace

EngineOptions DivideMemory(const LoadModelMessage& message, const ModelConfig& config, uint64_t weight_bytes) {
  EngineOptions options{.context = message.context,
                        .chunk = message.chunk,
                        .max_sequences = message.max_sequences,
                        .kv = message.kv,
                        .exact = message.exact,
                        .remember_prefixes = true};
  const KvCache cache(KvLayout(config, message.kv).groups(), 0);
  const auto kv_bytes = [&](uint32_t context) { return cache.BytesFor(context, message.chunk); };
  const uint64_t rest_needed = weight_bytes + WorkingBytes(config, message.chunk + message.max_sequences);
  const uint32_t longest = config.context_length;
  const uint32_t least = message.context != 0 ? std::min(message.context, longest) : std::min(kLeastContext, longest);
  const uint64_t needed = rest_needed + kv_bytes(least);
  if (needed > message.max_bytes) {
    throw MemoryError(message.name + ": needs at least " + Mebibytes(needed) + " of memory with a context of " +
                          std::to_string(least) + " tokens",
                      needed);
  }
  options.kv_bytes = message.max_bytes - rest_needed;
  if (message.kv_bytes != 0) {
    // No more than is usual, for the sake of a context that few will fill.
    const uint64_t one = kv_bytes(message.context != 0 ? least : std::min(longest, kUsualContext));
    options.kv_bytes = std::min(options.kv_bytes, std::max(message.kv_bytes, one));
  }
  if (options.context == 0) {
    // The longest that fits: what is needed grows with it.
    uint32_t fits = least, fits_not = longest + 1;
    while (fits + 1 < fits_not) {
      const uint32_t middle = fits + (fits_not - fits) / 2;
      (kv_bytes(middle) <= options.kv_bytes ? fits : fits_not) = middle;
    }
    options.context = fits;
  }
  return options;
}

LoadedModel LoadHostedModel(const LoadModelMessage& message, std::vector<File> files, const LoadProgress& progress) {
  const auto begin = std::chrono::steady_clock::now();
  Checkpoint checkpoint = OpenCheckpoint({message.format, std::move(files), message.file_names});
  // The context changes how some models rotate; how much memory there is must not.
  const ModelConfig config = ConfigOf(checkpoint, message.context);
  const Inventory inventory = InventoryOf(checkpoint, config);
  const uint64_t weight_bytes = KeptBytes(inventory, message.quantize);
  const EngineOptions options = DivideMemory(message, config, weight_bytes);
  ModelFacts facts{.architecture = config.architecture,
                   .weight_format = std::string(WeightFormat(checkpoint)),
                   .parameters = inventory.parameters,
                   .weight_bytes = weight_bytes,
                   .working_bytes = WorkingBytes(config, message.chunk + message.max_sequences)};
  LoadOptions load;
  load.threads = static_cast<int>(message.threads);
  load.isa = message.isa;
  load.quantize = message.quantize;
  load.context_limit = message.context;
  load.progress = progress;
  LanguageModel model = LanguageModel::Load(std::move(checkpoint), load);
  RequireRecordedFiles(message, model.model().file_digests);
  LoadedModel loaded{std::make_unique<HostedModel>(std::move(model), options), std::move(facts)};
  Describe(*loaded.model, loaded.facts);
  loaded.facts.load_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return loaded;
}

}  // namespace candor
