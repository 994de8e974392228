#include "server/worker_client.h"

#include <utility>

#include "base/error.h"

namespace candor {
namespace {

// Of requests that wait because the worker reads more slowly than they come; one more may be added.
constexpr size_t kMaxQueuedBytes = size_t{64} << 20;

// What clients ask for. The rest is small, and not to be lost: a model to be loaded, an answer to be cancelled.
bool IsWork(const FrontMessage& message) {
  return std::visit(
      [](const auto& what) {
        using T = std::decay_t<decltype(what)>;
        return std::is_same_v<T, GenerateMessage> || std::is_same_v<T, EmbedMessage> ||
               std::is_same_v<T, TokenizeMessage> || std::is_same_v<T, DetokenizeMessage> ||
               std::is_same_v<T, RenderMessage>;
      },
      message);
}

// Whether an event is the last of its choice, or of its job.
bool IsEnd(const JobEvent& event) {
  return !std::holds_alternative<JobStarted>(event.what) && !std::holds_alternative<JobProgress>(event.what) &&
         !std::holds_alternative<JobOutput>(event.what);
}

JobEvent Failure(JobId job, std::string message) {
  JobEvent event;
  event.job = job;
  event.what = JobFailed{Refusal::kWorkerDied, std::move(message)};
  return event;
}

}  // namespace

WorkerClient::WorkerClient(EventLoop& loop, WorkerCommand command, Observer observer)
    : loop_(loop), command_(std::move(command)), observer_(std::move(observer)) {
  Start();
}

WorkerClient::~WorkerClient() = default;

void WorkerClient::Start() {
  worker_ = std::make_unique<WorkerProcess>(command_);
  started_ = std::chrono::steady_clock::now();
  readable_ = loop_.OnReadable(worker_->channel().descriptor(), [this] { OnReadable(); });
  ended_ = loop_.OnReadable(worker_->end_descriptor(), [this] { OnEnd(); });
}

void WorkerClient::Expect(JobId job, uint32_t ends, JobSink sink) {
  jobs_[job] = {.ends = ends, .started = false, .sink = std::move(sink)};
}

void WorkerClient::Forget(JobId job) {
  if (jobs_.erase(job) > 0) Send(CancelMessage{job});
}

WorkerClient::Sent WorkerClient::Send(const FrontMessage& message, std::vector<Descriptor> descriptors) {
  if (worker_ == nullptr) return Sent::kNoWorker;
  FrontChannel& channel = worker_->channel();
  if (IsWork(message) && channel.queued_bytes() >= kMaxQueuedBytes) return Sent::kFull;
  if (!channel.Send(Encode(message), std::move(descriptors))) return Sent::kNoWorker;
  WatchWritable();
  return Sent::kYes;
}

void WorkerClient::WatchWritable() {
  if (!worker_->channel().wants_write()) {
    writable_.reset();
  } else if (writable_ == nullptr) {
    writable_ = loop_.OnWritable(worker_->channel().descriptor(), [this] {
      worker_->channel().OnWritable();
      WatchWritable();
    });
  }
}

void WorkerClient::OnReadable() {
  for (const std::vector<std::byte>& bytes : worker_->channel().OnReadable()) {
    try {
      Take(DecodeWorkerMessage(bytes));
    } catch (const FormatError& error) {
      problem_ = error.what();
      worker_->Kill();  // it says what it cannot: it is broken, or no longer ours
      break;
    }
  }
  // Its end is what end_descriptor() tells; a channel that is closed must not be watched until then.
  if (worker_->channel().closed()) {
    if (problem_.empty()) problem_ = worker_->channel().problem();
    worker_->Kill();
    readable_.reset();
  }
}

void WorkerClient::Take(const WorkerMessage& message) {
  if (const auto* ready = std::get_if<WorkerReady>(&message)) {
    ready_ = *ready;
    if (observer_.ready) observer_.ready(*ready);
    return;
  }
  if (const auto* step = std::get_if<StepMessage>(&message)) {
    for (const JobEvent& event : step->events) Tell(event);
  }
  if (observer_.message) observer_.message(message);
}

void WorkerClient::Tell(const JobEvent& event) {
  const auto found = jobs_.find(event.job);
  if (found == jobs_.end()) return;  // forgotten meanwhile
  Job& job = found->second;
  if (std::holds_alternative<JobStarted>(event.what)) job.started = true;
  // A job that fails before it starts has failed with all of its choices.
  const bool over = IsEnd(event) && (!job.started || --job.ends == 0);
  const JobSink sink = over ? std::move(job.sink) : job.sink;  // it may forget the job
  if (over) jobs_.erase(found);
  sink(event);
}

void WorkerClient::FailAll(const std::string& message) {
  const std::map<JobId, Job> failed = std::exchange(jobs_, {});
  for (const auto& [id, job] : failed) job.sink(Failure(id, message));
}

void WorkerClient::OnEnd() {
  const std::optional<std::string> ended = worker_->Ended();
  if (!ended) return;
  OnReadable();  // what it said before
  readable_.reset();
  writable_.reset();
  ended_.reset();
  worker_.reset();
  ready_.reset();
  std::string how = "the worker " + *ended;
  if (!problem_.empty()) how += ", after it had sent what cannot be: " + std::exchange(problem_, "");
  FailAll(how);
  if (observer_.ended) observer_.ended(how);
  Restart(delay_.After(std::chrono::steady_clock::now() - started_));
}

void WorkerClient::Restart(std::chrono::milliseconds delay) {
  restart_ = loop_.After(delay, [this] {
    try {
      Start();
    } catch (const IoError& error) {
      if (observer_.ended) observer_.ended(error.what());
      Restart(std::chrono::seconds(1));
    }
  });
}

}  // namespace candor
