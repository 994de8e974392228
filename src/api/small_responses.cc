#include "api/small_responses.h"

#include "api/json_writer.h"

namespace candor {
namespace {

void WriteTokens(const std::vector<TokenId>& tokens, JsonWriter& json) {
  json.Key("tokens").BeginArray();
  for (const TokenId token : tokens) json.Value(token);
  json.EndArray().Member("count", tokens.size());
}

}  // namespace

std::string TokensJson(const std::string& model, const TokensDone& done) {
  JsonWriter json;
  json.BeginObject().Member("model", model);
  WriteTokens(done.tokens, json);
  json.Key("pieces").BeginArray();
  for (const std::string& piece : done.pieces) json.Value(piece);
  json.EndArray().EndObject();
  return json.Take();
}

std::string TextJson(const std::string& model, const TextDone& done) {
  JsonWriter json;
  json.BeginObject().Member("model", model).Member("text", done.text).EndObject();
  return json.Take();
}

std::string PromptJson(const std::string& model, const PromptDone& done) {
  JsonWriter json;
  json.BeginObject().Member("model", model).Member("prompt", done.prompt);
  WriteTokens(done.tokens, json);
  json.EndObject();
  return json.Take();
}

std::string ClosedThoughtJson(const std::string& completion_id) {
  JsonWriter json;
  json.BeginObject().Member("id", completion_id).Member("object", "chat.completion.thought");
  json.Member("status", "closing").EndObject();
  return json.Take();
}

std::string ServerStateJson(const std::string& status) {
  JsonWriter json;
  json.BeginObject().Member("status", status).EndObject();
  return json.Take();
}

}  // namespace candor
