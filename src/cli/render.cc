#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "chat/jinja/json.h"
#include "chat/message.h"
#include "chat/prompt.h"
#include "chat/reasoning.h"
#include "chat/think_setting.h"
#include "chat/thinking_prompt.h"
#include "cli/command.h"
#include "cli/local_time.h"
#include "cli/model_argument.h"
#include "cli/sealing.h"
#include "cli/standard_output.h"

namespace candor {
namespace {

constexpr uint64_t kMaxJsonBytes = 256u << 20;
constexpr uint64_t kMaxTemplateBytes = 16u << 20;

struct RenderOptions {
  ModelArgument model;
  std::string messages, tools;       // files
  std::string template_file, input;  // files
  std::string now;                   // empty: the clock
  std::optional<ThinkSetting> think;
  bool no_generation_prompt = false;
};

// A file that is named on the command line, read before the process is sealed.
struct NamedText {
  std::string name;
  std::string text;
};

NamedText ReadNamed(const std::string& path, uint64_t limit) { return {path, ReadWholeFile(path, limit)}; }

std::string RenderTemplate(const RenderOptions& options, int64_t now) {
  const NamedText source = ReadNamed(options.template_file, kMaxTemplateBytes);
  const NamedText input = ReadNamed(options.input, kMaxJsonBytes);
  SealForModel();
  const jinja::Value variables = jinja::ParseJson(input.text, input.name);
  if (!variables.is(jinja::Kind::kDict))
    throw FormatError(input.name + ": must be an object: the template's variables");
  return ChatTemplate::Parse(source.text, source.name).Render(variables, now);
}

std::optional<ChatPrompt> OpenPrompt(const Checkpoint& checkpoint, bool with_tools) {
  const bool gguf = checkpoint.format == CheckpointFormat::kGguf;
  return ChatPromptOf(checkpoint, gguf ? SpecialTokensOf(checkpoint.metadata) : SpecialTokenTexts(), with_tools);
}

std::string RenderMessages(const RenderOptions& options, int64_t now) {
  ModelFiles model = OpenModel(options.model);
  const std::string name = model.name;
  const NamedText messages = ReadNamed(options.messages, kMaxJsonBytes);
  const NamedText tools = options.tools.empty() ? NamedText{} : ReadNamed(options.tools, kMaxJsonBytes);
  SealForModel();
  PromptOptions prompt_options;
  prompt_options.add_generation_prompt = !options.no_generation_prompt;
  if (!tools.name.empty()) {
    prompt_options.tools = jinja::ParseJson(tools.text, tools.name);
    if (!prompt_options.tools.is(jinja::Kind::kList)) throw FormatError(tools.name + ": must be a list of tools");
  }
  jinja::Value conversation = TemplateMessages(jinja::ParseJson(messages.text, messages.name), messages.name);
  const Checkpoint checkpoint = OpenCheckpoint(std::move(model));
  const auto prompt = OpenPrompt(checkpoint, !tools.name.empty());
  if (!prompt) {
    throw UnsupportedError(name + ": has no chat template; such a model completes text, and its prompt is the text");
  }
  if (options.think && options.think->mode == ThinkMode::kOn) {
    const ReasoningFormat format = FindReasoningFormat(*TokenizerOf(checkpoint), prompt->text());
    if (!format.is_own) conversation = AskToThink(format, conversation);
  }
  return RenderThinking(*prompt, conversation, std::move(prompt_options), options.think.value_or(ThinkSetting{}), now)
      .text;
}

void Render(const RenderOptions& options) {
  const bool has_template = !options.template_file.empty() || !options.input.empty();
  const bool has_model = !options.model.model.empty() || !options.messages.empty() || !options.tools.empty();
  if (has_template == has_model) throw UsageError("give either MODEL and --messages, or --template and --input");
  if (has_template && (options.template_file.empty() || options.input.empty())) {
    throw UsageError("--template and --input go together");
  }
  if (has_model && (options.model.model.empty() || options.messages.empty())) {
    throw UsageError("MODEL and --messages go together");
  }
  if (has_template && (options.think || options.no_generation_prompt)) {
    throw UsageError("--think and --no-generation-prompt go with MODEL; the file of --input holds all variables");
  }
  const int64_t now = options.now.empty() ? LocalNow() : ParseLocalTime(options.now, "--now");
  const std::string text = has_template ? RenderTemplate(options, now) : RenderMessages(options, now);
  PrintResult(text);
}

}  // namespace

void AddRenderCommand(CLI::App& app) {
  const auto options = std::make_shared<RenderOptions>();
  CLI::App* command =
      app.add_subcommand("render", "Print the exact prompt that a conversation becomes, or what any template renders");
  AddModelArgument(*command, options->model);
  command->get_option("MODEL")->required(false);
  const auto file = [&](const char* flag, std::string& path, const char* help) {
    command->add_option(flag, path, help)->type_name("FILE");
  };
  file("--messages", options->messages, "The conversation: a JSON list of {\"role\", \"content\", ...}");
  file("--tools", options->tools, "Tools to offer: a JSON list");
  command
      ->add_option_function<std::string>(
          "--think",
          [options](const std::string& text) {
            options->think = ParseThinkSetting(text);
            if (!options->think) {
              throw CLI::ValidationError("--think", "\"" + text + "\" is not one of " + kThinkWords);
            }
          },
          "Tell the template how much to think, as run --think does")
      ->type_name("MODE");
  command->add_flag("--no-generation-prompt", options->no_generation_prompt,
                    "Do not end where the assistant's answer begins");
  file("--template", options->template_file, "A template by itself");
  file("--input", options->input, "The template's variables: a JSON object");
  command->add_option("--now", options->now, "What strftime_now sees, instead of the local time")
      ->type_name("2026-11-22T09:30:00");
  command->footer(
      "Examples:\n"
      "  candor render smollm2-135m --messages chat.json\n"
      "  candor render --template chat_template.jinja --input variables.json\n"
      "The text is printed byte for byte, without a line end of its own; on a terminal it is made safe to show.");
  command->callback([options] { Render(*options); });
}

}  // namespace candor
