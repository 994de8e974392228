#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "tokenizer/byte_encoding.h"
#include "tokenizer/gguf_splitters.h"
#include "tokenizer/pipeline.h"
#include "tokenizer/sentence_piece.h"
#include "tokenizer/vocabulary_keys.h"

namespace candor {
namespace {

// What a vocabulary costs is bounded before any of it is built, so that it takes less than 64 MiB beyond the file that
// brings it. Published ones: 262,144 tokens of 2.3 MB together (Gemma 3), tokens of 256 bytes (Qwen 2.5, DeepSeek),
// 280,147 merges (Llama 3).
constexpr uint64_t kMaxTokens = 1 << 19;
constexpr size_t kMaxTokenBytes = 4096;
constexpr size_t kMaxVocabularyBytes = 8 << 20;
constexpr size_t kMaxMerges = 1 << 20;
// A piece that merging makes is looked at as a whole at every merge.
constexpr size_t kMaxScoredPieceBytes = 1024;

std::string GgufKey(std::string_view name) { return "tokenizer.ggml." + std::string(name); }

class KeysReader {
 public:
  KeysReader(const Metadata& metadata, VocabularyKey key, std::span<const AddedToken> rules)
      : metadata_(metadata), key_(key), rules_(rules), tokens_(metadata.RequireStrings(Key("tokens"))) {
    if (tokens_.size() == 0 || tokens_.size() > kMaxTokens) {
      Refuse("tokens", std::to_string(tokens_.size()) + " tokens, 1 to " + std::to_string(kMaxTokens) + " expected");
    }
    model_ = metadata.RequireString(Key("model"));
    if (model_ != "gpt2" && model_ != "llama") {
      throw UnsupportedError(Field("model") + ": " + Quoted(model_) +
                             " is not supported; known are gpt2 (byte-level BPE) and llama (SentencePiece BPE)");
    }
    CheckTokens();
    ReadKinds();
    if (model_ == "llama") ReadScores();
  }

  std::unique_ptr<Tokenizer> Read() {
    const bool byte_level = model_ == "gpt2";
    PipelineParts parts;
    parts.vocabulary = MakeVocabulary(byte_level);
    MakeAddedTokens(parts);
    ReadSpecialTokens(parts);
    bool add_bos = !byte_level;
    if (byte_level) {
      add_bos = ReadByteLevel(parts);
    } else {
      ReadSentencePiece(parts);
    }
    parts.add_bos = Adds("add_bos_token", "bos_token_id", parts.bos, add_bos);
    parts.add_eos = Adds("add_eos_token", "eos_token_id", parts.eos, false);
    return MakePipeline(std::move(parts));
  }

 private:
  std::string Key(std::string_view name) const { return key_(name); }
  std::string Field(std::string_view name) const { return metadata_.source() + ": " + Key(name); }
  [[noreturn]] void Refuse(std::string_view name, const std::string& why) const {
    throw FormatError(Field(name) + ": " + why);
  }
  // Before the numbers are widened: there must be one for each token.
  void CheckLength(std::string_view name) const {
    const MetadataValue* value = metadata_.Find(Key(name));
    const auto* numbers = value ? std::get_if<NumberArray>(value) : nullptr;
    if (numbers == nullptr || numbers->size() == tokens_.size()) return;
    Refuse(name, std::to_string(numbers->size()) + " entries, " + std::to_string(tokens_.size()) +
                     " expected, one for each of " + Key("tokens"));
  }

  void CheckTokens() {
    size_t bytes = 0;
    for (size_t i = 0; i < tokens_.size(); ++i) {
      const size_t size = tokens_[i].size();
      if (size > kMaxTokenBytes) {
        Refuse("tokens", std::to_string(size) + " bytes at index " + std::to_string(i) + ", at most " +
                             std::to_string(kMaxTokenBytes) + " expected");
      }
      if (!IsValidUtf8(tokens_[i])) {
        Refuse("tokens", Quoted(tokens_[i]) + " at index " + std::to_string(i) + ", UTF-8 expected");
      }
      bytes += size;
      if (size > 0) divisions_ += size - 1;
    }
    if (bytes > kMaxVocabularyBytes) {
      Refuse("tokens",
             std::to_string(bytes) + " bytes together, at most " + std::to_string(kMaxVocabularyBytes) + " expected");
    }
  }

  void ReadKinds() {
    CheckLength("token_type");
    kinds_.assign(tokens_.size(), TokenKind::kNormal);
    if (const auto types = metadata_.GetInts(Key("token_type"))) {
      for (size_t i = 0; i < types->size(); ++i) {
        const int64_t type = (*types)[i];
        if (type < 1 || type > 6) {
          Refuse("token_type", std::to_string(type) + " at index " + std::to_string(i) + ", 1 to 6 expected");
        }
        kinds_[i] = static_cast<TokenKind>(type);
      }
    } else if (model_ == "llama") {
      for (size_t i = 0; i < tokens_.size(); ++i) {
        if (ByteOfName(tokens_[i])) kinds_[i] = TokenKind::kByte;
      }
    }
  }

  void ReadScores() {
    CheckLength("scores");
    const auto doubles = metadata_.GetFloats(Key("scores"));
    if (!doubles) Refuse("scores", "missing, a score for each token expected");
    scores_.resize(doubles->size());
    for (size_t i = 0; i < scores_.size(); ++i) {
      scores_[i] = static_cast<float>((*doubles)[i]);
      if (!std::isfinite(scores_[i])) {
        Refuse("scores",
               std::to_string((*doubles)[i]) + " at index " + std::to_string(i) + ", a finite number expected");
      }
      const bool merges = kinds_[i] == TokenKind::kNormal || kinds_[i] == TokenKind::kUserDefined;
      if (merges && tokens_[i].size() > kMaxScoredPieceBytes) {
        Refuse("tokens", std::to_string(tokens_[i].size()) + " bytes at index " + std::to_string(i) + ", at most " +
                             std::to_string(kMaxScoredPieceBytes) + " expected");
      }
    }
  }

  std::unique_ptr<const Vocabulary> MakeVocabulary(bool byte_level) {
    StringTable pieces = tokens_, bytes;
    size_t total = 0;
    for (size_t i = 0; i < tokens_.size(); ++i) total += tokens_[i].size();
    bytes.Reserve(tokens_.size(), total);
    std::string text;
    for (size_t i = 0; i < tokens_.size(); ++i) {
      text.clear();
      const TokenKind kind = kinds_[i];
      if (kind == TokenKind::kByte && !byte_level) {
        const std::optional<uint8_t> byte = ByteOfName(tokens_[i]);
        if (!byte) {
          Refuse("tokens", Quoted(tokens_[i]) + " at index " + std::to_string(i) + " is a byte by " +
                               Key("token_type") + ", <0x00> to <0xFF> expected");
        }
        text.push_back(static_cast<char>(*byte));
      } else if (!byte_level) {
        text = ReplaceAll(tokens_[i], kSentencePieceSpace, " ");
      } else if (kind != TokenKind::kNormal || !UnspellBytes(tokens_[i], text)) {
        text = tokens_[i];
      }
      bytes.Append(text == tokens_[i] ? "" : text);
    }
    return std::make_unique<Vocabulary>(std::move(pieces), std::move(bytes), std::move(kinds_), Field("tokens"));
  }

  void MakeAddedTokens(PipelineParts& parts) const {
    const Vocabulary& vocabulary = *parts.vocabulary;
    const auto is_added = [&](size_t i) {
      const auto id = static_cast<TokenId>(i);
      return vocabulary.IsControl(id) || vocabulary.Kind(id) == TokenKind::kUserDefined;
    };
    size_t count = 0, bytes = 0;
    for (size_t i = 0; i < tokens_.size(); ++i) {
      if (!is_added(i)) continue;
      ++count;
      bytes += tokens_[i].size();
    }
    CheckAddedTokens(count, bytes, Field("tokens"));
    std::vector<AddedToken> plain, normalized;
    for (size_t i = 0; i < tokens_.size(); ++i) {
      if (!is_added(i)) continue;
      const bool control = vocabulary.IsControl(static_cast<TokenId>(i));
      // SentencePiece finds its user-defined pieces in the text whose spaces it has replaced.
      const bool spaced =
          model_ == "llama" && !control && tokens_[i].find(kSentencePieceSpace) != std::string_view::npos;
      AddedToken token{std::string(tokens_[i]), static_cast<TokenId>(i), control};
      if (const auto rule = std::ranges::lower_bound(rules_, token.id, {}, &AddedToken::id);
          rule != rules_.end() && rule->id == token.id) {
        token.single_word = rule->single_word;
        token.lstrip = rule->lstrip;
        token.rstrip = rule->rstrip;
      }
      (spaced ? normalized : plain).push_back(std::move(token));
    }
    parts.added = AddedTokens(std::move(plain), Field("tokens"));
    parts.added_normalized = AddedTokens(std::move(normalized), Field("tokens"));
  }

  std::optional<TokenId> SpecialToken(std::string_view name) const {
    const auto id = metadata_.GetUint(Key(name), 0, tokens_.size() - 1);
    return id ? std::optional(static_cast<TokenId>(*id)) : std::nullopt;
  }

  void ReadSpecialTokens(PipelineParts& parts) {
    parts.bos = SpecialToken("bos_token_id");
    parts.eos = SpecialToken("eos_token_id");
    for (const std::string_view name : {"eot_token_id", "eom_token_id"}) {
      if (const auto id = SpecialToken(name)) parts.more_end_tokens.push_back(*id);
    }
    unknown_ = SpecialToken("unknown_token_id").value_or(kNoToken);
    // Nothing is padded here, and converters write numbers outside the vocabulary where a model has no such token.
    metadata_.GetUint(Key("padding_token_id"), 0, UINT64_MAX);
  }

  bool Adds(std::string_view name, std::string_view id_name, std::optional<TokenId> id, bool otherwise) const {
    const auto said = metadata_.GetBool(Key(name));
    if (said.value_or(false) && !id) Refuse(name, "true, and there is no " + Key(id_name));
    return said.value_or(otherwise) && id.has_value();
  }

  // Returns whether BOS is added where the file does not say.
  bool ReadByteLevel(PipelineParts& parts) const {
    const std::string name = metadata_.GetString(Key("pre")).value_or("default");
    std::optional<NamedSplitters> named = SplittersNamed(name);
    if (!named) {
      throw UnsupportedError(Field("pre") + ": the pre-tokenizer " + Quoted(name) + " is not supported; known are " +
                             KnownSplitterNames());
    }
    parts.splitters = std::move(named->splitters);
    parts.model = MakeByteLevelBpe(*parts.vocabulary, ReadMerges(*parts.vocabulary), named->whole_pieces, kNoToken);
    return named->add_bos;
  }

  MergeTable ReadMerges(const Vocabulary& vocabulary) const {
    // Writers leave out an empty array: a vocabulary of single bytes has no merges.
    if (!metadata_.Has(Key("merges"))) return MergeTable(0);
    const StringTable& merges = metadata_.RequireStrings(Key("merges"));
    if (const size_t most = std::min(divisions_, kMaxMerges); merges.size() > most) {
      Refuse("merges", std::to_string(merges.size()) + " entries, at most " + std::to_string(most) +
                           " expected: " + std::to_string(kMaxMerges) + ", and one for each way to divide a token of " +
                           Key("tokens") + " in two");
    }
    MergeTable table(merges.size());
    const std::string field = Field("merges");
    std::string joined;
    TokenId last = kNoToken;
    for (size_t i = 0; i < merges.size(); ++i) {
      const std::string_view merge = merges[i];
      // The first character may be a space itself.
      const size_t space = merge.find(' ', 1);
      const std::string_view left = merge.substr(0, space);
      const std::string_view right = space == std::string_view::npos ? "" : merge.substr(space + 1);
      joined.assign(left).append(right);
      // Merges mostly make one token after another.
      const TokenId ids[] = {vocabulary.Find(left), vocabulary.Find(right), vocabulary.Find(joined, last + 1)};
      if (std::find(std::begin(ids), std::end(ids), kNoToken) != std::end(ids)) {
        Refuse("merges", Quoted(merge) + " at index " + std::to_string(i) +
                             ": two tokens with a space between them expected, and a token that they make");
      }
      last = ids[2];
      // No text may make a control token by spelling it.
      if (vocabulary.IsControl(last)) continue;
      table.Add(ids[0], ids[1], last, field);
    }
    return table;
  }

  void ReadSentencePiece(PipelineParts& parts) const {
    parts.model = MakeScoredBpe(*parts.vocabulary, scores_, unknown_);
    parts.splitters.push_back(MakeBeforeSpaceSplitter(BytesBeforeInnerSpace(*parts.vocabulary)));
    parts.strips_leading_space = metadata_.GetBool(Key("add_space_prefix")).value_or(true);
    const std::string space(kSentencePieceSpace);
    if (parts.strips_leading_space) parts.normalizer.Add(Normalizer::Prepend{space, "", false});
    parts.normalizer.Add(Normalizer::Replace{" ", space});
  }

  const Metadata& metadata_;
  const VocabularyKey key_;
  const std::span<const AddedToken> rules_;
  const StringTable& tokens_;
  std::string model_;
  std::vector<TokenKind> kinds_;  // until the vocabulary has them
  std::vector<float> scores_;     // of a SentencePiece model
  size_t divisions_ = 0;          // ways to divide a token in two, all tokens together
  TokenId unknown_ = kNoToken;
};

}  // namespace

std::unique_ptr<Tokenizer> TokenizerFromKeys(const Metadata& metadata, VocabularyKey key,
                                             std::span<const AddedToken> rules) {
  return KeysReader(metadata, key, rules).Read();
}

std::unique_ptr<Tokenizer> TokenizerFromGguf(const Metadata& metadata) {
  return TokenizerFromKeys(metadata, GgufKey, {});
}

}  // namespace candor
