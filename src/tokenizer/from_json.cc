#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/byte_encoding.h"
#include "tokenizer/json_node.h"
#include "tokenizer/json_parts.h"
#include "tokenizer/pipeline.h"
#include "tokenizer/sentence_piece.h"

namespace candor {
namespace {

// How far ids may go beyond the number of tokens: published files leave small gaps.
constexpr size_t kMaxGap = 65536;

class JsonReader {
 public:
  explicit JsonReader(JsonNode root) : root_(std::move(root)), model_(root_.At("model")) {
    const auto type = model_.Get("type");
    if (type && type->String() != "BPE") type->Unsupported("BPE");
    if (const auto dropout = model_.Get("dropout"); dropout && dropout->value() != 0.0) dropout->Unsupported("null");
    for (const std::string_view affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (const auto text = model_.Get(affix); text && !text->String().empty()) text->Unsupported("null");
    }
    ReadPieces();
  }

  std::unique_ptr<Tokenizer> Read(const std::optional<JsonNode>& config) {
    PipelineParts parts;
    parts.normalizer = ReadNormalizer(root_.Get("normalizer"));
    JsonSplitters splitters = ReadSplitters(root_.Get("pre_tokenizer"));
    const JsonDecoder decoder = ReadDecoder(root_.Get("decoder"));
    if (splitters.byte_level != decoder.byte_level) {
      throw FormatError(root_.path() + ".decoder: ByteLevel must be in both pre_tokenizer and decoder or in none");
    }
    byte_fallback_ = !decoder.byte_level && model_.BoolOr("byte_fallback", false);
    parts.vocabulary = MakeVocabulary(decoder);
    MakeAddedTokens(parts);
    parts.space_rule = std::move(splitters.space_rule);
    parts.splitters = std::move(splitters.splitters);
    parts.strips_leading_space = decoder.strips_leading_space;
    MakeModel(decoder.byte_level, parts);
    ReadEnds(config, parts);
    return MakePipeline(std::move(parts));
  }

 private:
  struct Piece {
    std::string_view text;
    TokenKind kind = TokenKind::kUnused;
  };

  std::string VocabularyPath() const { return model_.path() + ".vocab"; }

  void Place(std::string_view text, size_t id, TokenKind kind, const std::string& path) {
    if (text.empty()) throw FormatError(path + ": token " + std::to_string(id) + " is empty");
    if (id >= pieces_.size()) pieces_.resize(id + 1);
    Piece& piece = pieces_[id];
    if (!piece.text.empty() && piece.text != text) {
      throw FormatError(path + ": id " + std::to_string(id) + " is given to two tokens, " + Printable(piece.text) +
                        " and " + Printable(text));
    }
    piece = {text, kind};
  }

  void ReadPieces() {
    const JsonNode vocab = model_.At("vocab");
    const boost::json::object* object = vocab.value().if_object();
    if (object == nullptr || object->empty()) vocab.Refuse("an object with tokens");
    const auto added = root_.Get("added_tokens");
    const auto most = static_cast<int64_t>(2 * (object->size() + (added ? added->size() : 0)) + kMaxGap);
    pieces_.reserve(object->size() + (added ? added->size() : 0));
    for (const auto& [text, id] : *object) {
      const int64_t* number = id.if_int64();
      if (number == nullptr || *number < 0 || *number > most) JsonNode(id, PathOf(vocab, text)).Int(0, most);
      Place(text, static_cast<size_t>(*number), TokenKind::kNormal, vocab.path());
    }
    for (size_t i = 0; added && i < added->size(); ++i) {
      const JsonNode token = (*added)[i];
      const TokenKind kind = token.BoolOr("special", false) ? TokenKind::kControl : TokenKind::kUserDefined;
      Place(token.At("content").String(), static_cast<size_t>(token.At("id").Int(0, most)), kind, token.path());
    }
  }

  static std::string PathOf(const JsonNode& vocab, std::string_view text) {
    std::string path = vocab.path();
    return path.append("[").append(Printable(text)).append("]");
  }

  std::unique_ptr<const Vocabulary> MakeVocabulary(const JsonDecoder& decoder) {
    StringTable pieces, bytes;
    std::vector<TokenKind> kinds;
    size_t total = 0;
    for (const Piece& piece : pieces_) total += piece.text.size();
    pieces.Reserve(pieces_.size(), total);
    bytes.Reserve(pieces_.size(), total);
    kinds.reserve(pieces_.size());
    std::string text;
    for (Piece& piece : pieces_) {
      text.clear();
      const std::optional<uint8_t> byte = byte_fallback_ ? ByteOfName(piece.text) : std::nullopt;
      if (byte && piece.kind == TokenKind::kNormal) {
        piece.kind = TokenKind::kByte;
        text.push_back(static_cast<char>(*byte));
      } else if (decoder.spaces) {
        text = ReplaceAll(piece.text, kSentencePieceSpace, " ");
      } else if (piece.kind != TokenKind::kNormal || !decoder.byte_level || !UnspellBytes(piece.text, text)) {
        text = piece.text;
      }
      pieces.Append(piece.text);
      bytes.Append(text == piece.text ? "" : text);
      kinds.push_back(piece.kind);
    }
    return std::make_unique<Vocabulary>(std::move(pieces), std::move(bytes), std::move(kinds), VocabularyPath());
  }

  void MakeAddedTokens(PipelineParts& parts) const {
    const auto added = root_.Get("added_tokens");
    if (!added) return;
    std::vector<AddedToken> plain, normalized;
    for (size_t i = 0; i < added->size(); ++i) {
      const JsonNode token = (*added)[i];
      AddedToken made{std::string(token.At("content").String()),
                      static_cast<TokenId>(token.At("id").value().as_int64())};
      made.control = token.BoolOr("special", false);
      made.single_word = token.BoolOr("single_word", false);
      made.lstrip = token.BoolOr("lstrip", false);
      made.rstrip = token.BoolOr("rstrip", false);
      if (token.BoolOr("normalized", !made.control) && !parts.normalizer.empty()) {
        std::string buffer;
        made.text = parts.normalizer.Apply(std::string(made.text), true, buffer);
        normalized.push_back(std::move(made));
      } else {
        plain.push_back(std::move(made));
      }
    }
    parts.added = AddedTokens(std::move(plain), added->path());
    parts.added_normalized = AddedTokens(std::move(normalized), added->path());
  }

  void MakeModel(bool byte_level, PipelineParts& parts) const {
    const Vocabulary& vocabulary = *parts.vocabulary;
    CharacterBpeRules rules;
    rules.whole_pieces = model_.BoolOr("ignore_merges", false);
    rules.byte_fallback = byte_fallback_;
    rules.fuse_unknown = model_.BoolOr("fuse_unk", false);
    if (const auto unknown = model_.Get("unk_token")) {
      rules.unknown = vocabulary.Find(unknown->String());
      if (rules.unknown == kNoToken) unknown->Refuse("a token of the vocabulary");
    }
    if (byte_level) {
      parts.model = MakeByteLevelBpe(vocabulary, ReadMerges(vocabulary), rules.whole_pieces, rules.unknown);
      return;
    }
    parts.model = MakeCharacterBpe(vocabulary, ReadMerges(vocabulary), rules);
    // Shorter pieces give the same tokens sooner, where only merges make them.
    if (!rules.whole_pieces && vocabulary.Find(kSentencePieceSpace) != kNoToken) {
      parts.splitters.push_back(MakeBeforeSpaceSplitter(BytesBeforeInnerSpace(vocabulary)));
    }
  }

  MergeTable ReadMerges(const Vocabulary& vocabulary) const {
    const JsonNode merges = model_.At("merges");
    const size_t count = merges.size();
    MergeTable table(count);
    const std::string field = merges.path();
    std::string joined;
    TokenId last = kNoToken;
    for (size_t i = 0; i < count; ++i) {
      const boost::json::value& merge = merges.value().get_array()[i];
      std::string_view left, right;
      if (const boost::json::string* text = merge.if_string()) {
        const std::string_view pair = *text;
        const size_t space = pair.find(' ');
        left = pair.substr(0, space);
        right = space == std::string_view::npos ? "" : pair.substr(space + 1);
      } else if (const boost::json::array* pair = merge.if_array();
                 pair != nullptr && pair->size() == 2 && (*pair)[0].is_string() && (*pair)[1].is_string()) {
        left = (*pair)[0].get_string();
        right = (*pair)[1].get_string();
      }
      joined.assign(left).append(right);
      // Merges mostly make one token after another.
      const TokenId ids[] = {vocabulary.Find(left), vocabulary.Find(right), vocabulary.Find(joined, last + 1)};
      if (std::find(std::begin(ids), std::end(ids), kNoToken) != std::end(ids)) {
        merges[i].Refuse("two tokens, as a pair or with one space between them, and a token that they make");
      }
      last = ids[2];
      // No text may make a control token by spelling it.
      if (vocabulary.IsControl(last)) continue;
      table.Add(ids[0], ids[1], last, field);
    }
    return table;
  }

  // The id of a token that the configuration names, as a string or an object with `content`.
  static std::optional<TokenId> Named(const std::optional<JsonNode>& config, std::string_view key,
                                      const Vocabulary& vocabulary) {
    const auto named = config ? config->Get(key) : std::nullopt;
    if (!named) return std::nullopt;
    const JsonNode name = named->value().is_object() ? named->At("content") : *named;
    const TokenId id = vocabulary.Find(name.String());
    return id == kNoToken ? std::nullopt : std::optional(id);
  }

  void ReadEnds(const std::optional<JsonNode>& config, PipelineParts& parts) const {
    const auto size = static_cast<TokenId>(parts.vocabulary->size());
    const JsonTemplate around = ReadTemplate(root_.Get("post_processor"), size);
    const std::optional<TokenId> bos = Named(config, "bos_token", *parts.vocabulary);
    const std::optional<TokenId> eos = Named(config, "eos_token", *parts.vocabulary);
    parts.bos = around.before ? around.before : bos;
    parts.eos = eos ? eos : around.after;
    parts.add_bos = around.before.has_value();
    parts.add_eos = around.after.has_value();
    if (!config) return;
    parts.add_bos = config->BoolOr("add_bos_token", parts.add_bos) && parts.bos.has_value();
    parts.add_eos = config->BoolOr("add_eos_token", parts.add_eos) && parts.eos.has_value();
  }

  JsonNode root_, model_;
  std::vector<Piece> pieces_;  // by id; the texts lie in the document
  bool byte_fallback_ = false;
};

}  // namespace

std::unique_ptr<Tokenizer> TokenizerFromJson(std::string_view tokenizer_json, std::string_view config,
                                             const std::string& source) {
  boost::json::monotonic_resource memory, config_memory;
  const boost::json::value document = ParseJson(tokenizer_json, source, &memory);
  boost::json::value settings;
  std::optional<JsonNode> settings_node;
  if (!config.empty()) {
    const std::string name = source + " (its tokenizer_config.json)";
    settings = ParseJson(config, name, &config_memory);
    settings_node.emplace(settings, name);
  }
  return JsonReader(JsonNode(document, source)).Read(settings_node);
}

}  // namespace candor
