#include "server/model_pool.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/error.h"

namespace candor {
namespace {

using Clock = std::chrono::steady_clock;

// How soon it pays to ask again for memory that others use.
constexpr uint32_t kMemoryRetrySeconds = 5;
constexpr int kMostDeaths = 3;

std::string Mebibytes(uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

// Descriptors that travel; the files keep their own.
std::vector<Descriptor> Duplicates(const std::vector<File>& files) {
  std::vector<Descriptor> descriptors;
  for (const File& file : files) {
    descriptors.emplace_back(::fcntl(file.descriptor(), F_DUPFD_CLOEXEC, 3));
    if (!descriptors.back().is_open()) throw IoError(file.name() + ": " + std::strerror(errno));
  }
  return descriptors;
}

// 0 for files that cannot be opened: that is told to whoever asks for the model.
uint64_t FileBytes(const OfferedModel& model) {
  uint64_t bytes = 0;
  try {
    for (const File& file : model.open().files.files) bytes += file.size();
  } catch (const Error&) {
    return 0;
  }
  return bytes;
}

}  // namespace

ModelPool::Lease::Lease(ModelPool& pool, std::string name, ModelId id, std::shared_ptr<const ModelFacts> facts)
    : pool_(pool), name_(std::move(name)), id_(id), facts_(std::move(facts)) {}

ModelPool::Lease::~Lease() { pool_.Release(name_); }

ModelPool::ModelPool(EventLoop& loop, WorkerClient& worker, Metrics& metrics, ModelPoolOptions options)
    : loop_(loop), worker_(worker), metrics_(metrics), options_(std::move(options)) {}

ModelPool::~ModelPool() = default;

void ModelPool::Offer(std::vector<OfferedModel> models) {
  for (auto known = models_.begin(); known != models_.end();) {
    const bool stays = known->second.state != State::kUnloaded || !known->second.waiting.empty() ||
                       std::ranges::find(models, known->first, &OfferedModel::name) != models.end();
    known = stays ? std::next(known) : models_.erase(known);
  }
  for (OfferedModel& offered : models) {
    const auto [place, is_new] = models_.try_emplace(offered.name);
    metrics_.ModelOffered(offered.name);
    if (is_new) place->second.file_bytes = FileBytes(offered);
    place->second.offered = std::move(offered);
  }
}

void ModelPool::Acquire(const std::string& name, std::function<void(Result)> done, const void* who) {
  Model& model = models_.at(name);
  if (model.state == State::kLoaded) {
    ++model.leases;
    model.unload.reset();
    done(std::shared_ptr<Lease>(new Lease(*this, name, model.id, model.facts)));
    return;
  }
  model.waiting.push_back({std::move(done), who});
  LoadNext();
}

void ModelPool::GiveUp(const std::string& name, const void* who) {
  const auto model = models_.find(name);
  if (model == models_.end()) return;
  // What goes may be the end of who waited: after the list is in order.
  std::vector<Waiter> gone;
  std::erase_if(model->second.waiting, [&](Waiter& waiter) {
    if (waiter.who != who) return false;
    gone.push_back(std::move(waiter));
    return true;
  });
}

// One after the other: how much memory is left is known only when one is loaded.
void ModelPool::LoadNext() {
  for (auto& [name, model] : models_) {
    if (model.state == State::kLoading) return;
  }
  for (auto& [name, model] : models_) {
    if (model.state == State::kLoaded || (model.waiting.empty() && !model.load_again)) continue;
    Load(model, FairBytes(model));
    if (model.state == State::kLoading) return;
  }
}

// Others that may be asked for have their part: as many of the smallest as fit with as much memory for keys and values
// as for weights. What their weights leave is divided equally. One that does not fit so gives way, or others to it.
uint64_t ModelPool::FairBytes(const Model& model) const {
  std::vector<uint64_t> others;
  for (const auto& [name, other] : models_) {
    if (other.state != State::kLoaded && &other != &model) others.push_back(other.file_bytes);
  }
  std::ranges::sort(others);
  uint64_t files = model.file_bytes;
  uint64_t count = 1;
  for (const uint64_t bytes : others) {
    if (2 * (files + bytes) > free_bytes()) break;
    files += bytes;
    ++count;
  }
  return files > free_bytes() ? free_bytes() : model.file_bytes + (free_bytes() - files) / count;
}

std::string ModelPool::MemoryText() const {
  std::string text = "; --memory is " + Mebibytes(options_.memory_bytes);
  std::string in_use;
  for (const auto& [name, model] : models_) {
    if (model.leases > 0) in_use += (in_use.empty() ? "" : ", ") + name + " (" + Mebibytes(model.reserved) + ")";
  }
  return in_use.empty() ? text : text + ", and in use are " + in_use;
}

void ModelPool::Load(Model& model, uint64_t max_bytes) {
  model.state = State::kLoading;
  model.id = ++last_id_;
  model.progress = {.model = model.id};
  model.asked_bytes = max_bytes;
  LoadModelMessage message = options_.load;
  message.model = model.id;
  message.name = model.offered.name;
  message.max_bytes = model.asked_bytes;
  try {
    const ModelSource source = model.offered.open();
    message.format = source.files.format;
    message.file_names = source.files.file_names;
    message.file_sha256 = source.sha256;
    std::vector<Descriptor> descriptors = Duplicates(source.files.files);
    // A worker that is about to be started anew loads what is waited for then: see OnWorkerReady().
    if (worker_.Send(message, std::move(descriptors)) != WorkerClient::Sent::kYes) model.state = State::kUnloaded;
  } catch (const Error& error) {
    Refuse(model, ErrorOf(Refusal::kFile, error.what()));
  }
}

void ModelPool::Unload(Model& model) {
  Note("unloaded " + model.offered.name);
  worker_.Send(UnloadModelMessage{model.id});
  metrics_.ModelUnloaded(model.offered.name);
  model.state = State::kUnloaded;
  model.reserved = 0;
  model.engine = {};
  model.unload.reset();
}

// Unloads models that nobody uses, the one that was used longest ago first, until `needed` bytes are free. False, with
// nothing unloaded, when that is not enough.
bool ModelPool::UnloadIdle(uint64_t needed, const Model& besides) {
  std::vector<Model*> idle;
  uint64_t free = free_bytes();
  uint64_t possible = free;
  for (auto& [name, model] : models_) {
    if (model.state != State::kLoaded || model.leases > 0 || &model == &besides) continue;
    idle.push_back(&model);
    possible += model.reserved;
  }
  if (possible < needed) return false;
  std::ranges::sort(idle, {}, &Model::last_used);
  for (Model* model : idle) {
    if (free >= needed) break;
    free += model->reserved;
    Unload(*model);
  }
  return true;
}

void ModelPool::Refuse(Model& model, const ApiError& error) {
  Note(model.offered.name + " is not loaded: " + error.message);
  model.state = State::kUnloaded;
  model.load_again = false;
  for (const Waiter& waiter : std::exchange(model.waiting, {})) waiter.done(error);
  LoadNext();
}

void ModelPool::Abandon() {
  for (auto& [name, model] : models_) const auto abandoned = std::exchange(model.waiting, {});
}

void ModelPool::OnMessage(const WorkerMessage& message) {
  if (const auto* loaded = std::get_if<ModelLoaded>(&message)) {
    OnLoaded(*loaded);
  } else if (const auto* refused = std::get_if<ModelRefused>(&message)) {
    OnRefused(*refused);
  } else if (const auto* progress = std::get_if<ModelLoadProgress>(&message)) {
    if (Model* model = Find(progress->model)) model->progress = *progress;
  } else if (const auto* step = std::get_if<StepMessage>(&message)) {
    for (const EngineState& engine : step->engines) {
      Model* model = Find(engine.model);
      if (model == nullptr) continue;
      model->engine = engine;
      metrics_.EngineTold(model->offered.name, engine);
    }
  }
}

void ModelPool::OnLoaded(const ModelLoaded& message) {
  Model* model = Find(message.model);
  if (model == nullptr || model->state != State::kLoading) return;
  model->state = State::kLoaded;
  metrics_.ModelLoaded(model->offered.name, message.facts);
  model->facts = std::make_shared<const ModelFacts>(message.facts);
  model->reserved = message.facts.weight_bytes + message.facts.kv_bytes + message.facts.working_bytes;
  Note("loaded " + model->offered.name);
  model->load_again = model->lost = false;
  model->deaths = 0;
  model->last_used = Clock::now();
  ++model->leases;  // so that the last of those who waited does not end its use before the next one's begins
  for (const Waiter& waiter : std::exchange(model->waiting, {})) Acquire(model->offered.name, waiter.done, waiter.who);
  Release(model->offered.name);
  LoadNext();
}

void ModelPool::OnRefused(const ModelRefused& message) {
  Model* model = Find(message.model);
  if (model == nullptr || model->state != State::kLoading) return;
  if (message.why != Refusal::kMemory) return Refuse(*model, ErrorOf(message.why, message.message));
  if (message.needed_bytes > options_.memory_bytes || message.needed_bytes <= model->asked_bytes) {
    return Refuse(*model, ErrorOf(Refusal::kMemory, message.message + MemoryText()));
  }
  if (!UnloadIdle(message.needed_bytes, *model)) {
    return Refuse(*model, NotEnoughMemory(message.message + MemoryText(), kMemoryRetrySeconds));
  }
  // As many as fit of those that may be asked for, if each needs as much.
  const auto unloaded = static_cast<uint64_t>(
      std::ranges::count_if(models_, [](const auto& entry) { return entry.second.state != State::kLoaded; }));
  Load(*model, free_bytes() / std::clamp<uint64_t>(free_bytes() / message.needed_bytes, 1, unloaded));
}

void ModelPool::Release(const std::string& name) {
  Model& model = models_.at(name);
  model.last_used = Clock::now();
  if (--model.leases > 0 || options_.unload_after.count() == 0 || model.state != State::kLoaded) return;
  model.unload = loop_.After(options_.unload_after, [this, &model] { Unload(model); });
}

void ModelPool::OnWorkerEnded() {
  std::vector<Waiter> told;
  for (auto& [name, model] : models_) {
    if (model.state == State::kLoaded) {
      model.load_again = model.lost = true;
      metrics_.ModelUnloaded(name);
    } else if (model.state == State::kLoading) {
      model.load_again = model.facts != nullptr && ++model.deaths < kMostDeaths;
      std::ranges::move(std::exchange(model.waiting, {}), std::back_inserter(told));
    }
    model.state = State::kUnloaded;
    model.reserved = 0;
    model.engine = {};
    model.unload.reset();
  }
  for (const Waiter& waiter : told) waiter.done(WorkerDied());
}

bool ModelPool::recovering() const {
  return std::ranges::any_of(models_, [](const auto& entry) { return entry.second.lost; });
}

uint64_t ModelPool::reserved_bytes() const {
  uint64_t bytes = 0;
  for (const auto& [name, model] : models_) bytes += model.reserved;
  return bytes;
}

ModelPool::Info ModelPool::Describe(const std::string& name) const {
  const Model& model = models_.at(name);
  return {name, model.offered.created, model.state, model.facts, model.progress, model.engine, model.leases};
}

std::vector<ModelPool::Info> ModelPool::List() const {
  std::vector<Info> list;
  for (const auto& [name, model] : models_) list.push_back(Describe(name));
  return list;
}

ModelPool::Model* ModelPool::Find(ModelId id) {
  for (auto& [name, model] : models_) {
    if (model.id == id && model.state != State::kUnloaded) return &model;
  }
  return nullptr;
}

}  // namespace candor
