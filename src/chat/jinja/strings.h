// What string methods and filters share: stripping, splitting, replacing, padding. All linear in the text.
#ifndef CANDOR_CHAT_JINJA_STRINGS_H_
#define CANDOR_CHAT_JINJA_STRINGS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "chat/jinja/runtime.h"

namespace candor::jinja {

// The byte where code point `index` begins; the end of the text for its length.
size_t ByteOffset(const Text& text, size_t index);

std::string_view StripSpace(std::string_view text, bool left, bool right);
// Strips the code points that occur in `characters`.
std::string_view StripCharacters(Runtime& runtime, std::string_view text, std::string_view characters, bool left,
                                 bool right);
// str.replace: at most `limit` times, without limit when it is negative. An empty `old` goes between all characters.
Value ReplaceText(Runtime& runtime, const Value& text, std::string_view old, std::string_view by, int64_t limit);
// str.split with and without a separator: at most `limit` cuts, without limit when it is negative. The parts are safe
// where the text is.
Value SplitText(Runtime& runtime, const Value& text, std::string_view separator, int64_t limit, bool from_right);
Value SplitSpace(Runtime& runtime, const Value& text, int64_t limit, bool from_right);
// str.splitlines: the pieces of `text`, with or without their line breaks.
std::vector<std::string_view> Lines(std::string_view text, bool keep_ends);
// Fills `text` up to `width` characters on the left, the right or both sides.
Value PadText(Runtime& runtime, const Value& text, int64_t width, std::string_view fill, bool left, bool right);

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_STRINGS_H_
