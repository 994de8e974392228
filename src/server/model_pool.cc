#include "server/model_pool.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace candor {
namespace {

using Clock = std::chrono::steady_clock;

// How soon it pays to ask again for memory that others use.
constexpr uint32_t kMemoryRetrySeconds = 5;

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

void ModelPool::Acquire(const std::string& name, Done done) {
  Model& model = models_.at(name);
  if (model.state == State::kLoaded) {
    ++model.leases;
    model.unload.reset();
    done(std::shared_ptr<Lease>(new Lease(*this, name, model.id, model.facts)));
    return;
  }
  model.waiting.push_back(std::move(done));
  LoadNext();
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

// Where all that is not loaded would fit too, `model` has an equal part of what their weights leave; else it may have
// all that is free, and one gives way to the other.
uint64_t ModelPool::FairBytes(const Model& model) const {
  uint64_t files = 0;
  uint64_t count = 0;
  for (const auto& [name, other] : models_) {
    if (other.state == State::kLoaded) continue;
    files += other.file_bytes;
    ++count;
  }
  if (files > free_bytes()) return free_bytes();
  return model.file_bytes + (free_bytes() - files) / count;
}

void ModelPool::Load(Model& model, uint64_t max_bytes) {
  model.state = State::kLoading;
  model.load_again = false;
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
    if (!worker_.Send(message, std::move(descriptors))) model.state = State::kUnloaded;
  } catch (const Error& error) {
    Refuse(model, ErrorOf(Refusal::kFile, error.what()));
  }
}

void ModelPool::Unload(Model& model) {
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
  model.state = State::kUnloaded;
  model.load_again = false;
  for (const Done& done : std::exchange(model.waiting, {})) done(error);
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
  model->last_used = Clock::now();
  ++model->leases;  // so that the last of those who waited does not end its use before the next one's begins
  for (const Done& done : std::exchange(model->waiting, {})) Acquire(model->offered.name, done);
  Release(model->offered.name);
  LoadNext();
}

void ModelPool::OnRefused(const ModelRefused& message) {
  Model* model = Find(message.model);
  if (model == nullptr || model->state != State::kLoading) return;
  if (message.why != Refusal::kMemory) return Refuse(*model, ErrorOf(message.why, message.message));
  if (message.needed_bytes > options_.memory_bytes || message.needed_bytes <= model->asked_bytes) {
    return Refuse(*model, ErrorOf(Refusal::kMemory, message.message + "; --memory says how much there is"));
  }
  if (!UnloadIdle(message.needed_bytes, *model)) {
    return Refuse(*model, NotEnoughMemory(message.message + " while others are in use", kMemoryRetrySeconds));
  }
  Load(*model, free_bytes());
}

void ModelPool::Release(const std::string& name) {
  Model& model = models_.at(name);
  model.last_used = Clock::now();
  if (--model.leases > 0 || options_.unload_after.count() == 0 || model.state != State::kLoaded) return;
  model.unload = loop_.After(options_.unload_after, [this, name] {
    loop_.Post([this, name] {  // not from within the timer, which Unload() ends
      Model& idle = models_.at(name);
      if (idle.state == State::kLoaded && idle.leases == 0 && idle.unload != nullptr) Unload(idle);
    });
  });
}

void ModelPool::OnWorkerEnded() {
  for (auto& [name, model] : models_) {
    model.load_again = model.state == State::kLoaded;
    if (model.load_again) metrics_.ModelUnloaded(name);
    const bool was_loading = model.state == State::kLoading;
    model.state = State::kUnloaded;
    model.reserved = 0;
    model.engine = {};
    model.unload.reset();
    if (was_loading) Refuse(model, WorkerDied());
  }
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
