// GGUF metadata with small vocabularies, for tests and fuzz targets.
#ifndef CANDOR_TESTS_TOKENIZER_SMALL_VOCABULARIES_H_
#define CANDOR_TESTS_TOKENIZER_SMALL_VOCABULARIES_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/metadata.h"

namespace candor {

inline StringTable Strings(const std::vector<std::string>& strings) {
  StringTable table;
  for (const std::string& text : strings) table.Append(text);
  return table;
}

template <class T>
NumberArray Numbers(NumberType type, const std::vector<T>& numbers) {
  return NumberArray(type, std::as_bytes(std::span(numbers)));
}

// Byte-level: token i < 256 is byte i, then ab 256, abc 257, " ab" 258, the control token <end> 259 (BOS and EOS) and
// the user-defined <tool> 260. `pre` names the pre-tokenizer.
inline Metadata SmallByteLevel(const std::string& pre) {
  std::vector<std::string> tokens;
  int next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    const bool itself = (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
    const int code = itself ? byte : next++;
    tokens.push_back(code < 0x80
                         ? std::string(1, static_cast<char>(code))
                         : std::string{static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))});
  }
  for (const char* more : {"ab", "abc", "Ġab", "<end>", "<tool>"}) tokens.emplace_back(more);
  std::vector<int32_t> types(tokens.size(), 1);
  types[259] = 3;
  types[260] = 4;
  Metadata metadata("small");
  metadata.Add("tokenizer.ggml.model", std::string("gpt2"));
  metadata.Add("tokenizer.ggml.pre", pre);
  metadata.Add("tokenizer.ggml.tokens", Strings(tokens));
  metadata.Add("tokenizer.ggml.token_type", Numbers(NumberType::kInt32, types));
  metadata.Add("tokenizer.ggml.merges", Strings({"a b", "ab c", "Ġ ab"}));
  metadata.Add("tokenizer.ggml.bos_token_id", uint64_t{259});
  metadata.Add("tokenizer.ggml.eos_token_id", uint64_t{259});
  return metadata;
}

// SentencePiece: <unk> 0, <s> 1, </s> 2, the bytes from 3 on, then pieces.
inline Metadata SmallSentencePiece(bool add_space_prefix) {
  std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
  std::vector<int32_t> types = {2, 3, 3};
  std::vector<float> scores = {0, 0, 0};
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (size_t byte = 0; byte < 256; ++byte) {
    tokens.push_back(std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + ">");
    types.push_back(6);
    scores.push_back(0);
  }
  for (const char* piece : {"▁", "a", "b", "ab", "▁ab", "▁a", "bab", "é", "日本"}) {
    tokens.emplace_back(piece);
    types.push_back(1);
    scores.push_back(-static_cast<float>(tokens.size()));
  }
  tokens.emplace_back("▁▁▁▁");
  types.push_back(4);
  scores.push_back(-1000);
  Metadata metadata("small");
  metadata.Add("tokenizer.ggml.model", std::string("llama"));
  metadata.Add("tokenizer.ggml.tokens", Strings(tokens));
  metadata.Add("tokenizer.ggml.token_type", Numbers(NumberType::kInt32, types));
  metadata.Add("tokenizer.ggml.scores", Numbers(NumberType::kFloat32, scores));
  metadata.Add("tokenizer.ggml.bos_token_id", uint64_t{1});
  metadata.Add("tokenizer.ggml.eos_token_id", uint64_t{2});
  metadata.Add("tokenizer.ggml.unknown_token_id", uint64_t{0});
  metadata.Add("tokenizer.ggml.add_space_prefix", add_space_prefix);
  return metadata;
}

}  // namespace candor

#endif  // CANDOR_TESTS_TOKENIZER_SMALL_VOCABULARIES_H_
