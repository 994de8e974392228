#include "tokenizer/tokenizer_config.h"

#include <algorithm>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "format/json_reader.h"
#include "tokenizer/json_node.h"

namespace candor {
namespace {

constexpr size_t kMaxConfigBytes = 4 << 20;

// One spelling for each number, so that no id can be given twice.
TokenId IdOf(std::string_view digits, const JsonNode& tokens) {
  TokenId id = -1;
  const char* const end = digits.data() + digits.size();
  const auto [parsed, error] = std::from_chars(digits.data(), end, id);
  if (error != std::errc() || parsed != end || id < 0 || (digits[0] == '0' && digits.size() > 1)) {
    throw FormatError(tokens.path() + ": " + Quoted(digits) +
                      ", the id of a token expected, a decimal number from 0 to 2147483647");
  }
  return id;
}

std::vector<AddedToken> AddedTokensOf(const JsonNode& tokens) {
  const boost::json::object* object = tokens.value().if_object();
  if (object == nullptr) tokens.Refuse("an object");
  std::vector<AddedToken> added;
  added.reserve(object->size());
  for (const auto& [key, value] : *object) {
    AddedToken token;
    token.id = IdOf(key, tokens);
    const JsonNode node(value, tokens.path() + "." + std::string(key));
    token.text = node.At("content").String();
    if (token.text.empty()) node.At("content").Refuse("the text of a token");
    if (token.text.size() > kMaxAddedTokenBytes) {
      throw LimitError(node.path() + ".content: " + std::to_string(token.text.size()) + " bytes, at most " +
                       std::to_string(kMaxAddedTokenBytes) + " are supported");
    }
    token.control = node.BoolOr("special", false);
    token.single_word = node.BoolOr("single_word", false);
    token.lstrip = node.BoolOr("lstrip", false);
    token.rstrip = node.BoolOr("rstrip", false);
    added.push_back(std::move(token));
  }
  std::ranges::sort(added, {}, &AddedToken::id);
  return added;
}

// A string, or an object with the string as its content.
std::optional<TokenizerConfig::NamedToken> Named(const std::optional<JsonNode>& token) {
  if (!token) return std::nullopt;
  const JsonNode name = token->value().is_object() ? token->At("content") : *token;
  if (name.String().empty()) return std::nullopt;
  return TokenizerConfig::NamedToken{name.path(), std::string(name.String())};
}

std::optional<bool> Flag(const JsonNode& root, std::string_view key) {
  const std::optional<JsonNode> flag = root.Get(key);
  return flag ? std::optional(flag->Bool()) : std::nullopt;
}

}  // namespace

TokenizerConfig ReadTokenizerConfig(std::string_view text, const std::string& source) {
  JsonVisitor no_name_twice;
  ReadJson(text, source, {.bytes = kMaxConfigBytes}, no_name_twice);
  boost::json::monotonic_resource memory;
  const boost::json::value document = ParseJson(text, source, &memory);
  const JsonNode root(document, source);

  TokenizerConfig config;
  config.add_bos = Flag(root, "add_bos_token");
  config.add_eos = Flag(root, "add_eos_token");
  config.bos = Named(root.Get("bos_token"));
  config.eos = Named(root.Get("eos_token"));
  if (const auto more = root.Get("additional_special_tokens")) {
    for (size_t i = 0; i < more->size(); ++i) {
      if (auto token = Named((*more)[i])) config.additional_special.push_back(*std::move(token));
    }
  }
  if (const auto added = root.Get("added_tokens_decoder")) config.added = AddedTokensOf(*added);
  return config;
}

}  // namespace candor
