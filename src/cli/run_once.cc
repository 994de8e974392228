#include "cli/run_once.h"

#include <errno.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "cli/answer.h"
#include "cli/answer_output.h"
#include "cli/load_model.h"
#include "cli/local_time.h"
#include "cli/sealing.h"
#include "cli/standard_input.h"
#include "cli/standard_output.h"
#include "cli/statistics.h"
#include "cli/terminal/signal_watch.h"
#include "engine/dialogue.h"
#include "engine/engine.h"
#include "engine/kv_cache.h"
#include "model/kv_layout.h"

namespace candor {
namespace {

// What was asked, as the request that answers it.
PreparedRequest Prepare(const RunOptions& options, const Dialogue& dialogue, const std::string& prompt) {
  if (options.raw || !dialogue.can_chat()) {
    RequireNoChatFlags(options, options.raw ? kRawReason : kNoTemplateReason);
    return dialogue.Continue(prompt);
  }
  std::vector<Message> messages;
  if (!options.system.empty()) messages.push_back({.role = "system", .content = options.system});
  messages.push_back({.role = "user", .content = prompt});
  return dialogue.Prepare(std::move(messages), {.think = options.think, .now = LocalNow()});
}

// Of all weight files, in their order.
std::string ModelDigests(const LanguageModel& model) {
  std::string text;
  for (const Sha256Digest& digest : model.model().file_digests) text += (text.empty() ? "" : " ") + ToHex(digest);
  return text;
}

void PrintJson(const std::string& name, const LanguageModel& model, const ComputeOptions& compute,
               const PreparedRequest& prepared, const AnswerResult& answer, double load_seconds) {
  boost::json::array files;
  for (const Sha256Digest& digest : model.model().file_digests) files.push_back(boost::json::value(ToHex(digest)));
  boost::json::array calls;
  for (const AnsweredCall& call : answer.calls) {
    calls.push_back(boost::json::object{{"recipient", call.recipient}, {"text", call.text}});
  }
  boost::json::object documents;
  for (const Document& document : model.origin().documents) documents[document.name] = ToHex(document.digest);
  const Usage& usage = answer.usage;
  const boost::json::object object{
      {"model", ToValidUtf8(name)},
      {"model_sha256", files},
      {"document_sha256", documents},
      {"prompt", ToValidUtf8(prepared.prompt)},
      {"prompt_tokens", boost::json::array(prepared.request.prompt.begin(), prepared.request.prompt.end())},
      {"text", answer.text},
      {"reasoning", answer.reasoning},
      {"prompted_reasoning", prepared.prompted_reasoning},
      {"tool_calls", calls},
      {"tokens", boost::json::array(answer.tokens.begin(), answer.tokens.end())},
      {"digest", DigestOf(answer.tokens)},
      {"finish_reason", FinishReasonName(answer.reason)},
      {"seed", prepared.request.seed},
      {"choice", prepared.request.choice},
      {"usage", boost::json::object{{"prompt_tokens", usage.prompt_tokens},
                                    {"reasoning_tokens", usage.reasoning_tokens},
                                    {"answer_tokens", usage.answer_tokens},
                                    {"generated_tokens", usage.generated_tokens},
                                    {"forced_tokens", usage.forced_tokens}}},
      {"timings", boost::json::object{{"load_seconds", load_seconds},
                                      {"first_token_seconds", usage.first_token_seconds},
                                      {"prefill_seconds", usage.prefill_seconds},
                                      {"decode_seconds", usage.decode_seconds},
                                      {"prefill_tokens_per_second", usage.prefill_rate()},
                                      {"decode_tokens_per_second", usage.decode_rate()}}},
      {"numerics", NumericsJson(compute)},
      {"isa", model.kernels().name},
      {"threads", model.pool().size()}};
  PrintResult(boost::json::serialize(object) + "\n");
}

// What the keys and values of prompt and answer take at most: the engine has its pages back once an answer has ended.
uint64_t KvBytes(const LanguageModel& model, const EngineOptions& options, const Usage& usage) {
  const KvCache cache(KvLayout(model.model().config, options.kv).groups(), 0);
  return cache.BytesFor(usage.prompt_tokens + usage.generated_tokens, options.chunk);
}

void PrintStatistics(const RunOptions& options, const std::string& name, const LanguageModel& model,
                     const PreparedRequest& prepared, const AnswerResult& answer, const Engine& engine,
                     double load_seconds) {
  DimNote(StatisticsLine(answer.usage, answer.reason, prepared.request.seed, prepared.request.choice));
  if (!options.stats) return;
  char figures[256];
  std::snprintf(figures, sizeof figures,
                "loaded in %.2f s; prompt read at %.1f tokens/s; %s, %d threads\n"
                "context %u tokens, %.1f MB for keys and values of this answer; digest of the answer ",
                load_seconds, answer.usage.prefill_rate(), model.kernels().name, model.pool().size(),
                engine.options().context, static_cast<double>(KvBytes(model, engine.options(), answer.usage)) / 1e6);
  Note("model " + name + ", sha256 " + ModelDigests(model) + "\n" + NumericsText(options.compute) + "\n" + figures +
       DigestOf(answer.tokens));
}

}  // namespace

std::string PromptOf(const std::vector<std::string>& words, bool raw, const std::string& input) {
  std::string text = input;
  if (!raw && text.ends_with('\n')) text.pop_back();
  if (words.empty()) return text;
  std::string prompt;
  bool after_input = false;
  for (size_t i = 0; i < words.size(); ++i) {
    const bool is_input = words[i] == "-";
    if (i > 0) prompt += is_input || after_input ? "\n" : " ";
    prompt += is_input ? text : words[i];
    after_input = is_input;
  }
  return prompt;
}

void RunOnce(const RunOptions& options) {
  const bool reads_input =
      options.prompt.empty() || std::find(options.prompt.begin(), options.prompt.end(), "-") != options.prompt.end();
  if (options.raw) RequireNoChatFlags(options, kRawReason);
  const uint64_t seed = SeedOf(options.sampling);
  ModelFiles files = OpenModel(options.model);
  const std::string name = files.name;
  const std::string input = reads_input ? ReadStandardInput(kMaxPromptBytes) : "";
  const std::string prompt = PromptOf(options.prompt, options.raw, input);
  if (prompt.empty()) throw UsageError("the prompt is empty");
  if (!options.raw) {
    RequireUtf8(input, "standard input");
    RequireUtf8(prompt, "the prompt");
    RequireUtf8(options.system, "--system");
  }
  SealForModel();

  const auto begin = std::chrono::steady_clock::now();
  const LanguageModel model = LoadSealed(std::move(files), options.compute);
  const double load_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const Dialogue dialogue(model);
  Engine engine(model.model(), model.tokenizer(), model.kernels(), model.pool(), EngineOptionsOf(options.compute));
  PreparedRequest prepared = Prepare(options, dialogue, prompt);
  Request& request = prepared.request;
  request.sampling = Resolve(options.sampling, model.sampling());
  request.seed = seed;
  request.choice = options.sampling.choice;
  request.max_tokens = options.max_tokens;
  const bool completes = options.raw || !dialogue.can_chat();

  std::unique_ptr<AnswerOutput> output;
  if (!options.json) {
    output = MakeAnswerOutput({.markdown = !options.plain && !completes,
                               .reasoning = !options.quiet,
                               .prompted_reasoning = prepared.prompted_reasoning});
  }
  // The first Ctrl-C stops the answer, which is then shown and counted as far as it got; the second ends the program.
  SignalWatch signals;
  signals.WatchOnce({SIGINT, SIGTERM});
  const auto signal = [&] { return signals.Pending(SIGINT) ? SIGINT : signals.Pending(SIGTERM) ? SIGTERM : 0; };
  const AnswerResult answer = Answer(engine, model.tokenizer(), request, {.continues = completes, .stop = options.stop},
                                     output.get(), [&] { return signal() != 0; });
  if (options.json) {
    PrintJson(name, model, options.compute, prepared, answer, load_seconds);
  } else if (!options.quiet) {
    PrintStatistics(options, name, model, prepared, answer, engine, load_seconds);
  }
  if (std::fflush(stdout) != 0) throw IoError(std::string("standard output: ") + std::strerror(errno));
  if (const int stopped_by = signal()) throw CLI::RuntimeError(128 + stopped_by);
}

}  // namespace candor
