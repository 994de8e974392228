#include <unistd.h>

#include <charconv>
#include <memory>
#include <string>

#include "base/error.h"
#include "cli/chat_session.h"
#include "cli/command.h"
#include "cli/run_once.h"
#include "cli/run_options.h"

namespace candor {
namespace {

constexpr const char* kAnswer = "Answer";
constexpr const char* kChat = "Chat";

constexpr const char* kDescription =
    "Answer a prompt, or chat. Words after MODEL are the prompt; \"-\" among them, or no words and input that is no "
    "terminal, stands for standard input. Without a prompt on a terminal a chat opens (/help lists its commands); a "
    "model without a chat template, or --raw, goes on there with each text that is entered, by itself. The answer goes "
    "to standard output, everything else to standard error. The process has no network and opens no file once it "
    "begins to read the model.";

constexpr const char* kFooter = R"(Examples:
  candor run smollm2-135m "Name three rivers."
  candor run smollm2-135m                                    chat
  candor run qwen2.5-coder-0.5b "Explain this:" - < main.c   a prompt with a file in it
  candor run smollm2-135m --seed 7 --temperature 0.2 "Hi"    the same answer every time, everywhere
  candor run smollm2-135m --temperature 0 --json "Hi" | jq   token ids, counts, times, digest
  candor run smollm2-135m --seed 7 --choice 1 "Hi"           the answer that /regenerate gives
  candor run gemma3-270m --max-tokens 40 "Once upon a time"  a base model goes on with the text
  candor run thinker.gguf --think 200 "17 * 23?"             at most 200 tokens of reasoning
  candor run gpt-oss.gguf --think high "17 * 23?"            an effort, as the model knows it
)";

void AddAnswerOptions(CLI::App& command, RunOptions& options) {
  command.add_option("--system", options.system, "What the model is told before the conversation (the system message)")
      ->type_name("TEXT")
      ->group(kAnswer);
  command
      .add_option_function<std::string>(
          "--think",
          [&options](const std::string& text) {
            const auto setting = ParseThinkSetting(text);
            if (!setting) {
              throw CLI::ValidationError("--think", "\"" + text + "\" is not one of " + kThinkWords);
            }
            options.think = *setting;
          },
          "Reasoning before the answer, one of {on,off,auto,low,medium,high} or N, the most tokens it may take. Low, "
          "medium and high are told to a model that knows them; to others they are 1024, 4096 and 16384 tokens. A "
          "model "
          "that does not reason by itself is asked to. Default: auto, what the model does by itself")
      ->type_name("MODE")
      ->group(kAnswer);
  command
      .add_option_function<std::string>(
          "--max-tokens",
          [&options](const std::string& text) {
            uint32_t value = 0;
            const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
            if (result.ec != std::errc() || result.ptr != text.data() + text.size() || value == 0) {
              throw CLI::ValidationError("--max-tokens", "\"" + text + "\" is not a whole number from 1 to 4294967295");
            }
            options.max_tokens = value;
          },
          "The most tokens of an answer, reasoning included; default: what the context has room for")
      ->type_name("N")
      ->group(kAnswer);
  command.add_option("--stop", options.stop, "End the answer before this text, which is not shown; may be repeated")
      ->type_name("TEXT")
      ->allow_extra_args(false)
      ->group(kAnswer);
  command
      .add_flag("--raw", options.raw,
                "Go on with the prompt as it is, without the model's chat template; special tokens written in it count")
      ->group(kAnswer);
  command
      .add_flag("--json", options.json,
                "Print one JSON object: text, reasoning, calls of tools, token ids, counts, times, seed, digest of the "
                "tokens")
      ->group(kAnswer);
  command.add_flag("--plain", options.plain, "Show the answer as the model wrote it, not rendered from Markdown")
      ->group(kAnswer);
  command.add_flag("-q,--quiet", options.quiet, "Show nothing but the answer")->group(kAnswer);
  command.add_flag("--stats", options.stats, "Say more about the model and the times after the answer")->group(kAnswer);
  command.add_flag("--no-history", options.no_history, "Do not keep what is typed for the next chat")->group(kChat);
  command.add_option("--save-dir", options.save_folder, "Where /save writes; default: the current folder")
      ->type_name("DIR")
      ->group(kChat);
}

void Run(const RunOptions& options) {
  const bool from_terminal = ::isatty(STDIN_FILENO) == 1;
  if (!options.prompt.empty() || !from_terminal) return RunOnce(options);
  if (options.json) throw UsageError("--json: a prompt is missing");
  if (::isatty(STDOUT_FILENO) != 1) throw UsageError("a prompt is missing: a chat needs a terminal to write to");
  RunChat(options);
}

}  // namespace

void AddRunCommand(CLI::App& app) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", kDescription);
  AddModelArgument(*command, options->model);
  command->add_option("PROMPT", options->prompt, "What to answer; \"-\" stands for standard input")->option_text("...");
  AddAnswerOptions(*command, *options);
  AddSamplingOptions(*command, options->sampling);
  AddComputeOptions(*command, options->compute);
  command->footer(kFooter);
  command->callback([options] { Run(*options); });
}

}  // namespace candor
