// Names of models in the store. A name becomes a file name, so its characters are few and its first one is a letter or
// a digit: no name leaves the store's folder, hides or reads as a flag.
#ifndef CANDOR_STORE_MODEL_NAME_H_
#define CANDOR_STORE_MODEL_NAME_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace candor {

constexpr size_t kMaxModelNameLength = 100;

// 1 to 100 of A-Z a-z 0-9 . _ - with a letter or digit first and last, and no "..". Names that end in .gguf or in
// -00001-of-00003 are not names: files are called so.
bool IsModelName(std::string_view name);

// UsageError naming what is wrong when IsModelName is false.
void RequireModelName(std::string_view name);

// The name that a file would have in the store: "a/My Model.Q4_0.gguf" gives "My-Model.Q4_0". A part of a split model
// gives the name of the whole. Empty when nothing usable is left.
std::string ModelNameFromFile(std::string_view path);

// The candidate that `typed` was most likely meant to be: within a third of its length in edits, or else the only one
// that begins with it; empty when there is none.
std::string NearestName(std::string_view typed, const std::vector<std::string>& candidates);

}  // namespace candor

#endif  // CANDOR_STORE_MODEL_NAME_H_
