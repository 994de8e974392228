// The models that a server offers: loaded when they are asked for, unloaded when they are not used or memory is short.
#ifndef CANDOR_SERVER_MODEL_POOL_H_
#define CANDOR_SERVER_MODEL_POOL_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "api/errors.h"
#include "format/checkpoint_files.h"
#include "ipc/messages.h"
#include "server/event_loop.h"
#include "server/metrics.h"
#include "server/worker_client.h"

namespace candor {

// A model's files, opened, and what they should be.
struct ModelSource {
  CheckpointFiles files;
  std::vector<std::string> sha256;  // in hexadecimal, where that was recorded; else empty
};

// One model that can be asked for.
struct OfferedModel {
  std::string name;
  int64_t created = 0;  // seconds since 1970: when its file was last written
  // Opens the files anew. Throws Error.
  std::function<ModelSource()> open;
};

struct ModelPoolOptions {
  LoadModelMessage load;                 // what every model is loaded with; name, files and max_bytes are the pool's
  uint64_t memory_bytes = 0;             // for everything that is loaded
  std::chrono::seconds unload_after{0};  // without use; 0 = never
  // Told of what is loaded and unloaded, and what cannot be.
  std::function<void(const std::string&)> note = {};
};

// For the event loop's thread.
class ModelPool {
 public:
  // Keeps references to the first three.
  ModelPool(EventLoop& loop, WorkerClient& worker, Metrics& metrics, ModelPoolOptions options);
  ~ModelPool();

  // From here on these are the models. Others that are not in use are forgotten.
  void Offer(std::vector<OfferedModel> models);

  // A loaded model in use: it stays loaded as long as somebody has this. Afterwards the worker may have died and the
  // model with it: messages then fail.
  class Lease {
   public:
    ~Lease();
    ModelId id() const { return id_; }
    const std::string& name() const { return name_; }
    const ModelFacts& facts() const { return *facts_; }

   private:
    friend class ModelPool;
    Lease(ModelPool& pool, std::string name, ModelId id, std::shared_ptr<const ModelFacts> facts);
    ModelPool& pool_;
    const std::string name_;
    const ModelId id_;
    const std::shared_ptr<const ModelFacts> facts_;
  };
  using Result = std::variant<std::shared_ptr<Lease>, ApiError>;

  // Calls `done` with the model once it is loaded, at once when it is; or with why it cannot be. `name` is one of the
  // offered ones. `who` stands for whoever waits.
  void Acquire(const std::string& name, std::function<void(Result)> done, const void* who = nullptr);
  // `who` does not wait any more.
  void GiveUp(const std::string& name, const void* who);

  // Drops whoever waits.
  void Abandon();

  enum class State { kUnloaded, kLoading, kLoaded };
  struct Info {
    std::string name;
    int64_t created = 0;
    State state = State::kUnloaded;
    std::shared_ptr<const ModelFacts> facts;  // of what is or was loaded; else null
    ModelLoadProgress progress;
    EngineState engine;  // of kLoaded, as last told
    size_t leases = 0;
  };
  bool Offers(const std::string& name) const { return models_.contains(name); }
  Info Describe(const std::string& name) const;
  std::vector<Info> List() const;
  // Whether models are still missing that were lost with a worker.
  bool recovering() const;
  // Bytes that the loaded models may take together.
  uint64_t reserved_bytes() const;

  // What the worker says; for WorkerClient::Observer.
  void OnMessage(const WorkerMessage& message);
  // Models that were loaded are loaded again when a worker is there. One that was being loaded may be why it died:
  // whoever waits for it is told, and it is tried again only when it was loaded before, and not for ever.
  void OnWorkerEnded();
  void OnWorkerReady() { LoadNext(); }

 private:
  struct Waiter {
    std::function<void(Result)> done;
    const void* who;
  };
  struct Model {
    OfferedModel offered;
    State state = State::kUnloaded;
    ModelId id = 0;
    uint64_t file_bytes = 0;   // about what its weights take
    uint64_t asked_bytes = 0;  // max_bytes of the load under way
    uint64_t reserved = 0;
    std::shared_ptr<const ModelFacts> facts;
    std::vector<Waiter> waiting;
    ModelLoadProgress progress;
    EngineState engine;
    size_t leases = 0;
    bool load_again = false;  // it was lost with a worker
    bool lost = false;        // and is not there yet
    int deaths = 0;           // of workers in a row that were loading it
    std::chrono::steady_clock::time_point last_used;
    EventLoop::Subscriptions unload;
  };

  void LoadNext();
  uint64_t free_bytes() const { return options_.memory_bytes - std::min(options_.memory_bytes, reserved_bytes()); }
  uint64_t FairBytes(const Model& model) const;
  void Load(Model& model, uint64_t max_bytes);
  void Unload(Model& model);
  bool UnloadIdle(uint64_t needed, const Model& besides);
  void Refuse(Model& model, const ApiError& error);
  std::string MemoryText() const;
  void Note(const std::string& text) const {
    if (options_.note) options_.note(text);
  }
  void OnLoaded(const ModelLoaded& message);
  void OnRefused(const ModelRefused& message);
  void Release(const std::string& name);
  Model* Find(ModelId id);

  EventLoop& loop_;
  WorkerClient& worker_;
  Metrics& metrics_;
  const ModelPoolOptions options_;
  std::map<std::string, Model> models_;
  ModelId last_id_ = 0;
};

}  // namespace candor

#endif  // CANDOR_SERVER_MODEL_POOL_H_
