#include "ipc/hosted_model.h"

#include <exception>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "ipc/refusal.h"

namespace candor {
namespace {

// Assigned and not constructed in place: GCC 12 warns of the variant's other members there.
template <typename What>
void Tell(std::vector<JobEvent>& events, JobId job, uint32_t choice, What what) {
  JobEvent& event = events.emplace_back();
  event.job = job;
  event.choice = choice;
  event.what = std::move(what);
}

void TellFailure(std::vector<JobEvent>& events, JobId job, const std::exception& error, const std::string& more = "") {
  Tell(events, job, 0, JobFailed{RefusalOf(error), ToValidUtf8(error.what()) + more});
}

// The output of `job` and `choice` that the step under way has begun, or a new one.
JobOutput& OutputOf(JobId job, uint32_t choice, std::vector<JobEvent>& events) {
  if (!events.empty() && events.back().job == job && events.back().choice == choice) {
    if (auto* output = std::get_if<JobOutput>(&events.back().what)) return *output;
  }
  Tell(events, job, choice, JobOutput{});
  return std::get<JobOutput>(events.back().what);
}

}  // namespace

HostedModel::HostedModel(LanguageModel model, const EngineOptions& options)
    : model_(std::move(model)),
      dialogue_(model_),
      engine_(model_.model(), model_.tokenizer(), model_.kernels(), model_.pool(), options) {}

std::string HostedModel::WhyTheContextIsShort() const {
  const uint32_t longest = model_.model().config.context_length;
  if (options().context >= longest) return "";
  return "; the model was made for " + std::to_string(longest) + ", the server's --ctx or --memory allows no more";
}

void HostedModel::Generate(const GenerateMessage& message, std::vector<JobEvent>& events) {
  Job job;
  try {
    PreparedAnswer answer = PrepareAnswer(message, model_, dialogue_);
    const auto prompt = static_cast<uint32_t>(answer.request.prompt.size());
    for (uint32_t choice = 0; choice < message.choices; ++choice) {
      answer.request.choice = message.first_choice + choice;
      // Made first: after Submit() nothing may throw before its owner is known.
      AnswerChoice& made = job.choices.emplace_back(model_.tokenizer(), answer.request, answer.text);
      made.Begin(engine_.Submit(answer.request));
      owners_[made.id()] = {message.job, choice};
    }
    job.unfinished = job.choices.size();
    if (job.unfinished == 0) throw UsageError("n: must be at least 1");
    jobs_.emplace(message.job, std::move(job));
    Tell(events, message.job, 0, JobStarted{prompt});
  } catch (const std::exception& error) {
    for (const AnswerChoice& choice : job.choices) {
      owners_.erase(choice.id());
      engine_.Cancel(choice.id());
    }
    TellFailure(events, message.job, error, RefusalOf(error) == Refusal::kTooLong ? WhyTheContextIsShort() : "");
  }
}

void HostedModel::Embed(const EmbedMessage& message, std::vector<JobEvent>& events) {
  try {
    Request request;
    request.user = message.user;
    request.embed = true;
    const auto* tokens = std::get_if<RawTokens>(&message.input);
    request.prompt = tokens ? *tokens : model_.Prompt(std::get<RawText>(message.input));
    const RequestId id = engine_.Submit(std::move(request));
    owners_[id] = {message.job, 0};
    jobs_[message.job] = {.choices = {}, .embedding = id, .unfinished = 1};
  } catch (const std::exception& error) {
    TellFailure(events, message.job, error);
  }
}

void HostedModel::Tokenize(const TokenizeMessage& message, std::vector<JobEvent>& events) const {
  try {
    TokensDone done;
    done.tokens = message.add_special ? model_.Prompt(message.text, message.parse_special)
                                      : model_.tokenizer().Encode(message.text, message.parse_special);
    if (done.tokens.size() > kMaxListedTokens) {
      throw UsageError("text: " + std::to_string(done.tokens.size()) + " tokens, at most " +
                       std::to_string(kMaxListedTokens) + " are told");
    }
    for (const TokenId id : done.tokens) done.pieces.push_back(ToValidUtf8(model_.tokenizer().Piece(id)));
    Tell(events, message.job, 0, std::move(done));
  } catch (const std::exception& error) {
    TellFailure(events, message.job, error);
  }
}

void HostedModel::Detokenize(const DetokenizeMessage& message, std::vector<JobEvent>& events) const {
  try {
    for (const TokenId id : message.tokens) {
      if (id >= 0 && static_cast<size_t>(id) < model_.tokenizer().vocabulary_size()) continue;
      throw UsageError("tokens: " + std::to_string(id) + " is outside 0 to " +
                       std::to_string(model_.tokenizer().vocabulary_size() - 1));
    }
    Tell(events, message.job, 0, TextDone{Decode(model_.tokenizer(), message.tokens, true)});
  } catch (const std::exception& error) {
    TellFailure(events, message.job, error);
  }
}

void HostedModel::Render(const RenderMessage& message, std::vector<JobEvent>& events) const {
  try {
    PreparedRequest prepared = PrepareInput(message.conversation, dialogue_);
    PromptDone done{std::move(prepared.prompt), std::move(prepared.request.prompt)};
    for (const auto* begun : {&prepared.request.forced_prefix, &prepared.request.resumed}) {
      done.prompt += Decode(model_.tokenizer(), *begun, true);
      done.tokens.insert(done.tokens.end(), begun->begin(), begun->end());
    }
    done.prompt = ToValidUtf8(done.prompt);
    Tell(events, message.job, 0, std::move(done));
  } catch (const std::exception& error) {
    TellFailure(events, message.job, error);
  }
}

void HostedModel::Cancel(JobId job) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return;
  for (const AnswerChoice& choice : found->second.choices) engine_.Cancel(choice.id());
  engine_.Cancel(found->second.embedding);
}

void HostedModel::CloseThought(JobId job) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return;
  for (const AnswerChoice& choice : found->second.choices) engine_.CloseThought(choice.id());
}

void HostedModel::Step(std::vector<JobEvent>& events) {
  for (const Event& event : engine_.Step()) Take(event, events);
  TellQueue(events);
}

void HostedModel::Take(const Event& event, std::vector<JobEvent>& events) {
  const auto found = owners_.find(event.request);
  if (found == owners_.end()) return;  // of a job that could not be started
  const auto [job, choice, position] = found->second;
  if (const auto* progress = std::get_if<PrefillProgress>(&event.what)) {
    Tell(events, job, choice, JobProgress{0, progress->done, progress->total});
    return;
  }
  if (const auto* embedded = std::get_if<Embedded>(&event.what)) {
    Tell(events, job, 0, EmbeddingDone{embedded->values, embedded->usage.prompt_tokens});
    EndChoice(event.request);
    return;
  }
  Job& owner = jobs_.at(job);
  if (owner.choices.empty()) {  // an embedding that came to nothing
    const auto* failed = std::get_if<Failed>(&event.what);
    Tell(events, job, 0, JobFailed{Refusal::kInternal, failed ? failed->message : "cancelled"});
    EndChoice(event.request);
    return;
  }
  JobOutput output;
  std::vector<decltype(JobEvent::what)> ends;
  AnswerChoice& answer = owner.choices[choice];
  answer.Add(event, output, ends);
  if (!output.tokens.empty() || !output.texts.empty()) {
    JobOutput& begun = OutputOf(job, choice, events);
    std::move(output.tokens.begin(), output.tokens.end(), std::back_inserter(begun.tokens));
    std::move(output.texts.begin(), output.texts.end(), std::back_inserter(begun.texts));
  }
  if (answer.stopped()) engine_.Cancel(event.request);
  for (auto& end : ends) Tell(events, job, choice, std::move(end));
  if (!ends.empty()) EndChoice(event.request);
}

void HostedModel::EndChoice(RequestId request) {
  const auto owner = owners_.find(request);
  const auto job = jobs_.find(owner->second.job);
  owners_.erase(owner);
  if (--job->second.unfinished == 0) jobs_.erase(job);
}

// Says where in the queue requests are that wait, as far as that has changed.
void HostedModel::TellQueue(std::vector<JobEvent>& events) {
  uint32_t position = 0;
  for (const RequestId id : engine_.Waiting()) {
    const auto found = owners_.find(id);
    if (found == owners_.end() || ++position == found->second.queue_position) continue;
    found->second.queue_position = position;
    Tell(events, found->second.job, found->second.choice, JobProgress{position, 0, 0});
  }
}

EngineState HostedModel::State(ModelId id) const {
  const Engine::Counters counters = engine_.counters();
  return {.model = id,
          .running = static_cast<uint32_t>(engine_.running()),
          .waiting = static_cast<uint32_t>(engine_.Waiting().size()),
          .kv_bytes_used = engine_.kv_bytes_used(),
          .kv_bytes_cached = engine_.kv_bytes_remembered(),
          .prefill_tokens = counters.prompt_tokens,
          .decode_tokens = counters.generated_tokens,
          .preemptions = counters.preemptions,
          .forgotten_tokens = counters.forgotten_tokens};
}

}  // namespace candor
