// Pre-tokenizers: linear scanners that cut a text into the pieces that a model then encodes one by one.
//
// Each does what a published regular expression does, with the semantics of "isolated" splits: matches are pieces, and
// so is what lies between two matches. One call looks at every character at most a fixed number of times.
#ifndef CANDOR_TOKENIZER_SPLITTER_H_
#define CANDOR_TOKENIZER_SPLITTER_H_

#include <bitset>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace candor {

class Splitter {
 public:
  virtual ~Splitter() = default;
  // The end of the piece that begins at `pos`, which is inside the text and 0 or what an earlier call returned; always
  // greater than `pos`. The sum over a text is linear in its length.
  virtual size_t Next(std::string_view text, size_t pos) const = 0;
};

// Splitters in a row: each cuts the pieces of the one before it. None at all leaves the text whole.
using Splitters = std::vector<std::unique_ptr<const Splitter>>;

// The end of the piece that begins at `pos`, seen by all of `splitters`: calls use(piece) for each piece of `text`.
template <class Use>
void ForEachPiece(const Splitters& splitters, std::string_view text, const Use& use, size_t stage = 0) {
  if (stage == splitters.size()) {
    if (!text.empty()) use(text);
    return;
  }
  for (size_t pos = 0; pos < text.size();) {
    const size_t end = splitters[stage]->Next(text, pos);
    ForEachPiece(splitters, text.substr(pos, end - pos), use, stage + 1);
    pos = end;
  }
}

// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
std::unique_ptr<Splitter> MakeGpt2Splitter();

// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
// with \p{N}{1,digits}: Llama 3 and cl100k have 3, Qwen2 has 1.
std::unique_ptr<Splitter> MakeLlama3Splitter(int digits);

// o200k (GPT-4o, gpt-oss, Llama 4), with U = [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], W = [\p{Ll}\p{Lm}\p{Lo}\p{M}] and
// C = (?i:'s|'t|'re|'ve|'m|'ll|'d)?:
// [^\r\n\p{L}\p{N}]?U*W+C|[^\r\n\p{L}\p{N}]?U+W*C|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
// Tekken (Mistral) is the same without C and with single digits.
std::unique_ptr<Splitter> MakeO200kSplitter(bool contractions, int digits);

// The last of DeepSeek V3's three: [!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|
// [^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
std::unique_ptr<Splitter> MakeDeepSeekV3Splitter();

// Sets of characters for the splitters below.
enum class CharSet {
  kNewline,                  // [\r\n]
  kLetters,                  // \p{L}
  kNumbers,                  // \p{N}
  kPunctuation,              // \p{P}
  kPunctuationAndOperators,  // [\p{P}\$\+<=>\^~\|]
  kPunctuationAndAscii,      // \p{P} and the ASCII symbols
  kHanKana,                  // [一-龥぀-ゟ゠-ヿ]
  kHanHangul,                // [一-龥ࠀ-一가-퟿]
  kDeepSeekLetters,          // DeepSeek LLM's list of cased letters
  kDeepSeekPunctuation,      // [!-/:-~！-／：-～‘-‟　-。]
};

// SET{1,most}: at most `most` characters a piece, 0 for no limit; with `space`, \s?SET+.
std::unique_ptr<Splitter> MakeRunSplitter(CharSet set, size_t most, bool space);
// \s+$
std::unique_ptr<Splitter> MakeTrailingSpaceSplitter();
// [0-9][0-9][0-9]
std::unique_ptr<Splitter> MakeDigitTripleSplitter();

// Cuts after each `literal` (not empty).
std::unique_ptr<Splitter> MakeAfterLiteralSplitter(std::string literal);
// Cuts before each U+2581 whose preceding byte is not in `not_after`.
std::unique_ptr<Splitter> MakeBeforeSpaceSplitter(const std::bitset<256>& not_after);

// Any other pattern, run by PCRE2 (interpreted, UTF-8, Unicode classes). Throws UnsupportedError naming `field` for
// what PCRE2 refuses, for back references, and for what Oniguruma, which the patterns are written for, reads
// differently. The work of a match is bounded in proportion to the piece it finds: Next throws LimitError beyond that.
// Bytes that are not UTF-8 match nothing.
std::unique_ptr<Splitter> MakeRegexSplitter(std::string_view pattern, const std::string& field);

// What the pattern of a Split pre-tokenizer means: a scanner of ours where the text is known, else MakeRegexSplitter.
std::unique_ptr<Splitter> SplitterForPattern(std::string_view pattern, const std::string& field);
// Whether the pattern is known to leave nothing between its matches.
bool CoversEveryText(std::string_view pattern);

}  // namespace candor

#endif  // CANDOR_TOKENIZER_SPLITTER_H_
