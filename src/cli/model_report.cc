#include "cli/model_report.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstdio>
#include <optional>

#include "base/error.h"
#include "base/utf8.h"
#include "chat/prompt.h"
#include "cli/grouped.h"
#include "cli/model_facts.h"
#include "cli/progress.h"
#include "tokenizer/tokenizer.h"

namespace candor {
namespace {

namespace json = boost::json;

constexpr size_t kLabelWidth = 19;
constexpr size_t kShownArray = 64;  // elements of an array that JSON spells out

uint64_t FileBytes(const Checkpoint& checkpoint) {
  uint64_t bytes = 0;
  for (const File& file : checkpoint.files) bytes += file.size();
  return bytes;
}

const StringTable* Vocabulary(const Checkpoint& checkpoint) {
  const MetadataValue* tokens = checkpoint.metadata.Find("tokenizer.ggml.tokens");
  return tokens ? std::get_if<StringTable>(tokens) : nullptr;
}

const std::string* Text(const Checkpoint& checkpoint, std::string_view key) {
  const MetadataValue* value = checkpoint.metadata.Find(key);
  return value ? std::get_if<std::string>(value) : nullptr;
}

std::string Fixed(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

// "494.0 million"
std::string Large(uint64_t value) {
  if (value >= 1000000000) return Fixed(static_cast<double>(value) / 1e9, 2) + " billion";
  if (value >= 1000000) return Fixed(static_cast<double>(value) / 1e6, 1) + " million";
  return Grouped(value);
}

std::string Row(std::string_view label, std::string_view value) {
  std::string row(label);
  row.append(row.size() < kLabelWidth ? kLabelWidth - row.size() : 1, ' ');
  return row.append(value).append("\n");
}

std::string FactText(const MetadataValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return Printable(*text);
  if (const auto* number = std::get_if<uint64_t>(&value)) return Grouped(*number);
  if (const auto* real = std::get_if<double>(&value);
      real && *real >= 1000 && *real < 1e15 && *real == std::floor(*real)) {
    return Grouped(static_cast<uint64_t>(*real));
  }
  return Describe(value);
}

// The number of tokens of a folder's tokenizer; 0 when it cannot be used, and then why.
struct FolderTokenizer {
  std::string_view document;  // the one that counts
  size_t tokens = 0;
  std::string problem;
};
FolderTokenizer ReadFolderTokenizer(const Checkpoint& checkpoint) {
  const char* document = checkpoint.TextOf("tokenizer.json").empty() ? "tokenizer.model" : "tokenizer.json";
  try {
    return {document, TokenizerOf(checkpoint)->vocabulary_size(), ""};
  } catch (const Error& error) {
    return {document, 0, error.what()};
  }
}

std::string TokenizerText(const Checkpoint& checkpoint) {
  if (checkpoint.format == CheckpointFormat::kSafetensors) {
    const FolderTokenizer tokenizer = ReadFolderTokenizer(checkpoint);
    if (tokenizer.tokens == 0) return "cannot be used: " + Printable(tokenizer.problem, 1000);
    return std::string(tokenizer.document).append(", ").append(Grouped(tokenizer.tokens)) + " tokens";
  }
  const std::string* model = Text(checkpoint, "tokenizer.ggml.model");
  if (!model) return "none in the file";
  const std::string_view algorithm = TokenizerAlgorithm(checkpoint.metadata);
  std::string text(algorithm.empty() ? "unknown algorithm" : algorithm);
  text.append(" (\"").append(Printable(*model)).append("\"");
  if (const std::string* pre = Text(checkpoint, "tokenizer.ggml.pre")) {
    text.append(", split as \"").append(Printable(*pre)).append("\"");
  }
  text += ')';
  if (const StringTable* tokens = Vocabulary(checkpoint))
    text.append(", ").append(Grouped(tokens->size())) += " tokens";
  return text;
}

// What the model has of a chat template: whether, and what to say of it.
struct TemplateState {
  bool exists = false;
  std::string text;
};
TemplateState ChatTemplateState(const Checkpoint& checkpoint) {
  std::optional<size_t> bytes;
  if (checkpoint.format == CheckpointFormat::kGguf) {
    if (const std::string* text = Text(checkpoint, "tokenizer.chat_template")) bytes = text->size();
  } else {
    try {
      if (const auto prompt = ChatPromptOf(checkpoint, {}, false)) bytes = prompt->text().size();
    } catch (const Error& error) {
      return {true, std::string("yes, but it cannot be used: ").append(Printable(error.what(), 1000))};
    }
  }
  if (!bytes) return {false, "no: the model completes text"};
  return {true, "yes, " + Grouped(*bytes) + " bytes"};
}

// "Q4_K_M, 6.16 bits a parameter"
std::string QuantisationText(const Checkpoint& checkpoint, uint64_t bytes, uint64_t values) {
  std::string text = Printable(WeightFormat(checkpoint));
  if (!text.empty()) text += ", ";
  return text.append(Fixed(8.0 * static_cast<double>(bytes) / static_cast<double>(values), 2)) + " bits a parameter";
}

// `runs`: every tensor that counts is computed with, if only beside another (packed bytes with scales).
std::string MixText(const std::vector<TypeShare>& mix, uint64_t total, bool runs) {
  std::string text = "\ntype     tensors          values    of bytes\n";
  for (const TypeShare& share : mix) {
    char line[128];
    const TensorTypeInfo& type = InfoOf(share.type);
    std::snprintf(line, sizeof line, "%-8.*s %7s %15s %9.1f %%%s\n", static_cast<int>(type.name.size()),
                  type.name.data(), Grouped(share.tensors).c_str(), Grouped(share.values).c_str(),
                  100.0 * static_cast<double>(share.bytes) / static_cast<double>(total),
                  type.computed || runs ? "" : "  (not computed with)");
    text += line;
  }
  return text;
}

std::string ShapeText(const TensorInfo& tensor) {
  std::string text;
  for (const uint64_t dimension : tensor.shape)
    text.append(text.empty() ? "" : " x ").append(std::to_string(dimension));
  return text;
}

std::string TensorsText(const Checkpoint& checkpoint) {
  size_t name_width = 4;
  size_t shape_width = 5;
  for (const TensorInfo& tensor : checkpoint.tensors) {
    name_width = std::max(name_width, tensor.name.size());
    shape_width = std::max(shape_width, ShapeText(tensor).size());
  }
  const auto padded = [](std::string text, size_t width) { return text.append(width - text.size() + 2, ' '); };
  const bool split = checkpoint.files.size() > 1;
  std::string text = "\n";
  text += padded("name", name_width) + "type     " + padded("shape", shape_width) + (split ? "file  " : "") +
          "        offset          bytes\n";
  for (const TensorInfo& tensor : checkpoint.tensors) {
    char place[96];
    std::snprintf(place, sizeof place, "%14llu %14llu\n", static_cast<unsigned long long>(tensor.offset),
                  static_cast<unsigned long long>(tensor.bytes));
    text += padded(tensor.name, name_width) + padded(std::string(InfoOf(tensor.type).name), 7) +
            padded(ShapeText(tensor), shape_width) + (split ? padded(std::to_string(tensor.file + 1), 4) : "") + place;
  }
  return text;
}

// Boost.JSON writes bytes as they are: what is not UTF-8 must not get there.
std::string ToUtf8(std::string_view text) { return IsValidUtf8(text) ? std::string(text) : Printable(text, SIZE_MAX); }

json::value ToJson(double number) {
  if (std::isfinite(number)) return number;
  return std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";  // JSON has no such numbers
}

json::value ToJson(const MetadataValue& value) {
  const auto array = [](const auto& elements, const auto& convert) -> json::value {
    if (elements.size() > kShownArray) return json::object{{"length", elements.size()}};
    json::array shown;
    for (size_t i = 0; i < elements.size(); ++i) shown.push_back(convert(elements[i]));
    return shown;
  };
  const auto number = [](const Number& n) {
    return std::visit(
        [](auto v) {
          if constexpr (std::is_same_v<decltype(v), double>) return ToJson(v);
          return json::value(v);
        },
        n);
  };
  if (const auto* text = std::get_if<std::string>(&value)) return json::string(ToUtf8(*text));
  if (std::holds_alternative<LeftOut>(value)) return nullptr;
  if (const auto* numbers = std::get_if<NumberArray>(&value)) return array(*numbers, number);
  if (const auto* table = std::get_if<StringTable>(&value)) {
    return array(*table, [](std::string_view text) { return json::string(ToUtf8(text)); });
  }
  if (const auto* v = std::get_if<uint64_t>(&value)) return *v;
  if (const auto* v = std::get_if<int64_t>(&value)) return *v;
  if (const auto* v = std::get_if<bool>(&value)) return *v;
  return ToJson(std::get<double>(value));
}

json::value OrNull(std::string_view text) { return text.empty() ? json::value(nullptr) : json::value(text); }

json::value TokenizerJson(const Checkpoint& checkpoint) {
  if (checkpoint.format == CheckpointFormat::kSafetensors) {
    const FolderTokenizer tokenizer = ReadFolderTokenizer(checkpoint);
    if (checkpoint.TextOf(tokenizer.document).empty()) return nullptr;
    return json::object{{"model", tokenizer.document},
                        {"pre", nullptr},
                        {"algorithm", nullptr},
                        {"tokens", tokenizer.tokens == 0 ? json::value(nullptr) : json::value(tokenizer.tokens)}};
  }
  const std::string* model = Text(checkpoint, "tokenizer.ggml.model");
  if (!model) return nullptr;
  const std::string* pre = Text(checkpoint, "tokenizer.ggml.pre");
  const StringTable* tokens = Vocabulary(checkpoint);
  return json::object{{"model", ToUtf8(*model)},
                      {"pre", pre ? json::value(ToUtf8(*pre)) : json::value(nullptr)},
                      {"algorithm", OrNull(TokenizerAlgorithm(checkpoint.metadata))},
                      {"tokens", tokens ? json::value(tokens->size()) : json::value(nullptr)}};
}

// Characters beyond ASCII that a terminal could act on, as JSON escapes; Boost.JSON escapes those within ASCII but DEL.
std::string EscapeControls(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const Utf8Char next = DecodeUtf8(text, i);
    if (next.code < 0x20 || !IsControl(next.code)) {
      out += text.substr(i, next.bytes);
    } else {
      char escape[16];
      if (next.code < 0x10000) {
        std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(next.code));
      } else {
        const unsigned offset = static_cast<unsigned>(next.code) - 0x10000;
        std::snprintf(escape, sizeof escape, "\\u%04x\\u%04x", 0xD800 + (offset >> 10), 0xDC00 + (offset & 0x3FF));
      }
      out += escape;
    }
    i += next.bytes;
  }
  return out;
}

}  // namespace

std::string ModelReportText(const Checkpoint& checkpoint, const ModelReportOptions& options) {
  const std::vector<TypeShare> mix = QuantisationMix(checkpoint);
  const uint64_t parameters = Parameters(checkpoint);
  const uint64_t bytes = FileBytes(checkpoint);
  std::string text;
  for (size_t i = 0; i < checkpoint.files.size(); ++i) {
    text += Row(i == 0 ? "file" : "", Printable(checkpoint.files[i].name(), 4096));
    if (!options.digests.empty()) text += Row("  SHA-256", ToHex(options.digests[i]));
  }
  for (const Document& document : checkpoint.documents) {
    text += Row(&document == checkpoint.documents.data() ? "documents" : "",
                document.name + ", " + FormatBytes(document.text.size()));
    if (!options.digests.empty()) text += Row("  SHA-256", ToHex(document.digest));
  }
  text += Row("size", FormatBytes(bytes) + " (" + Grouped(bytes) + " bytes)");
  for (const ModelFact& fact : ModelFacts(checkpoint)) {
    if (fact.value) text += Row(fact.label, FactText(*fact.value));
    if (!fact.value && fact.json == "license") text += Row(fact.label, "not stated in the file");
  }
  text += Row("tokenizer", TokenizerText(checkpoint));
  text += Row("chat template", ChatTemplateState(checkpoint).text);
  text += Row("parameters", Large(parameters) + " in " + Grouped(checkpoint.tensors.size()) + " tensors");
  if (parameters > 0) {
    uint64_t tensor_bytes = 0;
    for (const TypeShare& share : mix) tensor_bytes += share.bytes;
    text += Row("quantisation", QuantisationText(checkpoint, tensor_bytes, parameters));
    const std::string refusal = WhyNotRunnable(checkpoint);
    text += Row("runs here", refusal.empty() ? "yes" : std::string("no: ").append(Printable(refusal, 1000)));
    text += MixText(mix, tensor_bytes, refusal.empty());
  } else {
    text += Row("runs here", "no: the file has no tensors");
  }
  if (options.tensors) text += TensorsText(checkpoint);
  return text;
}

std::string ModelReportJson(const Checkpoint& checkpoint, const ModelReportOptions& options) {
  const std::vector<TypeShare> mix = QuantisationMix(checkpoint);
  json::array files;
  for (size_t i = 0; i < checkpoint.files.size(); ++i) {
    json::object file{{"path", ToUtf8(checkpoint.files[i].name())}, {"bytes", checkpoint.files[i].size()}};
    if (!options.digests.empty()) file["sha256"] = ToHex(options.digests[i]);
    files.push_back(std::move(file));
  }
  const bool gguf = checkpoint.format == CheckpointFormat::kGguf;
  json::array documents;
  for (const Document& document : checkpoint.documents) {
    documents.push_back(
        json::object{{"name", document.name}, {"bytes", document.text.size()}, {"sha256", ToHex(document.digest)}});
  }
  json::object report{{"format", gguf ? "GGUF" : "safetensors"},
                      {"files", std::move(files)},
                      {"documents", std::move(documents)},
                      {"bytes", FileBytes(checkpoint)}};
  for (const ModelFact& fact : ModelFacts(checkpoint)) {
    report[fact.json] = fact.value ? ToJson(*fact.value) : json::value(nullptr);
  }
  report["tokenizer"] = TokenizerJson(checkpoint);
  report["chat_template"] = ChatTemplateState(checkpoint).exists;
  report["parameters"] = Parameters(checkpoint);
  report["tensor_count"] = checkpoint.tensors.size();
  report["file_type"] = OrNull(ToUtf8(WeightFormat(checkpoint)));
  const std::string refusal = WhyNotRunnable(checkpoint);
  json::array types;
  for (const TypeShare& share : mix) {
    const TensorTypeInfo& type = InfoOf(share.type);
    types.push_back(json::object{{"type", type.name},
                                 {"tensors", share.tensors},
                                 {"parameters", share.values},
                                 {"bytes", share.bytes},
                                 {"computed", type.computed || refusal.empty()}});
  }
  report["types"] = std::move(types);
  report["runs"] = refusal.empty();
  report["refusal"] = OrNull(ToUtf8(refusal));
  json::object metadata;
  for (const auto& [key, value] : checkpoint.metadata.values()) {
    if (!std::holds_alternative<LeftOut>(value)) metadata[key] = ToJson(value);
  }
  report["metadata"] = std::move(metadata);
  if (options.tensors) {
    json::array tensors;
    for (const TensorInfo& tensor : checkpoint.tensors) {
      tensors.push_back(json::object{{"name", tensor.name},
                                     {"type", InfoOf(tensor.type).name},
                                     {"shape", json::value_from(tensor.shape)},
                                     {"file", tensor.file},
                                     {"offset", tensor.offset},
                                     {"bytes", tensor.bytes}});
    }
    report["tensors"] = std::move(tensors);
  }
  return EscapeControls(json::serialize(report)) + "\n";
}

}  // namespace candor
