#include <algorithm>
#include <limits>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/sentence_piece_model.h"
#include "tokenizer/tokenizer_config.h"
#include "tokenizer/vocabulary_keys.h"

namespace candor {
namespace {

// How far ids may go beyond the number of tokens: published files leave small gaps.
constexpr size_t kMaxGap = 65536;

std::string FileKey(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"model", "trainer_spec.model_type"},
      {"tokens", "pieces"},
      {"scores", "pieces.score"},
      {"token_type", "pieces.type"},
      {"add_space_prefix", "normalizer_spec.add_dummy_prefix"},
      {"unknown_token_id", "trainer_spec.unk_id"},
      {"bos_token_id", "trainer_spec.bos_id"},
      {"eos_token_id", "trainer_spec.eos_id"},
      {"add_bos_token", "add_bos_token of its tokenizer_config.json"},
      {"add_eos_token", "add_eos_token of its tokenizer_config.json"}};
  const auto known = std::ranges::find(kNames, name, &std::pair<std::string_view, std::string_view>::first);
  return std::string(known == std::end(kNames) ? name : known->second);
}

// A model's pieces with those of the configuration among them.
class Pieces {
 public:
  // `source`: what messages call the configuration.
  Pieces(SentencePieceModel& model, const TokenizerConfig& config, const std::string& source)
      : model_(model), config_(config), source_(source) {
    for (size_t i = 0; i < model.pieces.size(); ++i) texts_.push_back(model.pieces[i]);
    const size_t most = texts_.size() + config.added.size() + kMaxGap;
    for (const AddedToken& token : config.added) {
      if (static_cast<size_t>(token.id) > most) {
        throw FormatError(Field(token) + ": " + std::to_string(token.id) + ", an id of at most " +
                          std::to_string(most) + " expected");
      }
      Place(token);
    }
    FindNames();
    StringTable pieces;
    for (const std::string_view text : texts_) pieces.Append(text);
    model.pieces = std::move(pieces);
  }

  TokenId IdOf(const TokenizerConfig::NamedToken& token) const {
    const TokenId id = ids_.at(token.text);
    if (id == kNoToken) {
      throw UnsupportedError(token.field + ": " + Quoted(token.text) +
                             " has no id in tokenizer.model, nor in added_tokens_decoder: such a folder needs a "
                             "tokenizer.json");
    }
    return id;
  }

 private:
  std::string Field(const AddedToken& token) const {
    return source_ + ".added_tokens_decoder." + std::to_string(token.id);
  }

  void Place(const AddedToken& token) {
    const auto id = static_cast<size_t>(token.id);
    if (id >= texts_.size()) {
      texts_.resize(id + 1);
      model_.scores.resize(id + 1, 0.0f);
      model_.kinds.resize(id + 1, TokenKind::kUnused);
    }
    TokenKind& kind = model_.kinds[id];
    if (texts_[id] != token.text) {
      if (token.single_word && !token.control) {
        throw UnsupportedError(Field(token) + ".single_word: true for " + Quoted(token.text) +
                               ", which tokenizer.model does not have: such a folder needs a tokenizer.json");
      }
      // The model knows nothing of it, and merges to it after everything else.
      model_.scores[id] = std::numeric_limits<float>::lowest();
      texts_[id] = token.text;
    } else if (kind == TokenKind::kControl || kind == TokenKind::kUnknown || kind == TokenKind::kByte) {
      return;
    }
    kind = token.control ? TokenKind::kControl : TokenKind::kUserDefined;
  }

  // The ids of all texts that the configuration mentions, each of which has one.
  void FindNames() {
    for (const AddedToken& token : config_.added) ids_.emplace(token.text, kNoToken);
    if (config_.bos) ids_.emplace(config_.bos->text, kNoToken);
    if (config_.eos) ids_.emplace(config_.eos->text, kNoToken);
    for (const auto& token : config_.additional_special) ids_.emplace(token.text, kNoToken);
    for (size_t i = 0; i < texts_.size() && !ids_.empty(); ++i) {
      const auto named = ids_.find(texts_[i]);
      if (named == ids_.end()) continue;
      if (named->second != kNoToken) {
        throw FormatError(source_ + ": " + Quoted(texts_[i]) + " has two ids with tokenizer.model, " +
                          std::to_string(named->second) + " and " + std::to_string(i));
      }
      named->second = static_cast<TokenId>(i);
    }
  }

  SentencePieceModel& model_;
  const TokenizerConfig& config_;
  const std::string& source_;
  std::vector<std::string_view> texts_;      // by id
  std::map<std::string_view, TokenId> ids_;  // of texts in `config_`
};

Metadata KeysOf(const SentencePieceModel& model, const TokenizerConfig& config, const std::string& source) {
  Metadata metadata(source);
  metadata.Add(FileKey("model"), std::string("llama"));
  metadata.Add(FileKey("tokens"), model.pieces);
  metadata.Add(FileKey("scores"), NumberArray(NumberType::kFloat32, std::as_bytes(std::span(model.scores))));
  metadata.Add(FileKey("token_type"), NumberArray(NumberType::kUint8, std::as_bytes(std::span(model.kinds))));
  metadata.Add(FileKey("add_space_prefix"), model.dummy_prefix);
  const auto add_id = [&](std::string_view name, int32_t id) {
    if (id >= 0) metadata.Add(FileKey(name), static_cast<uint64_t>(id));
  };
  add_id("unknown_token_id", model.unknown);
  add_id("bos_token_id", model.bos);
  add_id("eos_token_id", model.eos);
  if (config.add_bos) metadata.Add(FileKey("add_bos_token"), *config.add_bos);
  if (config.add_eos) metadata.Add(FileKey("add_eos_token"), *config.add_eos);
  return metadata;
}

}  // namespace

std::unique_ptr<Tokenizer> TokenizerFromSentencePiece(std::string_view model, std::string_view config,
                                                      const std::string& source) {
  SentencePieceModel read = ParseSentencePieceModel(model, source);
  TokenizerConfig settings;
  if (!config.empty()) {
    const std::string name = source + " (its tokenizer_config.json)";
    settings = ReadTokenizerConfig(config, name);
    const Pieces pieces(read, settings, name);
    if (settings.bos) read.bos = pieces.IdOf(*settings.bos);
    if (settings.eos) read.eos = pieces.IdOf(*settings.eos);
    for (const auto& token : settings.additional_special) pieces.IdOf(token);
  }
  return TokenizerFromKeys(KeysOf(read, settings, source), FileKey, settings.added);
}

}  // namespace candor
