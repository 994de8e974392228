#include "ipc/refusal.h"

#include <new>

#include "base/error.h"
#include "chat/template.h"

namespace candor {

Refusal RefusalOf(const std::exception& error) {
  const auto is = [&]<typename T>(const T*) { return dynamic_cast<const T*>(&error) != nullptr; };
  if (is(static_cast<const TemplateError*>(nullptr))) return Refusal::kTemplate;
  if (is(static_cast<const UsageError*>(nullptr))) return Refusal::kInvalid;
  if (is(static_cast<const LimitError*>(nullptr))) return Refusal::kTooLong;
  if (is(static_cast<const UnsupportedError*>(nullptr))) return Refusal::kUnsupported;
  if (is(static_cast<const FormatError*>(nullptr)) || is(static_cast<const IoError*>(nullptr))) return Refusal::kFile;
  if (is(static_cast<const std::bad_alloc*>(nullptr))) return Refusal::kMemory;
  return Refusal::kInternal;
}

}  // namespace candor
