#include "cli/dialogue.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <ctime>

#include "base/error.h"
#include "chat/jinja/json.h"

namespace candor {
namespace {

constexpr const char* kTemplateKey = "tokenizer.chat_template";

std::string PieceOf(const Tokenizer& tokenizer, std::optional<TokenId> token) {
  return token ? std::string(tokenizer.Piece(*token)) : "";
}

// Seconds of local wall-clock time since 1970.
int64_t LocalNow() {
  const std::time_t now = std::time(nullptr);
  std::tm local = {};
  ::localtime_r(&now, &local);
  return static_cast<int64_t>(now) + local.tm_gmtoff;
}

}  // namespace

Dialogue::Dialogue(const LanguageModel& model) : model_(model) {
  if (const auto text = model.metadata().GetString(kTemplateKey); text && !text->empty()) {
    template_ = ChatTemplate::Parse(*text, model.metadata().source() + ": " + kTemplateKey);
  }
}

PreparedRequest Dialogue::Prepare(const std::vector<ChatMessage>& messages, const ThinkSetting& think) const {
  if (think.mode != ThinkMode::kModel) throw UnsupportedError("--think: this version leaves reasoning to the model");
  const Tokenizer& tokenizer = model_.tokenizer();
  boost::json::array list;
  for (const ChatMessage& message : messages) {
    boost::json::object object{{"role", message.role}, {"content", message.content}};
    if (!message.reasoning.empty()) object["reasoning_content"] = message.reasoning;
    list.push_back(std::move(object));
  }
  const boost::json::object variables{{"messages", list},
                                      {"add_generation_prompt", true},
                                      {"bos_token", PieceOf(tokenizer, tokenizer.bos())},
                                      {"eos_token", PieceOf(tokenizer, tokenizer.eos())}};
  PreparedRequest prepared;
  prepared.prompt =
      template_->Render(jinja::ParseJson(boost::json::serialize(variables), "the conversation"), LocalNow());
  prepared.request.prompt = tokenizer.Encode(prepared.prompt, true);
  prepared.request.end_tokens = tokenizer.end_tokens();
  return prepared;
}

PreparedRequest Dialogue::Continue(std::string_view text) const {
  PreparedRequest prepared;
  prepared.prompt = text;
  prepared.request.prompt = model_.Prompt(text, true);
  prepared.request.end_tokens = model_.tokenizer().end_tokens();
  return prepared;
}

}  // namespace candor
