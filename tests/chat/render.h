// What the tests of templates share.
#ifndef CANDOR_TESTS_CHAT_RENDER_H_
#define CANDOR_TESTS_CHAT_RENDER_H_

#include <string>
#include <string_view>

#include "base/file.h"
#include "chat/jinja/json.h"
#include "chat/template.h"

namespace candor {

inline constexpr int64_t kNow = 1795339800;  // 2026-11-22T09:30:00, which the expected outputs were made with

inline std::string Render(std::string_view text, const jinja::Value& input, const TemplateLimits& limits = {}) {
  return ChatTemplate::Parse(text, "test", limits).Render(input, kNow);
}
inline std::string Render(std::string_view text, std::string_view json = "{}", const TemplateLimits& limits = {}) {
  return Render(text, jinja::ParseJson(json, "input"), limits);
}

inline jinja::Value ReadJson(const std::string& path) { return jinja::ParseJson(ReadWholeFile(path, 16u << 20), path); }
// An entry of a dict, or null.
inline const jinja::Value* Entry(const jinja::Value& dict, std::string_view key) {
  return dict.dict().Find(key, nullptr);
}

}  // namespace candor

#endif  // CANDOR_TESTS_CHAT_RENDER_H_
