#include "server/answer_stream.h"

#include <utility>
#include <variant>

#include "api/answer_head.h"
#include "api/token_ids.h"
#include "server/response_head.h"
#include "server/sse.h"

namespace candor {
namespace {

using Clock = std::chrono::steady_clock;

// Proxies and clients give up on a connection that says nothing for a minute.
constexpr std::chrono::seconds kKeepAlive{15};

}  // namespace

AnswerStream::AnswerStream(Gateway& gateway, std::shared_ptr<Exchange> exchange, std::string caller, AnswerPlan plan)
    : Call(gateway, std::move(exchange), std::move(caller), plan.model, plan.answers()),
      plan_(std::move(plan)),
      unfinished_(plan_.answers()),
      began_(Clock::now()),
      last_sent_(began_) {}

void AnswerStream::Start() {
  if (plan_.stream) KeepAlive();
  Call::Start();
}

void AnswerStream::OnModel() {
  if (plan_.is_chat && !lease()->facts().can_chat) throw RequestError(CannotChat(model()));
  CheckTokenIds(plan_.jobs.front(), lease()->facts());  // in all the same
  for (size_t prompt = 0; prompt < plan_.jobs.size(); ++prompt) {
    CheckPromptIds("prompt", prompt, plan_.jobs.size(), plan_.jobs[prompt].input, lease()->facts());
  }
  writer_ = plan_.writer(lease()->facts());
  for (size_t prompt = 0; prompt < plan_.jobs.size() && !over(); ++prompt) {
    const JobId job = Ask(std::move(plan_.jobs[prompt]), plan_.choices, prompt);
    if (plan_.is_chat && !over()) gateway().running_[plan_.id] = {caller(), job};
  }
}

void AnswerStream::OnEvent(size_t prompt, const JobEvent& event) {
  const std::vector<std::string> payloads = writer_->Add(prompt, event);
  if (writer_->error()) {
    if (streaming_) SendEvents(payloads);
    return Fail(*writer_->error());
  }
  // Until the prompt is taken there can be an error with a status of its own.
  if (plan_.stream) BeginStream();
  if (const auto* progress = std::get_if<JobProgress>(&event.what); progress && streaming_) {
    Comment(ProgressText(*progress));
  }
  if (const auto* finished = std::get_if<JobFinished>(&event.what)) {
    gateway().metrics_.AnswerEnded(model(), finished->reason, finished->usage);
    --unfinished_;
  }
  SendEvents(payloads);
  if (!writer_->done()) return;
  if (streaming_) {
    exchange().Send(SseData("[DONE]"));
    exchange().End();
  } else {
    Respond({.status = 200, .fields = plan_.fields, .body = writer_->Whole()});
  }
  End();
}

void AnswerStream::OnLeft() { gateway().metrics_.AnswersCancelled(model(), unfinished_); }

void AnswerStream::OnEnd() {
  keep_alive_.reset();
  plan_.jobs.clear();
  gateway().AnswerEnded(plan_.id, std::chrono::duration<double>(Clock::now() - began_).count());
}

// As a response of its own, or as the last event of a stream.
void AnswerStream::Fail(const ApiError& error) {
  if (streaming_) {
    SendEvents(writer_ ? writer_->Fail(error) : std::vector<std::string>{ErrorJson(error)});
    exchange().End();
  } else {
    HttpResponse response = ErrorResponse(error);
    response.fields.insert(response.fields.end(), plan_.fields.begin(), plan_.fields.end());
    Respond(std::move(response));
  }
  End();
}

void AnswerStream::BeginStream() {
  if (std::exchange(streaming_, true)) return;
  HttpResponse head{.status = 200, .fields = plan_.fields, .content_type = "text/event-stream; charset=utf-8"};
  head.fields.emplace_back("cache-control", "no-store");
  head.fields.emplace_back("x-accel-buffering", "no");
  exchange().Begin(std::move(head));
  last_sent_ = Clock::now();
}

void AnswerStream::SendEvents(const std::vector<std::string>& payloads) {
  if (!streaming_ || payloads.empty()) return;
  std::string bytes;
  for (const std::string& payload : payloads) bytes += SseData(payload);
  exchange().Send(bytes);
  last_sent_ = Clock::now();
}

void AnswerStream::Comment(const std::string& text) {
  exchange().Send(SseComment(text));
  last_sent_ = Clock::now();
}

std::string AnswerStream::WaitingText() const {
  if (lease() != nullptr) return "waiting";
  const ModelPool::Info info = gateway().pool_.Describe(model());
  const ModelLoadProgress& progress = info.progress;
  if (info.state != ModelPool::State::kLoading || progress.total_bytes == 0) return "waiting for " + model();
  return "loading " + model() + ": " + std::to_string(progress.done_bytes / (progress.total_bytes / 100 + 1)) + " %";
}

// Also while the model is loaded. Until then the stream has not begun, and what fails soon has a status of its own.
void AnswerStream::KeepAlive() {
  keep_alive_ = gateway().loop_.After(kKeepAlive, [weak = weak_from_this()] {
    const auto self = std::static_pointer_cast<AnswerStream>(weak.lock());
    if (self == nullptr || self->over()) return;
    if (Clock::now() - self->last_sent_ >= kKeepAlive) {
      self->BeginStream();
      self->Comment(self->WaitingText());
    }
    self->KeepAlive();
  });
}

}  // namespace candor
