#include "cli/run_options.h"

#include "base/error.h"
#include "base/utf8.h"

namespace candor {

void RequireUtf8(std::string_view text, const std::string& what) {
  for (size_t at = 0; at < text.size();) {
    const Utf8Char character = DecodeUtf8(text, at);
    if (character.code == kInvalidUtf8) {
      throw FormatError(what + ": not UTF-8 at byte " + std::to_string(at) +
                        "; convert it first, e.g. with iconv -f latin1 -t utf-8");
    }
    at += character.bytes;
  }
}

void RequireNoChatFlags(const RunOptions& options, const std::string& why) {
  if (!options.system.empty()) throw UsageError("--system: there is no system message: " + why);
  if (options.think.mode == ThinkMode::kOn) throw UsageError("--think: reasoning needs a chat: " + why);
}

}  // namespace candor
