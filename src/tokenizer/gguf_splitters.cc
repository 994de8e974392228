#include "tokenizer/gguf_splitters.h"

#include <utility>

namespace candor {
namespace {

template <class... Parts>
NamedSplitters Make(bool whole_pieces, bool add_bos, Parts... parts) {
  NamedSplitters made{{}, whole_pieces, add_bos};
  (made.splitters.push_back(std::move(parts)), ...);
  return made;
}

auto Run(CharSet set, size_t most = 0, bool space = false) { return MakeRunSplitter(set, most, space); }

NamedSplitters Gpt2() { return Make(false, false, MakeGpt2Splitter()); }
NamedSplitters Gpt2Digits() { return Make(false, false, Run(CharSet::kNumbers, 1), MakeGpt2Splitter()); }
NamedSplitters Llama3() { return Make(true, true, MakeLlama3Splitter(3)); }
NamedSplitters Cl100k() { return Make(false, false, MakeLlama3Splitter(3)); }
NamedSplitters Qwen2() { return Make(false, false, MakeLlama3Splitter(1)); }
NamedSplitters O200k() { return Make(true, false, MakeO200kSplitter(true, 3)); }
NamedSplitters Tekken() { return Make(true, true, MakeO200kSplitter(false, 1)); }

NamedSplitters DeepSeekV3() {
  return Make(false, false, Run(CharSet::kNumbers, 3), Run(CharSet::kHanKana), MakeDeepSeekV3Splitter());
}

NamedSplitters DeepSeekCoder() {
  return Make(false, false, Run(CharSet::kNewline, 1), Run(CharSet::kLetters, 0, true),
              Run(CharSet::kPunctuation, 0, true), Run(CharSet::kHanHangul), Run(CharSet::kNumbers, 1));
}

NamedSplitters DeepSeekLlm() {
  return Make(false, false, Run(CharSet::kNewline, 1), Run(CharSet::kDeepSeekLetters, 0, true),
              Run(CharSet::kDeepSeekPunctuation, 0, true), MakeTrailingSpaceSplitter(), Run(CharSet::kHanHangul),
              Run(CharSet::kNumbers, 1));
}

NamedSplitters Falcon() {
  return Make(false, false, Run(CharSet::kPunctuationAndAscii), MakeGpt2Splitter(), Run(CharSet::kNumbers),
              MakeDigitTripleSplitter());
}

// What the writers of GGUF files mean by it, and by no name at all.
NamedSplitters Default() {
  return Make(false, false, Run(CharSet::kPunctuationAndOperators), MakeGpt2Splitter(), Run(CharSet::kNumbers),
              MakeDigitTripleSplitter());
}

struct NamedMaker {
  std::string_view name;
  NamedSplitters (*make)();
};

constexpr NamedMaker kNamed[] = {
    {"default", Default},
    {"gpt-2", Gpt2},
    {"mpt", Gpt2},
    {"olmo", Gpt2},
    {"phi-2", Gpt2},
    {"exaone4", Gpt2},
    {"smollm", Gpt2Digits},
    {"starcoder", Gpt2Digits},
    {"refact", Gpt2Digits},
    {"command-r", Gpt2Digits},
    {"codeshell", Gpt2Digits},
    {"exaone", Gpt2Digits},
    {"falcon", Falcon},
    {"llama-bpe", Llama3},
    {"llama3", Llama3},
    {"llama-v3", Llama3},
    {"falcon3", Llama3},
    {"lfm2", Llama3},
    {"pixtral", Llama3},
    {"dbrx", Cl100k},
    {"smaug-bpe", Cl100k},
    {"chatglm-bpe", Cl100k},
    {"glm4", Cl100k},
    {"qwen2", Qwen2},
    {"deepseek-r1-qwen", Qwen2},
    {"stablelm2", Qwen2},
    {"hunyuan", Qwen2},
    {"megrez", Qwen2},
    {"deepseek-llm", DeepSeekLlm},
    {"deepseek-coder", DeepSeekCoder},
    {"deepseek-v3", DeepSeekV3},
    {"hunyuan-dense", DeepSeekV3},
    {"gpt-4o", O200k},
    {"o200k", O200k},
    {"llama4", O200k},
    {"minimax-m2", O200k},
    {"tekken", Tekken},
};

}  // namespace

std::optional<NamedSplitters> SplittersNamed(std::string_view name) {
  for (const NamedMaker& named : kNamed) {
    if (named.name == name) return named.make();
  }
  return std::nullopt;
}

std::string KnownSplitterNames() {
  std::string names;
  for (const NamedMaker& named : kNamed) names.append(names.empty() ? "" : ", ").append(named.name);
  return names;
}

}  // namespace candor
