#include "api/model_list.h"

#include "api/json_writer.h"

namespace candor {
namespace {

void WriteTexts(const char* name, const std::vector<std::string>& texts, JsonWriter& json) {
  json.Key(name).BeginArray();
  for (const std::string& text : texts) json.Value(text);
  json.EndArray();
}

void WriteModel(const ServedModel& model, JsonWriter& json) {
  json.BeginObject().Member("id", model.id).Member("object", "model").Member("created", model.created);
  json.Member("owned_by", "candor");
  json.Member("loaded", model.loaded);
  WriteTexts("aliases", model.aliases, json);
  if (const auto& facts = model.facts) {
    // Clients look for the size of the context under each of these names.
    json.Member("context_length", facts->context).Member("max_model_len", facts->context);
    std::vector<std::string> capabilities = {"completion", "embedding"};
    if (facts->can_chat) capabilities.emplace_back("chat");
    if (facts->reasons) capabilities.emplace_back("reasoning");
    WriteTexts("capabilities", capabilities, json);
    json.Member("architecture", facts->architecture).Member("quantization", facts->weight_format);
    WriteTexts("sha256", facts->file_sha256, json);
    json.Key("meta").BeginObject().Member("n_ctx", facts->context);
    json.Member("n_ctx_train", facts->model_context).Member("n_vocab", facts->vocabulary);
    json.Member("n_embd", facts->embedding_length).Member("n_params", facts->parameters);
    json.Member("size", facts->weight_bytes).EndObject();
  }
  json.EndObject();
}

}  // namespace

std::string ModelJson(const ServedModel& model) {
  JsonWriter json;
  WriteModel(model, json);
  return json.Take();
}

std::string ModelListJson(const std::vector<ServedModel>& models) {
  JsonWriter json;
  json.BeginObject().Member("object", "list").Key("data").BeginArray();
  for (const ServedModel& model : models) WriteModel(model, json);
  json.EndArray().EndObject();
  return json.Take();
}

}  // namespace candor
