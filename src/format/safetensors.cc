#include "format/safetensors.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "format/json_metadata.h"
#include "format/json_reader.h"
#include "format/model_folder.h"
#include "format/safetensors_index.h"

namespace candor {
namespace {

constexpr std::string_view kIndex = "model.safetensors.index.json";
constexpr std::string_view kSingleFile = "model.safetensors";

constexpr uint64_t kSmall = 4 << 20;
constexpr uint64_t kLarge = 64 << 20;
constexpr SafetensorsDocument kDocuments[] = {
    {kConfigFile, kJsonMetadataMaxBytes}, {"generation_config.json", kJsonMetadataMaxBytes},
    {"tokenizer.json", kLarge},           {"tokenizer_config.json", kSmall},
    {"special_tokens_map.json", kSmall},  {"chat_template.jinja", kSmall},
    {"chat_template.json", kSmall},       {"tokenizer.model", kLarge},
    {kIndex, kSafetensorsMaxIndexBytes}};

Document ReadDocument(const File& file, const SafetensorsDocument& known) {
  if (file.size() > known.max_bytes) {
    throw LimitError(file.name() + ": " + std::to_string(file.size()) + " bytes, at most " +
                     std::to_string(known.max_bytes) + " are read");
  }
  Document document{std::string(known.name), std::string(file.size(), '\0'), {}};
  file.ReadAt(0, std::as_writable_bytes(std::span(document.text)));
  if (known.name.ends_with(".json")) {
    JsonVisitor checked;
    ReadJsonObject(document.text, file.name(), {.bytes = known.max_bytes}, checked);
  }
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(document.text)));
  document.digest = hash.Finish();
  return document;
}

struct Shard {
  std::string name;
  File file;
};

// The .safetensors files, ordered by name.
std::vector<Shard> TakeShards(std::vector<File>& files, const std::vector<std::string>& names) {
  std::vector<Shard> shards;
  for (size_t i = 0; i < files.size(); ++i) {
    if (names[i].ends_with(".safetensors")) shards.push_back({names[i], std::move(files[i])});
  }
  std::sort(shards.begin(), shards.end(), [](const Shard& a, const Shard& b) { return a.name < b.name; });
  return shards;
}

bool Holds(const std::vector<Shard>& shards, std::string_view name) {
  return std::any_of(shards.begin(), shards.end(), [&](const Shard& shard) { return shard.name == name; });
}

// Those of `shards` that the index names; all of these must be there.
std::vector<Shard> NamedShards(std::vector<Shard> shards, const SafetensorsIndex& index, const std::string& source) {
  for (uint32_t i = 0; i < index.files.size(); ++i) {
    if (Holds(shards, index.files[i])) continue;
    const auto entry =
        std::find_if(index.tensors.begin(), index.tensors.end(), [&](const auto& e) { return e.file == i; });
    throw FormatError(source + ": tensor \"" + entry->tensor + "\" is in \"" + index.files[i] +
                      "\", which is not in the folder");
  }
  const auto named = [&](const Shard& shard) {
    return std::binary_search(index.files.begin(), index.files.end(), shard.name);
  };
  for (const Shard& shard : shards) {
    if (shard.name == kSingleFile && !named(shard)) {
      throw FormatError(shard.file.name() + ": " + std::string(kIndex) +
                        " does not name it, so that it is uncertain which is the model: remove one of them");
    }
  }
  std::erase_if(shards, [&](const Shard& shard) { return !named(shard); });
  return shards;
}

// The one file that holds a model without an index.
std::vector<Shard> OnlyShard(std::vector<Shard> shards, const std::string& folder) {
  if (shards.empty()) throw FormatError(folder + ": no .safetensors file");
  if (shards.size() > 1) {
    if (!Holds(shards, kSingleFile)) {
      throw FormatError(folder + ": " + std::to_string(shards.size()) + " .safetensors files, none of them called " +
                        std::string(kSingleFile) + ", and no " + std::string(kIndex) +
                        " that says which belong to the model");
    }
    std::erase_if(shards, [&](const Shard& shard) { return shard.name != kSingleFile; });
  }
  return shards;
}

// Reads the header of shard after shard into `checkpoint`.
void ReadHeaders(std::vector<Shard>& shards, Checkpoint& checkpoint) {
  uint64_t header_bytes = 0;
  for (uint32_t i = 0; i < shards.size(); ++i) {
    const File& file = shards[i].file;
    std::vector<std::byte> bytes;
    auto parsed = ParseSafetensorsHeader(bytes, file.size(), file.name());
    while (const auto* need = std::get_if<NeedMoreBytes>(&parsed)) {
      const size_t have = bytes.size();
      CHECK(need->at_least > have && need->at_least <= file.size());
      if (header_bytes + need->at_least > kSafetensorsMaxHeadersInAll) {
        throw LimitError(file.name() + ": the headers of all files take more than " +
                         std::to_string(kSafetensorsMaxHeadersInAll) + " bytes");
      }
      bytes.resize(need->at_least);
      file.ReadAt(have, std::span(bytes).subspan(have));
      parsed = ParseSafetensorsHeader(bytes, file.size(), file.name());
    }
    header_bytes += bytes.size();
    SafetensorsHeader& header = std::get<SafetensorsHeader>(parsed);
    if (checkpoint.tensors.size() + header.tensors.size() > kSafetensorsMaxTensors) {
      throw LimitError(file.name() + ": with this file the checkpoint has more than " +
                       std::to_string(kSafetensorsMaxTensors) + " tensors");
    }
    for (TensorInfo& tensor : header.tensors) {
      tensor.file = i;
      checkpoint.tensors.push_back(std::move(tensor));
    }
    checkpoint.headers.push_back(std::move(bytes));
    checkpoint.files.push_back(std::move(shards[i].file));
  }
}

// Every tensor is where the index says. The files are those of the index, in its order.
void RequirePlaces(const Checkpoint& checkpoint, const SafetensorsIndex& index) {
  const auto refuse = [&](const TensorInfo& tensor, const std::string& why) {
    throw FormatError(checkpoint.files[tensor.file].name() + ": tensor \"" + tensor.name +
                      "\": " + std::string(kIndex) + why);
  };
  for (const TensorInfo& tensor : checkpoint.tensors) {
    const auto entry =
        std::lower_bound(index.tensors.begin(), index.tensors.end(), tensor.name,
                         [](const SafetensorsIndex::Entry& e, const std::string& name) { return e.tensor < name; });
    if (entry == index.tensors.end() || entry->tensor != tensor.name) refuse(tensor, " does not name it");
    if (entry->file != tensor.file) refuse(tensor, " says that it is in \"" + index.files[entry->file] + '"');
  }
}

// And every tensor that the index names is there.
void RequireTensors(const Checkpoint& checkpoint, const SafetensorsIndex& index, const std::string& source) {
  for (const SafetensorsIndex::Entry& entry : index.tensors) {
    if (checkpoint.FindTensor(entry.tensor) != nullptr) continue;
    throw FormatError(source + ": tensor \"" + entry.tensor + "\" is not in \"" + index.files[entry.file] + '"');
  }
}

}  // namespace

std::span<const SafetensorsDocument> SafetensorsDocuments() { return kDocuments; }

std::vector<Document> ReadSafetensorsDocuments(const std::vector<File>& files, const std::vector<std::string>& names) {
  CHECK(files.size() == names.size());
  std::vector<Document> documents;
  for (const SafetensorsDocument& known : kDocuments) {
    const auto at = std::find(names.begin(), names.end(), known.name);
    if (at != names.end()) documents.push_back(ReadDocument(files[at - names.begin()], known));
  }
  return documents;
}

Checkpoint OpenSafetensors(std::vector<File> files, const std::vector<std::string>& names) {
  const auto path_of = [&](std::string_view name) -> std::string {
    const auto at = std::find(names.begin(), names.end(), name);
    return at == names.end() ? "" : files[at - names.begin()].name();
  };
  const std::string config = path_of(kConfigFile);
  if (config.empty()) throw FormatError("a folder of safetensors without config.json");
  const std::string index_path = path_of(kIndex);
  const std::filesystem::path parent = std::filesystem::path(config).parent_path();
  const std::string folder = parent.empty() ? std::string(1, '.') : parent.string();

  std::vector<Document> documents = ReadSafetensorsDocuments(files, names);
  const auto text_of = [&](std::string_view name) -> std::string_view {
    return std::find_if(documents.begin(), documents.end(), [&](const Document& d) { return d.name == name; })->text;
  };
  Checkpoint checkpoint(MetadataFromJson(text_of(kConfigFile), config));
  checkpoint.format = CheckpointFormat::kSafetensors;
  checkpoint.source = folder;

  std::vector<Shard> shards = TakeShards(files, names);
  std::optional<SafetensorsIndex> index;
  if (index_path.empty()) {
    shards = OnlyShard(std::move(shards), folder);
  } else {
    index = ParseSafetensorsIndex(text_of(kIndex), index_path);
    shards = NamedShards(std::move(shards), *index, index_path);
  }
  checkpoint.documents = std::move(documents);
  ReadHeaders(shards, checkpoint);
  if (index) RequirePlaces(checkpoint, *index);
  checkpoint.IndexTensors();
  if (index) RequireTensors(checkpoint, *index, index_path);
  return checkpoint;
}

}  // namespace candor
