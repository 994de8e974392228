// Questions that need a tokenizer or a template and no computation.
#include <memory>
#include <utility>

#include "api/chat_request.h"
#include "api/small_requests.h"
#include "api/small_responses.h"
#include "server/gateway.h"

namespace candor {
namespace {

// One question under way. Owned as AnswerStream is.
class Query : public std::enable_shared_from_this<Query> {
 public:
  using Write = std::function<std::string(const std::string& model, const JobEvent& event)>;

  // The response has `fields` besides.
  Query(WorkerClient& worker, std::shared_ptr<Exchange> exchange, Write write, HttpFields fields = {})
      : worker_(worker), exchange_(std::move(exchange)), write_(std::move(write)), fields_(std::move(fields)) {}

  void Start(ModelPool& pool, const std::string& model, std::function<FrontMessage(JobId, ModelId)> message) {
    exchange_->OnLeft([weak = weak_from_this()] {
      if (const auto left = weak.lock()) left->worker_.Forget(left->job_);
    });
    pool.Acquire(model, [self = shared_from_this(), message = std::move(message)](ModelPool::Result result) {
      if (const auto* error = std::get_if<ApiError>(&result)) return self->RespondError(*error);
      self->lease_ = std::get<std::shared_ptr<ModelPool::Lease>>(std::move(result));
      self->job_ = self->worker_.NextJob();
      self->worker_.Expect(self->job_, 1, [self](const JobEvent& event) { self->OnEvent(event); });
      if (!self->worker_.Send(message(self->job_, self->lease_->id()))) {
        self->worker_.Forget(self->job_);
        self->RespondError(WorkerDied());
      }
    });
  }

 private:
  void OnEvent(const JobEvent& event) {
    if (const auto* failed = std::get_if<JobFailed>(&event.what)) {
      return RespondError(ErrorOf(failed->why, failed->message));
    }
    exchange_->Respond({.fields = fields_, .body = write_(lease_->name(), event)});
  }

  void RespondError(const ApiError& error) {
    exchange_->Respond({.status = error.status, .fields = ErrorFields(error), .body = ErrorJson(error)});
  }

  WorkerClient& worker_;
  const std::shared_ptr<Exchange> exchange_;
  const Write write_;
  const HttpFields fields_;
  std::shared_ptr<ModelPool::Lease> lease_;
  JobId job_ = 0;
};

// Writes the one kind of event that answers a question.
template <typename Done>
Query::Write Writes(std::string (*write)(const std::string&, const Done&)) {
  return [write](const std::string& model, const JobEvent& event) {
    const auto* done = std::get_if<Done>(&event.what);
    return done ? write(model, *done) : "";
  };
}

}  // namespace

void Gateway::Tokenize(const std::shared_ptr<Exchange>& exchange, const Caller& caller) {
  TokenizeRequest request = ParseTokenizeRequest(exchange->request().body);
  const auto query = std::make_shared<Query>(worker_, exchange, Writes<TokensDone>(TokensJson));
  query->Start(pool_, ModelNamed(request.model, caller), [message = request.query](JobId job, ModelId model) mutable {
    message.job = job;
    message.model = model;
    return message;
  });
}

void Gateway::Detokenize(const std::shared_ptr<Exchange>& exchange, const Caller& caller) {
  DetokenizeRequest request = ParseDetokenizeRequest(exchange->request().body);
  const auto query = std::make_shared<Query>(worker_, exchange, Writes<TextDone>(TextJson));
  query->Start(pool_, ModelNamed(request.model, caller), [message = request.query](JobId job, ModelId model) mutable {
    message.job = job;
    message.model = model;
    return message;
  });
}

void Gateway::Render(const std::shared_ptr<Exchange>& exchange, const Caller& caller) {
  RenderRequest request = ParseRenderRequest(exchange->request().body);
  request.conversation.now = options_.local_now();
  const auto query =
      std::make_shared<Query>(worker_, exchange, Writes<PromptDone>(PromptJson), IgnoredFields(request.ignored));
  query->Start(pool_, ModelNamed(request.model, caller),
               [conversation = std::move(request.conversation)](JobId job, ModelId model) {
                 return RenderMessage{job, model, conversation};
               });
}

}  // namespace candor
