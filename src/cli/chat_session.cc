#include "cli/chat_session.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/sha256.h"
#include "cli/answer.h"
#include "cli/answer_output.h"
#include "cli/chat_command.h"
#include "cli/conversation.h"
#include "cli/load_model.h"
#include "cli/local_time.h"
#include "cli/sealing.h"
#include "cli/standard_output.h"
#include "cli/statistics.h"
#include "cli/terminal/history_file.h"
#include "cli/terminal/line_editor.h"
#include "cli/terminal/save_process.h"
#include "cli/terminal/signal_watch.h"
#include "engine/dialogue.h"
#include "engine/engine.h"

namespace candor {
namespace {

constexpr const char* kPrompt = ">>> ";
constexpr const char* kContinuation = "... ";

std::filesystem::path HistoryPath() {
  const auto environment = [](const char* name) {
    const char* value = std::getenv(name);
    return std::filesystem::path(value == nullptr ? "" : value);
  };
  std::filesystem::path folder = environment("XDG_STATE_HOME");
  if (!folder.is_absolute()) {
    folder = environment("HOME");
    if (!folder.is_absolute()) return {};
    folder = folder / ".local" / "state";
  }
  return folder / "candor" / "history";
}

// The signal that has asked the program to end; 0: none.
int EndingSignal(const SignalWatch& signals) {
  return signals.Pending(SIGTERM) ? SIGTERM : signals.Pending(SIGHUP) ? SIGHUP : 0;
}

// What must be open before the process is sealed.
struct OpenFiles {
  explicit OpenFiles(const RunOptions& options) : model(OpenModel(options.model)) {
    if (const std::filesystem::path path = HistoryPath(); !options.no_history && !path.empty()) {
      try {
        history = HistoryFile::Open(path);
      } catch (const Error& error) {
        Note(std::string("candor: no history: ") + error.what());
      }
    }
    try {
      save.emplace(options.save_folder);
    } catch (const IoError& error) {
      Note(std::string("candor: /save is off: ") + error.what());
    }
  }

  ModelFiles model;
  std::optional<HistoryFile> history;
  std::optional<SaveProcess> save;
};

EngineOptions ChatEngineOptions(const ComputeOptions& options) {
  EngineOptions engine = EngineOptionsOf(options);
  engine.remember_prefixes = true;
  return engine;
}

class ChatSession {
 public:
  ChatSession(const RunOptions& options, const LanguageModel& model, const std::string& name, OpenFiles& files,
              SignalWatch& signals, LineEditor& editor)
      : options_(options),
        model_(model),
        facts_{name, ToHex(model.model().file_digests.at(0)), SeedOf(options.sampling)},
        files_(files),
        signals_(signals),
        editor_(editor),
        dialogue_(model),
        engine_(model.model(), model.tokenizer(), model.kernels(), model.pool(), ChatEngineOptions(options.compute)),
        why_no_chat_(options.raw            ? kRawReason
                     : dialogue_.can_chat() ? nullptr
                                            : kNoTemplateReason),
        sampling_(Resolve(options.sampling, model.sampling())),
        think_(options.think),
        choice_(options.sampling.choice) {
    if (why_no_chat_ != nullptr) RequireNoChatFlags(options, why_no_chat_);
    conversation_.SetSystem(options.system);
  }

  void Run();

 private:
  // False when the person leaves.
  bool Do(const ChatCommand& command);
  // What a message that gets no answer is taken back to.
  struct Before {
    ChatConversation conversation;
    uint32_t choice;
  };
  void AnswerLast(Before before);
  AnswerResult Compute();
  void SetThink(const std::string& argument);
  void SetSampling(const std::string& argument);
  void SetSystem(const std::string& argument);
  void Regenerate();
  void Save(const std::string& name);
  void ShowStatistics() const;

  const RunOptions& options_;
  const LanguageModel& model_;
  ConversationFacts facts_;
  OpenFiles& files_;
  SignalWatch& signals_;
  LineEditor& editor_;
  Dialogue dialogue_;
  Engine engine_;
  // Why each message is a text of its own that the model goes on with; null: they are a conversation.
  const char* const why_no_chat_;
  SamplingParams sampling_;
  ThinkSetting think_;
  ChatConversation conversation_;
  uint32_t choice_;  // of the answer to the last message: /regenerate takes the next one
  std::string last_prompt_;
  std::optional<AnswerResult> last_answer_;
};

void ChatSession::Run() {
  DimNote(facts_.model + ", seed " + std::to_string(facts_.seed) + ". /help lists the commands.");
  if (why_no_chat_ != nullptr) {
    DimNote("The model goes on with each text that you enter, by itself (" + std::string(why_no_chat_) + ").");
  }
  bool interrupted_before = false;
  for (;;) {
    const Input input =
        ReadMessage([this](const std::string& prompt) { return editor_.ReadLine(prompt); }, kPrompt, kContinuation);
    if (input.end == InputEnd::kClosed) return;
    if (input.end == InputEnd::kInterrupted) {
      if (interrupted_before) return;
      interrupted_before = true;
      DimNote("Ctrl-C again, Ctrl-D or /exit leaves.");
      continue;
    }
    interrupted_before = false;
    if (input.text.find_first_not_of(" \t\n") == std::string::npos) continue;
    editor_.AddHistory(input.text);
    if (files_.history) files_.history->Append(input.text);
    try {
      if (const auto command = ParseChatCommand(input.text)) {
        if (!Do(*command)) return;
      } else {
        Before before{conversation_, choice_};
        conversation_.AddUser(input.text);
        choice_ = options_.sampling.choice;
        AnswerLast(std::move(before));
      }
    } catch (const UsageError& error) {
      DimNote(InFlagNames(error.what()));
    } catch (const std::exception& error) {  // whatever it is: the conversation must not be lost
      DimNote(error.what());
    }
  }
}

AnswerResult ChatSession::Compute() {
  const bool continues = why_no_chat_ != nullptr;
  PreparedRequest prepared = continues
                                 ? dialogue_.Continue(conversation_.messages().back().content.value_or(""))
                                 : dialogue_.Prepare(conversation_.messages(), {.think = think_, .now = LocalNow()});
  prepared.request.sampling = sampling_;
  prepared.request.seed = facts_.seed;
  prepared.request.choice = choice_;
  prepared.request.max_tokens = options_.max_tokens;
  last_prompt_ = prepared.prompt;
  const std::unique_ptr<AnswerOutput> output =
      MakeAnswerOutput({.markdown = !options_.plain && !continues, .prompted_reasoning = prepared.prompted_reasoning});
  signals_.Take(SIGINT);
  AnswerResult answer =
      Answer(engine_, model_.tokenizer(), prepared.request, {.continues = continues, .stop = options_.stop},
             output.get(), [this] { return signals_.Pending(SIGINT) || EndingSignal(signals_) != 0; });
  signals_.Take(SIGINT);
  return answer;
}

void ChatSession::AnswerLast(Before before) {
  const auto take_back = [&] {
    conversation_ = std::move(before.conversation);
    choice_ = before.choice;
  };
  AnswerResult answer;
  try {
    answer = Compute();
  } catch (const LimitError& error) {
    take_back();
    throw LimitError(std::string(error.what()) + (why_no_chat_ == nullptr ? "; /reset begins again, or" : ";") +
                     " make the message shorter");
  } catch (...) {
    take_back();
    throw;
  }
  if (answer.reason == FinishReason::kCancelled && answer.text.empty() && answer.reasoning.empty() &&
      answer.calls.empty()) {
    DimNote(choice_ == options_.sampling.choice ? "Stopped before the answer began: the message is taken back."
                                                : "Stopped before the answer began: the one before it stays.");
    take_back();
    return;
  }
  last_answer_ = std::move(answer);
  conversation_.AddAssistant(last_answer_->text, last_answer_->reasoning, {choice_, sampling_});
  const Usage& usage = last_answer_->usage;
  DimNote(StatisticsLine(usage, last_answer_->reason, facts_.seed, choice_));
  if (!last_answer_->calls.empty()) {
    DimNote("There are no tools here: the conversation goes on without what the model said to one.");
  }
  if (why_no_chat_ != nullptr) return;
  const std::string warning = ContextWarning(usage.prompt_tokens + usage.generated_tokens, engine_.options().context);
  if (!warning.empty()) DimNote(warning);
}

bool ChatSession::Do(const ChatCommand& command) {
  switch (command.verb) {
    case ChatVerb::kHelp:
      DimNote(ChatHelp());
      break;
    case ChatVerb::kReset:
      conversation_.Clear();
      last_answer_.reset();
      DimNote("The conversation begins again.");
      break;
    case ChatVerb::kSystem:
      SetSystem(command.argument);
      break;
    case ChatVerb::kThink:
      SetThink(command.argument);
      break;
    case ChatVerb::kSet:
      SetSampling(command.argument);
      break;
    case ChatVerb::kRegenerate:
      Regenerate();
      break;
    case ChatVerb::kSave:
      Save(command.argument);
      break;
    case ChatVerb::kStats:
      ShowStatistics();
      break;
    case ChatVerb::kPrompt:
      DimNote(last_prompt_.empty() ? "Nothing was asked yet." : last_prompt_);
      break;
    case ChatVerb::kExit:
      return false;
  }
  return true;
}

void ChatSession::SetSystem(const std::string& argument) {
  if (why_no_chat_ != nullptr) throw UsageError(std::string("/system: there is no system message: ") + why_no_chat_);
  if (!argument.empty()) conversation_.SetSystem(argument == "none" ? "" : argument);
  DimNote(conversation_.system().empty() ? "There is no system message." : "System message: " + conversation_.system());
}

void ChatSession::SetThink(const std::string& argument) {
  if (why_no_chat_ != nullptr) throw UsageError(std::string("/think: reasoning needs a chat: ") + why_no_chat_);
  if (!argument.empty()) {
    const auto setting = ParseThinkSetting(argument);
    if (!setting) throw UsageError("/think: \"" + argument + "\" is not one of " + kThinkWords);
    think_ = *setting;
  }
  DimNote("Reasoning: " + ThinkSettingText(think_));
}

void ChatSession::SetSampling(const std::string& argument) {
  if (!argument.empty()) {
    const size_t end = std::min(argument.find_first_of(" ="), argument.size());
    const size_t value = argument.find_first_not_of(" =", end);
    if (end == 0) throw UsageError("/set " + argument + ": a name is missing");
    if (value == std::string::npos) throw UsageError("/set " + argument + ": a value is missing");
    SetSamplingField(sampling_, argument.substr(0, end), argument.substr(value));
  }
  std::string list;
  const std::vector<std::string> names = SamplingFlagNames();
  for (size_t i = 0; i < names.size(); ++i) {
    list += (i > 0 ? ", " : "") + names[i] + " " + SamplingValue(sampling_, SamplingFields()[i]);
  }
  DimNote(list);
}

void ChatSession::Regenerate() {
  if (!conversation_.ends_with_answer()) throw UsageError("/regenerate: there is no answer yet");
  Before before{conversation_, choice_};
  conversation_.RemoveLast();
  ++choice_;
  AnswerLast(std::move(before));
}

void ChatSession::Save(const std::string& name) {
  if (!files_.save) throw UsageError("/save is off: the folder cannot be written to");
  const SaveName checked = CheckSaveName(name);
  if (!checked.error.empty()) throw UsageError("/save: " + checked.error);
  const std::string text = checked.name.ends_with(".json") ? ConversationAsJson(conversation_, facts_)
                                                           : ConversationAsMarkdown(conversation_, facts_);
  DimNote("Saved as " + files_.save->Save(name, text) + " in " + options_.save_folder);
}

void ChatSession::ShowStatistics() const {
  std::string text = facts_.model + ", sha256 " + facts_.model_sha256 + "\n" + model_.kernels().name + ", " +
                     std::to_string(model_.pool().size()) + " threads; context " +
                     std::to_string(engine_.options().context) + " tokens";
  if (last_answer_) {
    const Usage& usage = last_answer_->usage;
    text += ", " + std::to_string(usage.prompt_tokens + usage.generated_tokens) + " used\nlast answer: " +
            StatisticsLine(usage, last_answer_->reason, facts_.seed, conversation_.settings().back().choice) +
            "\nits digest: " + DigestOf(last_answer_->tokens);
  }
  DimNote(text);
}

}  // namespace

void RunChat(const RunOptions& options) {
  RequireUtf8(options.system, "--system");
  if (options.raw) RequireNoChatFlags(options, kRawReason);
  OpenFiles files(options);
  const std::string name = files.model.name;
  SignalWatch signals;
  const std::vector<std::string> settings = SamplingFlagNames();
  LineEditor editor(signals, [settings](std::string_view before) { return CompleteChatCommand(before, settings); },
                    {.bold_prompt = ShowsStyles(STDOUT_FILENO), .bracketed_paste = UnderstandsEscapes(STDOUT_FILENO)});
  if (files.history) {
    for (const std::string& entry : files.history->entries()) editor.AddHistory(entry);
  }
  SealForModel();
  const LanguageModel model = LoadSealed(std::move(files.model), options.compute);
  // From here on; until now Ctrl-C ended the program.
  signals.Watch({SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT});
  ChatSession(options, model, name, files, signals, editor).Run();
  // As a shell tells of a program that a signal has ended.
  if (const int signal = EndingSignal(signals)) throw CLI::RuntimeError(128 + signal);
}

}  // namespace candor
