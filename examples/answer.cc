// Answers one question with a model: answer MODEL.gguf "QUESTION". The most likely token each time.
#include <cstdio>

#include "engine/candor.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    const candor::LanguageModel model = candor::LanguageModel::Open(argv[1]);
    candor::Engine engine(model.model(), model.tokenizer(), model.kernels(), model.pool(), {});

    candor::Request request;
    request.prompt = model.Prompt(argv[2]);
    request.sampling.temperature = 0;
    request.max_tokens = 24;
    request.end_tokens = model.tokenizer().end_tokens();
    engine.Submit(request);

    candor::Generation generation(model.tokenizer(), request, {});
    while (!engine.idle()) {
      for (const candor::Event& event : engine.Step()) {
        for (const candor::TextEvent& text : generation.Add(event)) {
          if (const auto* answer = std::get_if<candor::AnswerText>(&text)) std::printf("%s", answer->text.c_str());
        }
      }
    }
    std::printf("\n");
  } catch (const candor::Error& error) {
    std::fprintf(stderr, "answer: %s\n", error.what());
    return 1;
  }
}
