// What `candor run` was asked to do.
#ifndef CANDOR_CLI_RUN_OPTIONS_H_
#define CANDOR_CLI_RUN_OPTIONS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/think_setting.h"
#include "cli/common_options.h"
#include "cli/model_argument.h"

namespace candor {

struct RunOptions {
  ModelArgument model;
  ComputeOptions compute;
  SamplingOptions sampling;
  std::vector<std::string> prompt;  // the words of the command line
  std::optional<uint32_t> max_tokens;
  std::vector<std::string> stop;
  std::string system;
  ThinkSetting think;
  bool raw = false;    // the prompt as it is, without the model's template
  bool json = false;   // one object on standard output
  bool plain = false;  // no Markdown on a terminal
  bool quiet = false;  // nothing but the answer
  bool stats = false;  // more than one line about it
  // Of a chat.
  bool no_history = false;
  std::string save_folder = ".";
};

inline constexpr const char* kRawReason = "--raw";
inline constexpr const char* kNoTemplateReason = "this model has no chat template";

// FormatError naming `what` and the first byte that is not UTF-8.
void RequireUtf8(std::string_view text, const std::string& what);
// UsageError for flags that only a chat has: where texts are gone on with, because of `why` (one of the reasons above).
void RequireNoChatFlags(const RunOptions& options, const std::string& why);

}  // namespace candor

#endif  // CANDOR_CLI_RUN_OPTIONS_H_
