#include "cli/answer.h"

#include <bit>
#include <optional>
#include <span>

#include "base/error.h"
#include "base/sha256.h"
#include "cli/progress.h"

namespace candor {
namespace {

// What the events of one request add up to.
class Collector {
 public:
  Collector(AnswerResult& result, AnswerOutput* output)
      : result_(result), output_(output), progress_("reading the prompt", ProgressUnit::kTokens, StderrIsTerminal()) {}

  void Take(const Event& event) {
    if (const auto* prefill = std::get_if<PrefillProgress>(&event.what)) {
      progress_.Update(prefill->done, prefill->total);
    } else if (const auto* token = std::get_if<TokenOutput>(&event.what)) {
      progress_.Clear();
      result_.tokens.push_back(token->token);
    }
  }
  void Take(const TextEvent& event) {
    if (const auto* reasoning = std::get_if<ReasoningText>(&event)) {
      result_.reasoning += reasoning->text;
      if (output_ != nullptr) output_->Reasoning(reasoning->text);
    } else if (const auto* answer = std::get_if<AnswerText>(&event)) {
      result_.text += answer->text;
      if (output_ != nullptr) output_->Answer(answer->text);
    } else if (const auto* call = std::get_if<ToolCallText>(&event)) {
      const bool begins = call->call == result_.calls.size();
      if (begins) result_.calls.push_back({call->recipient, ""});
      result_.calls.back().text += call->text;
      if (output_ != nullptr) output_->Call(call->recipient, call->text, begins);
    } else if (const auto* finished = std::get_if<TextFinished>(&event)) {
      result_.reason = finished->reason;
      result_.usage = finished->usage;
    } else if (const auto* failed = std::get_if<TextFailed>(&event)) {
      failure_ = failed->message;
    }
  }
  const std::optional<std::string>& failure() const { return failure_; }

 private:
  AnswerResult& result_;
  AnswerOutput* output_;
  Progress progress_;
  std::optional<std::string> failure_;
};

}  // namespace

AnswerResult Answer(Engine& engine, const Tokenizer& tokenizer, const Request& request,
                    const GenerationOptions& options, AnswerOutput* output, const std::function<bool()>& interrupted) {
  AnswerResult result;
  Generation generation(tokenizer, request, options);
  const RequestId id = engine.Submit(request);
  {
    Collector collector(result, output);
    bool cancelled = false;
    while (!generation.finished()) {
      if (!cancelled && (generation.stopped() || interrupted())) {
        engine.Cancel(id);
        cancelled = true;
      }
      for (const Event& event : engine.Step()) {
        // After a stop string the engine may be a token ahead: that token is no part of the answer.
        if (!generation.stopped()) collector.Take(event);
        for (const TextEvent& text : generation.Add(event)) collector.Take(text);
      }
    }
    if (collector.failure()) throw Error(*collector.failure());
  }
  if (output != nullptr) output->Finish();
  return result;
}

std::string DigestOf(const std::vector<TokenId>& tokens) {
  static_assert(std::endian::native == std::endian::little);
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(tokens)));
  return ToHex(hash.Finish());
}

}  // namespace candor
