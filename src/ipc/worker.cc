#include "ipc/worker.h"

#include <sys/prctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "ipc/channel.h"
#include "ipc/hosted_model.h"
#include "ipc/messages.h"
#include "ipc/model_loading.h"
#include "ipc/probe.h"
#include "ipc/refusal.h"
#include "ipc/seal.h"

namespace candor {
namespace {

bool IsSocket(int descriptor) {
  struct stat status;
  return ::fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode);
}

WorkerReady Seal(int channel) {
  SealOptions options;
  options.channel = channel;
  const SealReport report = SealProcess(options);
  return {report.system_call_filter, report.landlock_abi, report.Describe()};
}

using Clock = std::chrono::steady_clock;

// How often the front is told how far a load has come, and what the engines hold.
constexpr std::chrono::milliseconds kLoadProgressInterval{50};
constexpr std::chrono::milliseconds kStateInterval{250};
// While answers are under way.
constexpr std::chrono::milliseconds kLongestBetweenSteps{20};

// A model that is being read in a thread of its own, so that others go on answering.
class Loading {
 public:
  Loading(LoadModelMessage message, std::vector<Descriptor> descriptors) : message_(std::move(message)) {
    std::vector<File> files;
    for (size_t i = 0; i < descriptors.size(); ++i) {
      const std::string& name = message_.file_names.at(i);
      files.emplace_back(descriptors[i].Release(),
                         message_.format == CheckpointFormat::kSafetensors ? message_.name + "/" + name : name);
    }
    result_ = std::async(std::launch::async, [this, files = std::move(files)]() mutable {
      return LoadHostedModel(message_, std::move(files), [this](uint64_t done, uint64_t total) {
        done_ = done;
        total_ = total;
      });
    });
  }

  const LoadModelMessage& message() const { return message_; }
  bool ready() const { return result_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }
  // What it has come to: once, when it is ready. Throws what the load has thrown.
  LoadedModel Take() { return result_.get(); }
  ModelLoadProgress progress() const { return {message_.model, done_, total_}; }

 private:
  const LoadModelMessage message_;
  std::atomic<uint64_t> done_ = 0, total_ = 0;
  std::future<LoadedModel> result_;  // the last member: its end waits for the thread, which uses the others
};

class WorkerLoop {
 public:
  explicit WorkerLoop(WorkerChannel& channel) : channel_(channel) {}

  void Run();

 private:
  bool busy() const {
    return std::ranges::any_of(models_, [](const auto& entry) { return !entry.second->idle(); });
  }
  void Handle(Packet packet);
  void Load(LoadModelMessage message, std::vector<Descriptor> descriptors);
  void FinishLoads();
  void Step();
  void Send(std::vector<JobEvent> events, bool with_states);

  // Calls `use` with the model, or tells the front that it is not there.
  template <typename Message, typename Use>
  void With(const Message& message, Use use) {
    std::vector<JobEvent> events;
    const auto model = models_.find(message.model);
    if (model == models_.end()) {
      events.push_back({message.job, 0, JobFailed{Refusal::kInternal, "the model is not loaded"}});
    } else {
      use(*model->second, events);
    }
    Send(std::move(events), false);
  }

  WorkerChannel& channel_;
  std::map<ModelId, std::unique_ptr<HostedModel>> models_;
  std::list<Loading> loads_;
  Clock::time_point states_sent_, progress_sent_, stepped_;
};

void WorkerLoop::Run() {
  while (true) {
    // What has come is taken before the next step, so that a cancelled request computes no more; but a long line of
    // large texts must not stop the answers that are under way.
    std::optional<std::chrono::milliseconds> timeout;
    if (!loads_.empty()) timeout = kLoadProgressInterval;
    if (busy()) timeout = std::chrono::milliseconds(0);
    if (std::optional<Packet> packet = channel_.Receive(timeout)) {
      Handle(std::move(*packet));
      if (!busy() || Clock::now() - stepped_ < kLongestBetweenSteps) continue;
    }
    if (channel_.closed()) return;
    FinishLoads();
    if (busy()) Step();
    stepped_ = Clock::now();
  }
}

void WorkerLoop::Handle(Packet packet) {
  FrontMessage message = DecodeFrontMessage(packet.bytes);
  if (auto* load = std::get_if<LoadModelMessage>(&message)) {
    Load(std::move(*load), std::move(packet.descriptors));
  } else if (const auto* unload = std::get_if<UnloadModelMessage>(&message)) {
    models_.erase(unload->model);
  } else if (const auto* generate = std::get_if<GenerateMessage>(&message)) {
    With(*generate, [&](HostedModel& model, auto& events) { model.Generate(*generate, events); });
  } else if (const auto* embed = std::get_if<EmbedMessage>(&message)) {
    With(*embed, [&](HostedModel& model, auto& events) { model.Embed(*embed, events); });
  } else if (const auto* tokenize = std::get_if<TokenizeMessage>(&message)) {
    With(*tokenize, [&](HostedModel& model, auto& events) { model.Tokenize(*tokenize, events); });
  } else if (const auto* detokenize = std::get_if<DetokenizeMessage>(&message)) {
    With(*detokenize, [&](HostedModel& model, auto& events) { model.Detokenize(*detokenize, events); });
  } else if (const auto* render = std::get_if<RenderMessage>(&message)) {
    With(*render, [&](HostedModel& model, auto& events) { model.Render(*render, events); });
  } else if (const auto* cancel = std::get_if<CancelMessage>(&message)) {
    for (auto& [id, model] : models_) model->Cancel(cancel->job);
  } else if (const auto* close = std::get_if<CloseThoughtMessage>(&message)) {
    for (auto& [id, model] : models_) model->CloseThought(close->job);
  } else {
    channel_.Send(Encode(Probe()));
  }
}

void WorkerLoop::Load(LoadModelMessage message, std::vector<Descriptor> descriptors) {
  if (descriptors.size() != message.file_names.size()) {
    throw FormatError("LoadModelMessage: " + std::to_string(message.file_names.size()) + " files, but " +
                      std::to_string(descriptors.size()) + " descriptors");
  }
  try {
    loads_.emplace_back(std::move(message), std::move(descriptors));
  } catch (const Error& error) {
    channel_.Send(Encode(ModelRefused{message.model, RefusalOf(error), ToValidUtf8(error.what()), 0}));
  }
}

void WorkerLoop::FinishLoads() {
  const bool tell = Clock::now() - progress_sent_ >= kLoadProgressInterval;
  for (auto load = loads_.begin(); load != loads_.end();) {
    if (!load->ready()) {
      if (tell) channel_.Send(Encode(load->progress()));
      ++load;
      continue;
    }
    const ModelId id = load->message().model;
    std::optional<ModelRefused> refused;
    try {
      LoadedModel loaded = load->Take();
      models_[id] = std::move(loaded.model);
      channel_.Send(Encode(ModelLoaded{id, std::move(loaded.facts)}));
    } catch (const MemoryError& error) {
      refused = {id, Refusal::kMemory, error.what(), error.needed_bytes()};
    } catch (const std::exception& error) {
      refused = {id, RefusalOf(error), ToValidUtf8(error.what()), 0};
    }
    if (refused) channel_.Send(Encode(*refused));
    load = loads_.erase(load);
  }
  if (tell) progress_sent_ = Clock::now();
}

void WorkerLoop::Step() {
  std::vector<JobEvent> events;
  for (auto& [id, model] : models_) {
    if (!model->idle()) model->Step(events);
  }
  const bool with_states = !busy() || Clock::now() - states_sent_ >= kStateInterval;
  Send(std::move(events), with_states);
}

void WorkerLoop::Send(std::vector<JobEvent> events, bool with_states) {
  StepMessage message{std::move(events), {}};
  if (with_states) {
    for (const auto& [id, model] : models_) message.engines.push_back(model->State(id));
    states_sent_ = Clock::now();
  }
  if (!message.events.empty() || !message.engines.empty()) channel_.Send(Encode(message));
}

}  // namespace

void RunWorker(int channel_descriptor) {
  if (!IsSocket(channel_descriptor)) {
    throw UsageError("a worker is started by a server, which gives it a channel as descriptor " +
                     std::to_string(channel_descriptor));
  }
  (void)::prctl(PR_SET_NAME, "candor-worker");
  RaiseDescriptorLimit();  // a model may come in more files than a process may have open by default
  const WorkerReady ready = Seal(channel_descriptor);
  WorkerChannel channel{Descriptor(channel_descriptor)};
  channel.Send(Encode(ready));
  WorkerLoop(channel).Run();
}

}  // namespace candor
