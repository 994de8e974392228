#include "cli/terminal/line_editor.h"

namespace candor {
namespace {

constexpr std::string_view kBlockMark = "\"\"\"";

}  // namespace

Input ReadMessage(const std::function<Input(const std::string& prompt)>& read, const std::string& prompt,
                  const std::string& continuation) {
  Input input = read(prompt);
  if (input.end != InputEnd::kEntered) return input;
  if (input.text.starts_with(kBlockMark)) {
    std::string block = input.text.substr(kBlockMark.size());
    size_t end = block.find(kBlockMark);
    while (end == std::string::npos) {
      input = read(continuation);
      if (input.end != InputEnd::kEntered) return input;
      const size_t searched = block.size();
      block += "\n" + input.text;
      end = block.find(kBlockMark, searched);
    }
    block.resize(end);
    if (block.starts_with('\n')) block.erase(0, 1);
    if (block.ends_with('\n')) block.pop_back();
    return {InputEnd::kEntered, block};
  }
  std::string text;
  while (input.text.ends_with('\\')) {
    input.text.back() = '\n';
    text += input.text;
    input = read(continuation);
    if (input.end != InputEnd::kEntered) return input;
  }
  return {InputEnd::kEntered, text + input.text};
}

}  // namespace candor
