// The input is a template, a zero byte, and JSON with its variables (none: a conversation). Nothing but candor::Error
// may leave the interpreter, what it gives is UTF-8 within the limits, and rendering again gives the same.
#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"
#include "chat/jinja/json.h"
#include "chat/template.h"

namespace candor {
namespace {

constexpr std::string_view kConversation = R"({"bos_token": "<s>", "add_generation_prompt": true, "tools": [{"function":
  {"name": "f", "parameters": {"properties": {"x": {"type": ["string", "null"]}}}}}], "messages": [
  {"role": "system", "content": "é <think>a</think> b"}, {"role": "user", "content": [{"type": "text", "text": "1"}]},
  {"role": "assistant", "content": null, "tool_calls": [{"function": {"arguments": {"x": [1, 2.5, null, true]}}}]}]})";

TemplateLimits FuzzLimits() {
  TemplateLimits limits;
  limits.steps = 20'000;
  limits.output_bytes = 1u << 16;
  limits.built_bytes = 4u << 20;
  limits.time = std::chrono::milliseconds(5000);  // instrumented code is slow; the other limits come first
  return limits;
}

void Fuzz(std::string_view text, std::string_view json) {
  constexpr int64_t kNow = 1'795'339'800;
  const TemplateLimits limits = FuzzLimits();
  const jinja::Value variables = jinja::ParseJson(json, "fuzz.json");
  if (!variables.is(jinja::Kind::kDict)) return;
  const ChatTemplate parsed = ChatTemplate::Parse(text, "fuzz.jinja", limits);
  const std::string first = parsed.Render(variables, kNow);
  CHECK(first.size() <= limits.output_bytes);
  CHECK(IsValidUtf8(first));
  CHECK(parsed.Render(variables, kNow) == first);
}

}  // namespace
}  // namespace candor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t zero = input.find('\0');
  try {
    zero == std::string_view::npos ? candor::Fuzz(input, candor::kConversation)
                                   : candor::Fuzz(input.substr(0, zero), input.substr(zero + 1));
  } catch (const candor::Error&) {
  }
  return 0;
}
