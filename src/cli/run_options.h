// What `candor run` was asked to do.
#ifndef CANDOR_CLI_RUN_OPTIONS_H_
#define CANDOR_CLI_RUN_OPTIONS_H_

#include <optional>
#include <string>
#include <vector>

#include "cli/common_options.h"
#include "cli/model_argument.h"
#include "engine/think_setting.h"

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

}  // namespace candor

#endif  // CANDOR_CLI_RUN_OPTIONS_H_
