#include <string>

#include "base/error.h"
#include "base/utf8.h"
#include "model/family.h"
#include "model/text_part.h"

namespace candor {

extern const Family kDeepSeekV3Family;
extern const Family kGemma2Family;
extern const Family kGemma3Family;
extern const Family kGpt2Family;
extern const Family kGptOssFamily;
extern const Family kLlamaFamily;
extern const Family kMistralFamily;
extern const Family kMixtralFamily;
extern const Family kOlmo2Family;
extern const Family kPhi3Family;
extern const Family kQwen2Family;
extern const Family kQwen3Family;
extern const Family kQwen3MoeFamily;
extern const Family kSmolLm3Family;

namespace {
constexpr const Family* kFamilies[] = {
    &kDeepSeekV3Family, &kGemma2Family,  &kGemma3Family,   &kGpt2Family,    &kGptOssFamily,
    &kLlamaFamily,      &kMistralFamily, &kMixtralFamily,  &kOlmo2Family,   &kPhi3Family,
    &kQwen2Family,      &kQwen3Family,   &kQwen3MoeFamily, &kSmolLm3Family,
};

// A text part alone is no model: what is around it has to be known too.
void RequireWhole(const Family& family, const Checkpoint& checkpoint) {
  const std::string whole = checkpoint.metadata.RequireString("model_type");
  if (whole == family.whole_model_type) return;
  throw UnsupportedError(checkpoint.metadata.source() + ": model_type is \"" + Printable(whole) + "\" with a \"" +
                         std::string(family.model_type) + "\" in it, which this version does not compute");
}

}  // namespace

FamilyMapping FamilyOf(const Checkpoint& checkpoint) {
  const bool gguf = checkpoint.format == CheckpointFormat::kGguf;
  const std::string part(TextPartOf(checkpoint).config);
  const std::string key = gguf ? "general.architecture" : part + "model_type";
  const std::string name = checkpoint.metadata.RequireString(key);
  std::string known;
  for (const Family* family : kFamilies) {
    const std::string_view own = gguf ? family->architecture : family->model_type;
    if (own.empty()) continue;
    if (own == name && !part.empty()) RequireWhole(*family, checkpoint);
    if (own == name) return {gguf ? family->from_gguf : family->from_safetensors, family->tensors};
    known += (known.empty() ? "" : ", ") + std::string(own);
  }
  throw UnsupportedError(checkpoint.metadata.source() + ": " + key + " is \"" + Printable(name) +
                         "\", which this version does not compute; it knows " + known);
}

}  // namespace candor
