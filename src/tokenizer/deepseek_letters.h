// The letters that DeepSeek LLM's pre-tokenizer lists one range after another: cased ones, of no one Unicode version.
#ifndef CANDOR_TOKENIZER_DEEPSEEK_LETTERS_H_
#define CANDOR_TOKENIZER_DEEPSEEK_LETTERS_H_

#include <string>

namespace candor {

bool IsDeepSeekLetter(char32_t code);

// The pattern as its tokenizer.json has it: \s?[A-Za-zµÀ-Ö...]+
std::string DeepSeekLettersPattern();

}  // namespace candor

#endif  // CANDOR_TOKENIZER_DEEPSEEK_LETTERS_H_
