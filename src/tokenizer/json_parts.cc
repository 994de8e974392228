#include "tokenizer/json_parts.h"

#include <string>
#include <utility>

#include "base/error.h"
#include "tokenizer/sentence_piece.h"

namespace candor {
namespace {

constexpr size_t kMaxParts = 16;
constexpr size_t kMaxReplacementBytes = 64;

// Calls `read` for the node, or for each part of the Sequence that it is; `parts` names their member.
template <class Read>
void ForEachPart(const JsonNode& node, std::string_view parts, const Read& read) {
  if (node.At("type").String() != "Sequence") {
    read(node);
    return;
  }
  const JsonNode list = node.At(parts);
  if (list.size() > kMaxParts) list.Refuse("at most " + std::to_string(kMaxParts) + " parts");
  for (size_t i = 0; i < list.size(); ++i) ForEachPart(list[i], parts, read);
}

std::string Short(const JsonNode& node) {
  const std::string_view text = node.String();
  if (text.size() > kMaxReplacementBytes) node.Refuse("at most " + std::to_string(kMaxReplacementBytes) + " bytes");
  return std::string(text);
}

// {"String": "..."}, not empty.
std::string LiteralPattern(const JsonNode& pattern) {
  if (pattern.Get("Regex")) {
    throw UnsupportedError(pattern.path() + ": a regular expression is not supported here, a String is");
  }
  const JsonNode literal = pattern.At("String");
  std::string text = Short(literal);
  if (text.empty()) literal.Refuse("a string that is not empty");
  return text;
}

std::string Escaped(std::string_view literal) {
  std::string pattern;
  for (const char c : literal) {
    const bool plain = static_cast<unsigned char>(c) >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                       (c >= 'a' && c <= 'z') || c == ' ';
    if (!plain) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

std::unique_ptr<Splitter> ReadSplit(const JsonNode& node) {
  const JsonNode pattern = node.At("pattern"), behavior = node.At("behavior");
  const bool invert = node.BoolOr("invert", false);
  const std::string_view does = behavior.String();
  if (const auto regex = pattern.Get("Regex")) {
    // Removing what does not match changes nothing where everything matches.
    const bool keeps_matches = invert && does == "Removed" && CoversEveryText(regex->String());
    if (!keeps_matches && (invert || does != "Isolated")) {
      behavior.Unsupported("Isolated, or for patterns that cover every text Removed with invert");
    }
    return SplitterForPattern(regex->String(), regex->path());
  }
  const std::string literal = LiteralPattern(pattern);
  if (invert || (does != "Isolated" && does != "MergedWithPrevious")) {
    behavior.Unsupported("Isolated and MergedWithPrevious, without invert");
  }
  if (does == "MergedWithPrevious") return MakeAfterLiteralSplitter(literal);
  return MakeRegexSplitter(Escaped(literal), pattern.path());
}

// Isolated: one character a piece; Contiguous: a run.
size_t ReadRunLimit(const JsonNode& node) {
  const auto behavior = node.Get("behavior");
  if (!behavior || behavior->String() == "Isolated") return 1;
  if (behavior->String() == "Contiguous") return 0;
  behavior->Unsupported("Isolated and Contiguous");
}

void ReadMetaspace(const JsonNode& node, JsonSplitters& out) {
  const auto replacement = node.Get("replacement");
  if (replacement && replacement->String() != kSentencePieceSpace) replacement->Refuse("\"\u2581\"");
  const std::string space(kSentencePieceSpace);
  const auto scheme = node.Get("prepend_scheme");
  const std::string_view prepends = scheme                                  ? scheme->String()
                                    : node.BoolOr("add_prefix_space", true) ? "always"
                                                                            : "never";
  if (prepends != "always" && prepends != "first" && prepends != "never") scheme->Refuse("always, first or never");
  out.space_rule.Add(Normalizer::Replace{" ", space});
  if (prepends != "never") out.space_rule.Add(Normalizer::Prepend{space, space, prepends == "first"});
  if (node.BoolOr("split", true)) out.splitters.push_back(MakeBeforeSpaceSplitter({}));
}

}  // namespace

Normalizer ReadNormalizer(const std::optional<JsonNode>& node) {
  Normalizer normalizer;
  if (!node) return normalizer;
  ForEachPart(*node, "normalizers", [&](const JsonNode& part) {
    const std::string_view type = part.At("type").String();
    if (type == "NFC") {
      normalizer.Add(Normalizer::Unicode{UnicodeForm::kNfc});
    } else if (type == "NFD") {
      normalizer.Add(Normalizer::Unicode{UnicodeForm::kNfd});
    } else if (type == "NFKC") {
      normalizer.Add(Normalizer::Unicode{UnicodeForm::kNfkc});
    } else if (type == "NFKD") {
      normalizer.Add(Normalizer::Unicode{UnicodeForm::kNfkd});
    } else if (type == "Prepend") {
      normalizer.Add(Normalizer::Prepend{Short(part.At("prepend")), "", false});
    } else if (type == "Replace") {
      normalizer.Add(Normalizer::Replace{LiteralPattern(part.At("pattern")), Short(part.At("content"))});
    } else {
      part.At("type").Unsupported("NFC, NFD, NFKC, NFKD, Prepend, Replace and Sequence");
    }
  });
  return normalizer;
}

JsonSplitters ReadSplitters(const std::optional<JsonNode>& node) {
  JsonSplitters out;
  if (!node) return out;
  bool first = true;
  ForEachPart(*node, "pretokenizers", [&](const JsonNode& part) {
    const std::string_view type = part.At("type").String();
    if (type == "ByteLevel") {
      out.byte_level = true;
      if (part.BoolOr("add_prefix_space", true)) {
        if (!first) part.At("add_prefix_space").Refuse("false, except in the first pre-tokenizer,");
        out.space_rule.Add(Normalizer::Prepend{" ", " ", false});
      }
      if (part.BoolOr("use_regex", true)) out.splitters.push_back(MakeGpt2Splitter());
    } else if (type == "Split") {
      out.splitters.push_back(ReadSplit(part));
    } else if (type == "Digits") {
      const size_t most = part.BoolOr("individual_digits", false) ? 1 : 0;
      out.splitters.push_back(MakeRunSplitter(CharSet::kNumbers, most, false));
    } else if (type == "Punctuation") {
      out.splitters.push_back(MakeRunSplitter(CharSet::kPunctuationAndAscii, ReadRunLimit(part), false));
    } else if (type == "Metaspace" && first) {
      ReadMetaspace(part, out);
    } else {
      part.At("type").Unsupported("ByteLevel, Split, Digits, Punctuation, Sequence, and Metaspace in the first place");
    }
    first = false;
  });
  if (out.splitters.size() > kMaxParts) node->Refuse("at most " + std::to_string(kMaxParts) + " parts");
  return out;
}

JsonDecoder ReadDecoder(const std::optional<JsonNode>& node) {
  JsonDecoder decoder;
  if (!node) return decoder;
  ForEachPart(*node, "decoders", [&](const JsonNode& part) {
    const std::string_view type = part.At("type").String();
    if (type == "ByteLevel") {
      decoder.byte_level = true;
    } else if (type == "Replace") {
      const std::string from = LiteralPattern(part.At("pattern"));
      if (from != kSentencePieceSpace || part.At("content").String() != " ") {
        part.Refuse("the replacement of U+2581 by a space");
      }
      decoder.spaces = true;
    } else if (type == "Metaspace") {
      decoder.spaces = true;
      const auto scheme = part.Get("prepend_scheme");
      decoder.strips_leading_space = scheme ? scheme->String() != "never" : part.BoolOr("add_prefix_space", true);
    } else if (type == "Strip") {
      if (part.At("content").String() != " ") part.At("content").Refuse("a space");
      if (part.At("stop").Int(0, 0) == 0) decoder.strips_leading_space = part.At("start").Int(0, 1) == 1;
    } else if (type != "ByteFallback" && type != "Fuse") {
      part.At("type").Unsupported("ByteLevel, Replace, ByteFallback, Fuse, Strip, Metaspace and Sequence");
    }
  });
  return decoder;
}

JsonTemplate ReadTemplate(const std::optional<JsonNode>& node, TokenId vocabulary_size) {
  JsonTemplate out;
  if (!node) return out;
  ForEachPart(*node, "processors", [&](const JsonNode& part) {
    const std::string_view type = part.At("type").String();
    if (type == "ByteLevel") return;  // changes offsets only
    if (type != "TemplateProcessing") part.At("type").Unsupported("ByteLevel, TemplateProcessing and Sequence");
    const JsonNode single = part.At("single");
    bool after_text = false;
    for (size_t i = 0; i < single.size(); ++i) {
      const auto special = single[i].Get("SpecialToken");
      if (!special) {
        if (after_text) single.Refuse("one Sequence");
        single[i].At("Sequence");
        after_text = true;
        continue;
      }
      const JsonNode ids = part.At("special_tokens").At(special->At("id").String()).At("ids");
      std::optional<TokenId>& place = after_text ? out.after : out.before;
      if (ids.size() != 1 || place) {
        throw UnsupportedError(single.path() + ": more than one token before or after a text is not supported");
      }
      place = static_cast<TokenId>(ids[0].Int(0, vocabulary_size - 1));
    }
    if (!after_text) single.Refuse("a Sequence");
  });
  return out;
}

}  // namespace candor
