// Characters whose upper or title case is several characters.
//
// Source: SpecialCasing.txt of the Unicode Character Database, the unconditional mappings.
#ifndef CANDOR_CHAT_JINJA_SPECIAL_CASING_H_
#define CANDOR_CHAT_JINJA_SPECIAL_CASING_H_

namespace candor::jinja {

struct SpecialCasing {
  char32_t code_point;
  char32_t upper[3];  // zeros fill the end
  char32_t title[3];
};

// The row of `code_point`, or null when both cases are single characters.
const SpecialCasing* FindSpecialCasing(char32_t code_point);

}  // namespace candor::jinja

#endif  // CANDOR_CHAT_JINJA_SPECIAL_CASING_H_
