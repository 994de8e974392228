#include "server/answer_stream.h"

#include <algorithm>
#include <utility>

#include "api/response_head.h"
#include "server/sse.h"

namespace candor {
namespace {

using Clock = std::chrono::steady_clock;

// Proxies and clients give up on a connection that says nothing for a minute.
constexpr std::chrono::seconds kKeepAlive{15};

}  // namespace

void AnswerStream::Start(Gateway& gateway, std::shared_ptr<Exchange> exchange, const std::string& caller,
                         AnswerPlan plan) {
  const std::shared_ptr<AnswerStream> stream(new AnswerStream(gateway, std::move(exchange), caller, std::move(plan)));
  stream->exchange_->OnLeft([weak = stream->weak_from_this()] {
    if (const auto left = weak.lock()) left->OnLeft();
  });
  if (stream->plan_.stream) stream->KeepAlive();
  gateway.pool_.Acquire(stream->plan_.model,
                        [stream](ModelPool::Result result) { stream->OnModel(std::move(result)); });
}

AnswerStream::AnswerStream(Gateway& gateway, std::shared_ptr<Exchange> exchange, std::string caller, AnswerPlan plan)
    : gateway_(gateway),
      exchange_(std::move(exchange)),
      caller_(std::move(caller)),
      plan_(std::move(plan)),
      began_(Clock::now()),
      last_sent_(began_) {
  unfinished_ = plan_.choices * static_cast<uint32_t>(plan_.jobs.size());
  gateway_.active_ += unfinished_;
}

AnswerStream::~AnswerStream() {
  gateway_.AnswerEnded(plan_.id, plan_.choices * static_cast<uint32_t>(plan_.jobs.size()),
                       std::chrono::duration<double>(Clock::now() - began_).count());
}

void AnswerStream::OnModel(ModelPool::Result result) {
  if (over_) return;  // the client has left meanwhile
  if (const auto* error = std::get_if<ApiError>(&result)) {
    SendEvents({ErrorJson(*error)});
    RespondError(*error);
    return Stop();
  }
  lease_ = std::get<std::shared_ptr<ModelPool::Lease>>(std::move(result));
  writer_ = plan_.writer(lease_->facts());
  for (size_t prompt = 0; prompt < plan_.jobs.size() && !over_; ++prompt) {
    GenerateMessage& message = plan_.jobs[prompt];
    message.job = gateway_.worker_.NextJob();
    message.model = lease_->id();
    gateway_.worker_.Expect(message.job, plan_.choices, [self = shared_from_this(), prompt](const JobEvent& event) {
      self->OnEvent(prompt, event);
    });
    jobs_.push_back(message.job);
    if (plan_.closable) gateway_.running_[plan_.id] = {caller_, message.job};
    if (!gateway_.worker_.Send(std::move(message))) {
      const ApiError error = WorkerDied();
      SendEvents(writer_->Fail(error));
      RespondError(error);
      return Stop();
    }
  }
}

void AnswerStream::OnEvent(size_t prompt, const JobEvent& event) {
  if (over_) return;
  if (const auto* progress = std::get_if<JobProgress>(&event.what); progress && streaming_) {
    Comment(ProgressText(*progress));
  }
  if (const auto* finished = std::get_if<JobFinished>(&event.what)) {
    gateway_.metrics_.AnswerEnded(plan_.model, finished->reason, finished->usage);
    --unfinished_;
  }
  const std::vector<std::string> payloads = writer_->Add(prompt, event);
  if (plan_.stream && std::holds_alternative<JobStarted>(event.what)) BeginStream();
  SendEvents(payloads);
  if (!writer_->done()) return;
  if (writer_->error()) {
    RespondError(*writer_->error());
  } else if (streaming_) {
    exchange_->Send(SseData("[DONE]"));
    exchange_->End();
  } else {
    exchange_->Respond({.status = 200, .fields = plan_.fields, .body = writer_->Whole()});
  }
  Stop();
}

void AnswerStream::OnLeft() {
  if (over_) return;
  gateway_.metrics_.AnswersCancelled(plan_.model, unfinished_);
  Stop();
}

void AnswerStream::BeginStream() {
  if (std::exchange(streaming_, true)) return;
  HttpResponse head{.status = 200, .fields = plan_.fields, .content_type = "text/event-stream; charset=utf-8"};
  head.fields.emplace_back("cache-control", "no-store");
  head.fields.emplace_back("x-accel-buffering", "no");
  exchange_->Begin(std::move(head));
  last_sent_ = Clock::now();
}

void AnswerStream::SendEvents(const std::vector<std::string>& payloads) {
  if (!streaming_ || payloads.empty()) return;
  std::string bytes;
  for (const std::string& payload : payloads) bytes += SseData(payload);
  exchange_->Send(bytes);
  last_sent_ = Clock::now();
}

void AnswerStream::Comment(const std::string& text) {
  exchange_->Send(SseComment(text));
  last_sent_ = Clock::now();
}

std::string AnswerStream::WaitingText() const {
  if (lease_) return "waiting";
  const ModelPool::Info model = gateway_.pool_.Describe(plan_.model);
  const ModelLoadProgress& progress = model.progress;
  if (model.state != ModelPool::State::kLoading || progress.total_bytes == 0) return "waiting for " + model.name;
  return "loading " + model.name + ": " + std::to_string(progress.done_bytes / (progress.total_bytes / 100 + 1)) + " %";
}

// Also while the model is loaded. Until then the stream has not begun, and what fails soon has a status of its own.
void AnswerStream::KeepAlive() {
  keep_alive_ = gateway_.loop_.After(kKeepAlive, [weak = weak_from_this()] {
    const auto stream = weak.lock();
    if (stream == nullptr || stream->over_) return;
    if (Clock::now() - stream->last_sent_ >= kKeepAlive) {
      stream->BeginStream();
      stream->Comment(stream->WaitingText());
    }
    // Not from within the timer, which the next one replaces.
    stream->gateway_.loop_.Post([weak] {
      if (const auto next = weak.lock(); next && !next->over_) next->KeepAlive();
    });
  });
}

// As a response of its own; of a stream that has begun, whose last payload it was, nothing more comes.
void AnswerStream::RespondError(const ApiError& error) {
  if (over_) return;
  if (streaming_) {
    exchange_->End();
  } else {
    HttpFields fields = ErrorFields(error);
    fields.insert(fields.end(), plan_.fields.begin(), plan_.fields.end());
    exchange_->Respond({.status = error.status, .fields = std::move(fields), .body = ErrorJson(error)});
  }
  over_ = true;
}

// Ends what is still under way; this object with it.
void AnswerStream::Stop() {
  over_ = true;
  const auto self = shared_from_this();
  for (const JobId job : std::exchange(jobs_, {})) gateway_.worker_.Forget(job);
  keep_alive_.reset();
}

}  // namespace candor
