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
  std::string_view key;  // one that begins with a dot comes after the architecture's name
};

constexpr FactKey kFacts[] = {
    {"name", "name", "general.name"},
    {"organization", "organization", "general.organization"},
    {"license", "license", "general.license"},
    {"license_link", "license text", "general.license.link"},
    {"architecture", "architecture", "general.architecture"},
    {"layers", "layers", ".block_count"},
    {"hidden_size", "hidden size", ".embedding_length"},
    {"feed_forward_size", "feed-forward size", ".feed_forward_length"},
    {"heads", "attention heads", ".attention.head_count"},
    {"kv_heads", "key/value heads", ".attention.head_count_kv"},
    {"head_size", "head size", ".attention.key_length"},
    {"sliding_window", "sliding window", ".attention.sliding_window"},
    {"experts", "experts", ".expert_count"},
    {"experts_used", "experts per token", ".expert_used_count"},
    {"context_length", "context", ".context_length"},
    {"rope_base", "RoPE base", ".rope.freq_base"},
};

struct FileType {
  uint32_t id;
  std::string_view name;
};

// Source: the GGUF specification, general.file_type.
constexpr FileType kFileTypes[] = {
    {0, "F32"},     {1, "F16"},     {2, "Q4_0"},     {3, "Q4_1"},    {7, "Q8_0"},    {8, "Q5_0"},    {9, "Q5_1"},
    {10, "Q2_K"},   {11, "Q3_K_S"}, {12, "Q3_K_M"},  {13, "Q3_K_L"}, {14, "Q4_K_S"}, {15, "Q4_K_M"}, {16, "Q5_K_S"},
    {17, "Q5_K_M"}, {18, "Q6_K"},   {19, "IQ2_XXS"}, {20, "IQ2_XS"}, {21, "Q2_K_S"}, {22, "IQ3_XS"}, {23, "IQ3_XXS"},
    {24, "IQ1_S"},  {25, "IQ4_NL"}, {26, "IQ3_S"},   {27, "IQ3_M"},  {28, "IQ2_S"},  {29, "IQ2_M"},  {30, "IQ4_XS"},
    {31, "IQ1_M"},  {32, "BF16"},   {36, "TQ1_0"},   {37, "TQ2_0"},  {38, "MXFP4"},  {39, "NVFP4"},  {40, "Q1_0"}};

const std::string* StringOf(const Metadata& metadata, std::string_view key) {
  const MetadataValue* value = metadata.Find(key);
  return value ? std::get_if<std::string>(value) : nullptr;
}

}  // namespace

std::vector<ModelFact> ModelFacts(const Checkpoint& checkpoint) {
  const Metadata& metadata = checkpoint.metadata;
  const std::string* architecture = StringOf(metadata, "general.architecture");
  std::vector<ModelFact> facts;
  for (const FactKey& fact : kFacts) {
    const std::string prefix = fact.key[0] == '.' && architecture ? *architecture : "";
    facts.push_back({fact.json, fact.label, metadata.Find(prefix + std::string(fact.key))});
  }
  return facts;
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

std::string_view FileTypeName(const Metadata& metadata) {
  const MetadataValue* value = metadata.Find("general.file_type");
  const uint64_t* id = value ? std::get_if<uint64_t>(value) : nullptr;
  for (const FileType& type : kFileTypes) {
    if (id && type.id == *id) return type.name;
  }
  return "";
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
    return std::string(message.substr(message.substr(0, source.size()) == source ? source.size() : 0));
  }
}

}  // namespace candor
