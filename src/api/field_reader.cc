#include "api/field_reader.h"

#include "base/check.h"

namespace candor {
namespace {

SamplingOverrides ReadSampling(const FieldReader& body) {
  SamplingOverrides sampling;
  for (const SamplingField& field : SamplingFields()) sampling.values.push_back(body.Number(field.name));
  const auto value = [&](std::string_view name) -> std::optional<double>& {
    for (size_t i = 0; i < sampling.values.size(); ++i) {
      if (SamplingFields()[i].name == name) return sampling.values[i];
    }
    CHECK(false);
    return sampling.values[0];
  };
  std::optional<double>& top_k = value("top_k");
  if (top_k == -1.0) top_k = 0;

  std::optional<double>& penalty = value("repetition_penalty");
  penalty = OneOf(penalty, "repetition_penalty", body.Number("repeat_penalty"), "repeat_penalty");
  std::optional<double>& window = value("repetition_window");
  if (window == -1.0) window = 0;
  std::optional<double> last_n = body.Number("repeat_last_n");
  if (last_n == 0.0) {
    penalty = 1;  // no tokens count as recent
  } else {
    if (last_n == -1.0) last_n = 0;
    window = OneOf(window, "repetition_window", last_n, "repeat_last_n");
  }

  if (const JsonValue* biases = body.Get("logit_bias")) {
    for (const auto& [name, bias] : *biases->object()) {
      sampling.logit_bias.push_back({static_cast<TokenId>(std::stol(name)), *bias.number()});
    }
  }
  return sampling;
}

}  // namespace

const JsonValue* FieldReader::Get(std::string_view name) const {
  const JsonValue* member = object_.Find(name);
  return member == nullptr || member->is_null() ? nullptr : member;
}

std::optional<bool> FieldReader::Bool(std::string_view name) const {
  const JsonValue* member = Get(name);
  if (member == nullptr || member->boolean() == nullptr) return std::nullopt;
  return *member->boolean();
}

bool FieldReader::Flag(std::string_view name, bool when_absent) const { return Bool(name).value_or(when_absent); }

std::optional<std::string> FieldReader::String(std::string_view name) const {
  const JsonValue* member = Get(name);
  if (member == nullptr || member->string() == nullptr) return std::nullopt;
  return *member->string();
}

std::optional<double> FieldReader::Number(std::string_view name) const {
  const JsonValue* member = Get(name);
  return member == nullptr ? std::nullopt : member->number();
}

std::optional<int64_t> FieldReader::Integer(std::string_view name) const {
  const JsonValue* member = Get(name);
  return member == nullptr ? std::nullopt : member->integer();
}

std::vector<TokenId> FieldReader::Tokens(std::string_view name) const {
  const JsonValue* member = Get(name);
  return member == nullptr || member->array() == nullptr ? std::vector<TokenId>() : TokensOf(*member->array());
}

std::vector<TokenId> TokensOf(const JsonArray& list) {
  std::vector<TokenId> tokens;
  tokens.reserve(list.size());
  for (const JsonValue& item : list) tokens.push_back(static_cast<TokenId>(item.integer().value_or(0)));
  return tokens;
}

JsonValue ParseRequest(std::string_view body, const Shape& request, std::vector<std::string>& ignored) {
  JsonValue value;
  try {
    value = ParseJson(body, "the request", /*infinite_numbers=*/true);
  } catch (const Error& error) {
    throw RequestError({.message = error.what(), .code = "invalid_json"});
  }
  ignored = ValidateRequest(value, request);
  return value;
}

std::string IgnoredField(const std::vector<std::string>& ignored) {
  std::string names;
  for (const std::string& name : ignored) names.append(names.empty() ? "" : ", ").append(name);
  return names;
}

void ReadGenerationFields(const JsonValue& body, GenerateMessage& job, bool& seed_given, ResponseOptions& options) {
  const FieldReader reader(body);
  job.sampling = ReadSampling(reader);
  const JsonValue* seed = reader.Get("seed");
  seed_given = seed != nullptr;
  if (seed_given) job.seed = seed->bits().value_or(0);
  job.choices = static_cast<uint32_t>(reader.Integer("n").value_or(1));
  job.first_choice = static_cast<uint32_t>(reader.Integer("first_choice").value_or(0));
  const auto limit = OneOf(reader.Integer("max_completion_tokens"), "max_completion_tokens",
                           reader.Integer("max_tokens"), "max_tokens");
  if (limit) job.max_tokens = static_cast<uint32_t>(*limit);
  if (const JsonValue* stop = reader.Get("stop")) {
    if (const std::string* text = stop->string()) {
      job.stop = {*text};
    } else {
      for (const JsonValue& item : *stop->array()) job.stop.push_back(*item.string());
    }
  }
  job.ignore_end = reader.Flag("ignore_eos");
  job.answer_prefix = reader.Tokens("continue_tokens");

  options.stream = reader.Flag("stream");
  if (const JsonValue* stream = reader.Get("stream_options")) {
    options.include_usage = FieldReader(*stream).Flag("include_usage");
  }
  options.token_ids = reader.Flag("return_token_ids");
  options.progress = reader.Flag("return_progress");
}

}  // namespace candor
