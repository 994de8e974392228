// The front's connection to its worker: messages there, events back to whoever waits for them, and a new worker when
// one has died.
#ifndef CANDOR_SERVER_WORKER_CLIENT_H_
#define CANDOR_SERVER_WORKER_CLIENT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "ipc/messages.h"
#include "ipc/worker_process.h"
#include "server/event_loop.h"

namespace candor {

// For the event loop's thread.
class WorkerClient {
 public:
  // What becomes of a job or a query. Called until its last event, which is a JobFailed when the worker dies first.
  using JobSink = std::function<void(const JobEvent&)>;

  struct Observer {
    std::function<void(const WorkerReady&)> ready;      // a worker has started and is sealed
    std::function<void(const std::string& how)> ended;  // it has died, and why: after the jobs were told
    std::function<void(const WorkerMessage&)> message;  // what is of no job: loads, states
  };

  // Starts a worker. Throws IoError when that is impossible. `loop` must outlive it.
  WorkerClient(EventLoop& loop, WorkerCommand command, Observer observer);
  ~WorkerClient();
  WorkerClient(const WorkerClient&) = delete;
  WorkerClient& operator=(const WorkerClient&) = delete;

  JobId NextJob() { return ++last_job_; }
  // `job` is under way until `ends` of its choices have ended, or it has as a whole: it was refused, or the worker has
  // died, which is one JobFailed. Send() afterwards.
  void Expect(JobId job, uint32_t ends, JobSink sink);
  // Nobody waits for the job any more. Cancels it.
  void Forget(JobId job);

  // Nobody waits for anything any more, nor will.
  void Abandon() { const auto abandoned = std::exchange(jobs_, {}); }

  enum class Sent : uint8_t {
    kYes,
    kFull,     // the worker is behind with what it was sent: jobs and queries have to come back later
    kNoWorker  // at the moment
  };
  Sent Send(const FrontMessage& message, std::vector<Descriptor> descriptors = {});

  const std::optional<WorkerReady>& ready() const { return ready_; }

 private:
  struct Job {
    uint32_t ends = 0;
    bool started = false;
    JobSink sink;
  };

  void Start();
  void OnReadable();
  void OnEnd();
  void Restart(std::chrono::milliseconds delay);
  void WatchWritable();
  void Take(const WorkerMessage& message);
  void Tell(const JobEvent& event);
  void FailAll(const std::string& message);

  EventLoop& loop_;
  const WorkerCommand command_;
  const Observer observer_;
  std::unique_ptr<WorkerProcess> worker_;
  std::optional<WorkerReady> ready_;
  std::chrono::steady_clock::time_point started_;
  RestartDelay delay_;
  std::string problem_;  // why the worker was not believed any more
  EventLoop::Subscriptions readable_, writable_, ended_, restart_;
  std::map<JobId, Job> jobs_;
  JobId last_job_ = 0;
};

}  // namespace candor

#endif  // CANDOR_SERVER_WORKER_CLIENT_H_
