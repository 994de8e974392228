#include "model/quantization_config.h"

#include <algorithm>
#include <functional>
#include <string>

#include "base/error.h"
#include "base/utf8.h"
#include "model/tensor_table.h"
#include "model/text_part.h"

namespace candor {
namespace {

class Reader {
 public:
  Reader(const Checkpoint& checkpoint, std::string object) : checkpoint_(checkpoint), object_(std::move(object)) {}

  Quantization Read() const {
    const std::string method = metadata().GetString(Key("quant_method")).value_or("");
    if (method == "mxfp4") {
      RequireTensor("tensors of MXFP4 blocks with it",
                    [](const TensorInfo& tensor) { return tensor.name.ends_with("_blocks"); });
      return Quantization::kMxfp4;
    }
    if (method != "fp8") Unsupported("quant_method", method, "fp8 and mxfp4");
    RequireTensor("tensors in F8_E4M3 with it",
                  [](const TensorInfo& tensor) { return tensor.type == TensorType::kF8_E4M3; });
    const auto format = metadata().GetString(Key("fmt"));
    if (format && *format != "e4m3") Unsupported("fmt", *format, "e4m3");
    const auto sizes = metadata().GetInts(Key("weight_block_size"));
    const auto block = static_cast<int64_t>(kFp8Block);
    if (!sizes || *sizes != std::vector<int64_t>{block, block}) {
      Refuse("weight_block_size", sizes ? Describe(*metadata().Find(Key("weight_block_size"))) : "missing",
             "two numbers, each " + std::to_string(block));
    }
    return Quantization::kFp8;
  }

 private:
  const Metadata& metadata() const { return checkpoint_.metadata; }
  std::string Key(std::string_view member) const { return std::string(object_).append(".").append(member); }

  void RequireTensor(const std::string& kind, const std::function<bool(const TensorInfo&)>& is) const {
    if (checkpoint_.tensors.empty() || std::ranges::any_of(checkpoint_.tensors, is)) return;
    Refuse("quant_method", Describe(*metadata().Find(Key("quant_method"))), kind);
  }
  [[noreturn]] void Refuse(std::string_view member, const std::string& found, const std::string& expected) const {
    throw FormatError(metadata().source() + ": " + Key(member) + " is " + found + ", expected " + expected);
  }
  [[noreturn]] void Unsupported(std::string_view member, const std::string& found, const std::string& known) const {
    throw UnsupportedError(metadata().source() + ": " + Key(member) + " is \"" + Printable(found) +
                           "\", which this version does not compute; it knows " + known);
  }

  const Checkpoint& checkpoint_;
  std::string object_;
};

}  // namespace

Quantization QuantizationOf(const Checkpoint& checkpoint) {
  if (checkpoint.format != CheckpointFormat::kSafetensors) return Quantization::kNone;
  const Metadata& metadata = checkpoint.metadata;
  constexpr std::string_view kObject = "quantization_config";
  for (const std::string_view prefix : {TextPartOf(checkpoint).config, std::string_view()}) {
    const std::string object = std::string(prefix).append(kObject);
    if (metadata.HasObject(object)) return Reader(checkpoint, object).Read();
  }
  return Quantization::kNone;
}

}  // namespace candor
