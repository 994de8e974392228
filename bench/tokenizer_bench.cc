// Speed of a tokenizer on the texts that are hardest for it: one character or pair repeated, a single piece for most
// pre-tokenizers. Prints MB for each second of processor time, and what loading costs.
//
//   tokenizer_bench MODEL.gguf|tokenizer.json [MEGABYTES [REPETITIONS]]
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "format/gguf.h"
#include "tokenizer/tokenizer.h"

namespace candor {
namespace {

struct TextClass {
  const char* name;
  std::string_view unit;
};

constexpr TextClass kClasses[] = {
    {"lower-case letters", "a"},
    {"upper-case letters", "A"},
    {"alternating case", "aA"},
    {"digits", "7"},
    {"spaces", " "},
    {"newlines", "\n"},
    {"CR LF", "\r\n"},
    {"spaces and newlines", " \n"},
    {"tabs", "\t"},
    {"punctuation", "."},
    {"symbols", "$"},
    {"apostrophes", "'"},
    {"angle brackets", "<"},
    {"accented letters", "é"},
    {"Cyrillic", "ж"},
    {"Arabic", "ع"},
    {"Devanagari", "नि"},
    {"Thai", "ก"},
    {"Han", "中"},
    {"Hiragana", "あ"},
    {"Hangul", "한"},
    {"combining marks", "\u0301"},
    {"emoji", "😀"},
    {"joined emoji", "👩\u200D"},
    {"no-break spaces", "\u00A0"},
    {"invalid bytes", std::string_view("\xFF", 1)},
    {"control characters", std::string_view("\0", 1)},
    {"words", "The quick brown fox jumps over the lazy dog. "},
};

// Of the processor, not of the clock on the wall: the machine may be busy with other things.
double Seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

std::unique_ptr<Tokenizer> Load(const std::string& path) {
  if (path.ends_with(".json")) return TokenizerFromJson(ReadWholeFile(path, 128 << 20), "", path);
  std::vector<File> files;
  for (const auto& part : GgufParts(path)) files.push_back(File::Open(part));
  const Checkpoint checkpoint = OpenGguf(std::move(files));
  const double start = Seconds();
  std::unique_ptr<Tokenizer> tokenizer = TokenizerFromGguf(checkpoint.metadata);
  std::printf("%-22s %8.1f ms\n", "from metadata", (Seconds() - start) * 1e3);
  return tokenizer;
}

void Run(const std::string& path, size_t bytes, int repetitions) {
  const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
  const double start = Seconds();
  const std::unique_ptr<Tokenizer> tokenizer = Load(path);
  std::printf("%-22s %8.1f ms\n", "load", (Seconds() - start) * 1e3);
  const size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
  std::printf("%-22s %8.1f MB for %zu tokens\n", "memory", static_cast<double>(after - before) / 1e6,
              tokenizer->vocabulary_size());
  double slowest = 1e30;
  for (const TextClass& each : kClasses) {
    std::string text;
    while (text.size() < bytes) text += each.unit;
    double best = 1e30;
    size_t tokens = 0;
    for (int i = 0; i < repetitions; ++i) {
      const double begin = Seconds();
      tokens = tokenizer->Encode(text, true).size();
      best = std::min(best, Seconds() - begin);
    }
    const double speed = static_cast<double>(text.size()) / 1e6 / best;
    slowest = std::min(slowest, speed);
    std::printf("%-22s %8.1f MB/s %10zu tokens\n", each.name, speed, tokens);
  }
  std::printf("%-22s %8.1f MB/s\n", "slowest", slowest);
}

}  // namespace
}  // namespace candor

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    std::fprintf(stderr, "usage: tokenizer_bench MODEL.gguf|tokenizer.json [MEGABYTES [REPETITIONS]]\n");
    return 2;
  }
  try {
    const size_t megabytes = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 10;
    candor::Run(argv[1], megabytes * 1'000'000, argc > 3 ? std::atoi(argv[3]) : 1);
    return 0;
  } catch (const candor::Error& error) {
    std::fprintf(stderr, "tokenizer_bench: %s\n", error.what());
    return 1;
  }
}
