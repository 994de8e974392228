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

namespace candor {
namespace {

constexpr uint64_t kMaxTokens = 1 << 22;
// A piece that merging makes is looked at as a whole at every merge.
constexpr size_t kMaxScoredPieceBytes = 1024;

std::string Quoted(std::string_view text) {
  std::string quoted(1, '"');
  return quoted.append(Printable(text)).append(1, '"');
}

std::string Key(std::string_view name) { return "tokenizer.ggml." + std::string(name); }

class GgufReader {
 public:
  explicit GgufReader(const Metadata& metadata) : metadata_(metadata), tokens_(metadata.RequireStrings(Key("tokens"))) {
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
  std::string Field(std::string_view name) const { return metadata_.source() + ": " + Key(name); }
  [[noreturn]] void Refuse(std::string_view name, const std::string& why) const {
    throw FormatError(Field(name) + ": " + why);
  }
  void RequireLength(std::string_view name, size_t length) const {
    if (length == tokens_.size()) return;
    Refuse(name, std::to_string(length) + " entries, " + std::to_string(tokens_.size()) +
                     " expected, one for each of tokenizer.ggml.tokens");
  }

  void CheckTokens() const {
    for (size_t i = 0; i < tokens_.size(); ++i) {
      if (IsValidUtf8(tokens_[i])) continue;
      Refuse("tokens", Quoted(tokens_[i]) + " at index " + std::to_string(i) + ", UTF-8 expected");
    }
  }

  void ReadKinds() {
    kinds_.assign(tokens_.size(), TokenKind::kNormal);
    if (const auto types = metadata_.GetInts(Key("token_type"))) {
      RequireLength("token_type", types->size());
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

  std::unique_ptr<const Vocabulary> MakeVocabulary(bool byte_level) const {
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
          Refuse("tokens", Quoted(tokens_[i]) + " at index " + std::to_string(i) +
                               " is a byte by tokenizer.ggml.token_type, <0x00> to <0xFF> expected");
        }
        text.push_back(static_cast<char>(*byte));
      } else if (!byte_level) {
        text = ReplaceAll(tokens_[i], kSentencePieceSpace, " ");
      } else if (kind != TokenKind::kNormal || !UnspellBytes(tokens_[i], text)) {
        text = tokens_[i];
      }
      bytes.Append(text);
    }
    return std::make_unique<Vocabulary>(std::move(pieces), std::move(bytes), kinds_, Field("tokens"));
  }

  void MakeAddedTokens(PipelineParts& parts) const {
    std::vector<AddedToken> plain, normalized;
    for (size_t i = 0; i < tokens_.size(); ++i) {
      const TokenKind kind = kinds_[i];
      const bool control = kind == TokenKind::kControl || kind == TokenKind::kUnknown;
      if (!control && kind != TokenKind::kUserDefined) continue;
      // SentencePiece finds its user-defined pieces in the text whose spaces it has replaced.
      const bool spaced =
          model_ == "llama" && !control && tokens_[i].find(kSentencePieceSpace) != std::string_view::npos;
      (spaced ? normalized : plain).push_back({std::string(tokens_[i]), static_cast<TokenId>(i), control});
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
    const auto doubles = metadata_.GetFloats(Key("scores"));
    if (!doubles) Refuse("scores", "missing, a score for each token expected");
    RequireLength("scores", doubles->size());
    std::vector<float> scores(doubles->size());
    for (size_t i = 0; i < scores.size(); ++i) {
      scores[i] = static_cast<float>((*doubles)[i]);
      if (!std::isfinite(scores[i])) {
        Refuse("scores",
               std::to_string((*doubles)[i]) + " at index " + std::to_string(i) + ", a finite number expected");
      }
      const bool merges = kinds_[i] == TokenKind::kNormal || kinds_[i] == TokenKind::kUserDefined;
      if (merges && tokens_[i].size() > kMaxScoredPieceBytes) {
        Refuse("tokens", std::to_string(tokens_[i].size()) + " bytes at index " + std::to_string(i) + ", at most " +
                             std::to_string(kMaxScoredPieceBytes) + " expected");
      }
    }
    parts.model = MakeScoredBpe(*parts.vocabulary, scores, unknown_);
    parts.splitters.push_back(MakeBeforeSpaceSplitter(BytesBeforeInnerSpace(*parts.vocabulary)));
    parts.strips_leading_space = metadata_.GetBool(Key("add_space_prefix")).value_or(true);
    const std::string space(kSentencePieceSpace);
    if (parts.strips_leading_space) parts.normalizer.Add(Normalizer::Prepend{space, "", false});
    parts.normalizer.Add(Normalizer::Replace{" ", space});
  }

  const Metadata& metadata_;
  const StringTable& tokens_;
  std::string model_;
  std::vector<TokenKind> kinds_;
  TokenId unknown_ = kNoToken;
};

}  // namespace

std::unique_ptr<Tokenizer> TokenizerFromGguf(const Metadata& metadata) { return GgufReader(metadata).Read(); }

}  // namespace candor
