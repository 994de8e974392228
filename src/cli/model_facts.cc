#include "cli/model_facts.h"

#include <algorithm>

#include "base/error.h"
#include "model/family.h"
#include "model/model.h"
#include "model/tensor_table.h"

namespace candor {
namespace {

struct FactKey {
  std::string_view json;
  std::string_view label;
  std::string_view key;  // GGUF's; one that begins with a dot comes after the architecture's name
  // Those of config.json: the first that is there counts.
  std::string_view members[3] = {};
};

constexpr FactKey kFacts[] = {
    {"name", "name", "general.name"},
    {"organization", "organization", "general.organization"},
    {"license", "license", "general.license"},
    {"license_link", "license text", "general.license.link"},
    {"architecture", "architecture", "general.architecture", {"model_type"}},
    {"layers", "layers", ".block_count", {"num_hidden_layers", "n_layer"}},
    {"hidden_size", "hidden size", ".embedding_length", {"hidden_size", "n_embd"}},
    {"feed_forward_size", "feed-forward size", ".feed_forward_length", {"intermediate_size", "n_inner"}},
    {"heads", "attention heads", ".attention.head_count", {"num_attention_heads", "n_head"}},
    {"kv_heads", "key/value heads", ".attention.head_count_kv", {"num_key_value_heads"}},
    {"head_size", "head size", ".attention.key_length", {"head_dim"}},
    {"sliding_window", "sliding window", ".attention.sliding_window", {"sliding_window"}},
    {"experts", "experts", ".expert_count", {"num_experts", "num_local_experts", "n_routed_experts"}},
    {"experts_used", "experts per token", ".expert_used_count", {"num_experts_per_tok", "experts_per_token"}},
    {"context_length", "context", ".context_length", {"max_position_embeddings", "n_positions"}},
    {"rope_base",
     "RoPE base",
     ".rope.freq_base",
     {"rope_theta", "rope_parameters.rope_theta", "rope_parameters.full_attention.rope_theta"}},
};

const std::string* StringOf(const Metadata& metadata, std::string_view key) {
  const MetadataValue* value = metadata.Find(key);
  return value ? std::get_if<std::string>(value) : nullptr;
}

const MetadataValue* GgufValue(const Metadata& metadata, std::string_view key) {
  const std::string* architecture = key[0] == '.' ? StringOf(metadata, "general.architecture") : nullptr;
  return metadata.Find((architecture ? *architecture : "") + std::string(key));
}

const MetadataValue* FolderValue(const Metadata& metadata, const FactKey& fact) {
  for (const std::string_view member : fact.members) {
    // Of a model that also sees, the decoder has an object of its own.
    for (const std::string_view object : {"", "text_config."}) {
      const MetadataValue* value = member.empty() ? nullptr : metadata.Find(std::string(object).append(member));
      if (value) return value;
    }
  }
  return nullptr;
}

}  // namespace

std::vector<ModelFact> ModelFacts(const Checkpoint& checkpoint) {
  const bool gguf = checkpoint.format == CheckpointFormat::kGguf;
  std::vector<ModelFact> facts;
  for (const FactKey& fact : kFacts) {
    facts.push_back({fact.json, fact.label,
                     gguf ? GgufValue(checkpoint.metadata, fact.key) : FolderValue(checkpoint.metadata, fact)});
  }
  return facts;
}

uint64_t Parameters(const Checkpoint& checkpoint) {
  uint64_t parameters = 0;
  for (const TensorInfo& tensor : checkpoint.tensors) {
    const bool packed = tensor.type == TensorType::kU8 && tensor.name.ends_with("_blocks");
    const bool scales = tensor.name.ends_with("_scales") || tensor.name.ends_with("_scale_inv");
    if (!scales) parameters += tensor.elements() * (packed ? 2 : 1);
  }
  return parameters;
}

std::vector<TypeShare> QuantisationMix(const Checkpoint& checkpoint) {
  std::vector<TypeShare> mix;
  for (const TensorInfo& tensor : checkpoint.tensors) {
    auto share =
        std::find_if(mix.begin(), mix.end(), [&](const TypeShare& candidate) { return candidate.type == tensor.type; });
    if (share == mix.end()) share = mix.insert(mix.end(), {tensor.type, 0, 0, 0});
    ++share->tensors;
    share->values += tensor.elements();
    share->bytes += tensor.bytes;
  }
  std::stable_sort(mix.begin(), mix.end(), [](const TypeShare& a, const TypeShare& b) { return a.bytes > b.bytes; });
  return mix;
}

std::string_view TokenizerAlgorithm(const Metadata& metadata) {
  const std::string* model = StringOf(metadata, "tokenizer.ggml.model");
  if (!model) return "";
  if (*model == "gpt2") return "byte-level BPE";
  if (*model == "llama") return "SentencePiece BPE";
  if (*model == "t5") return "SentencePiece unigram";
  if (*model == "bert") return "WordPiece";
  return "";
}

std::string WhyNotRunnable(const Checkpoint& checkpoint) {
  try {
    const ModelConfig config = ConfigOf(checkpoint);
    MatchTensors(FamilyOf(checkpoint).tensors, config, checkpoint);
    return "";
  } catch (const Error& error) {
    const std::string_view message = error.what();
    const std::string source = checkpoint.metadata.source() + ": ";
    return std::string(message.substr(message.starts_with(source) ? source.size() : 0));
  }
}

}  // namespace candor
