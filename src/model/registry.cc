#include <string>

#include "base/error.h"
#include "base/utf8.h"
#include "model/family.h"

namespace candor {

extern const Family kGemma3Family;
extern const Family kLlamaFamily;
extern const Family kQwen2Family;
extern const Family kQwen3Family;

namespace {
constexpr const Family* kFamilies[] = {&kGemma3Family, &kLlamaFamily, &kQwen2Family, &kQwen3Family};
}  // namespace

const Family& FamilyOf(const Metadata& metadata) {
  const std::string architecture = metadata.RequireString("general.architecture");
  std::string known;
  for (const Family* family : kFamilies) {
    if (family->architecture == architecture) return *family;
    known += (known.empty() ? "" : ", ") + std::string(family->architecture);
  }
  throw UnsupportedError(metadata.source() + ": general.architecture is \"" + Printable(architecture) +
                         "\", which this version does not compute; it knows " + known);
}

}  // namespace candor
