// One question that needs a tokenizer or a template and no computation: one event of the worker answers it.
#ifndef CANDOR_SERVER_QUERY_H_
#define CANDOR_SERVER_QUERY_H_

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "api/token_ids.h"
#include "server/call.h"

namespace candor {

// `Message` asks and `Done` answers.
template <typename Message, typename Done>
class Query : public Call {
 public:
  using Write = std::string (*)(const std::string& model, const Done& done);

  // `write` makes the body of the response, which has `fields` besides. `needs_template`: see ModelFacts::can_chat.
  Query(Gateway& gateway, std::shared_ptr<Exchange> exchange, std::string caller, std::string model, Message message,
        Write write, HttpFields fields = {}, bool needs_template = false)
      : Call(gateway, std::move(exchange), std::move(caller), std::move(model), 1),
        message_(std::move(message)),
        write_(write),
        fields_(std::move(fields)),
        needs_template_(needs_template) {}

 private:
  void OnModel() override {
    if (needs_template_ && !lease()->facts().can_chat) throw RequestError(CannotChat(model()));
    if constexpr (std::is_same_v<Message, DetokenizeMessage>) {
      CheckTokenIds("tokens", message_.tokens, lease()->facts());
    }
    Ask(std::move(message_), 1, 0);
  }

  void OnEvent(size_t, const JobEvent& event) override {
    if (const auto* failed = std::get_if<JobFailed>(&event.what)) {
      Fail(ErrorOf(failed->why, failed->message));
    } else if (const auto* done = std::get_if<Done>(&event.what)) {
      Respond({.fields = fields_, .body = write_(model(), *done)});
      End();
    }
  }

  Message message_;
  const Write write_;
  const HttpFields fields_;
  const bool needs_template_;
};

}  // namespace candor

#endif  // CANDOR_SERVER_QUERY_H_
