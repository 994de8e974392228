// Everything that a program needs which answers with a model: LanguageModel, Engine, Request, Generation.
// See examples/answer.cc.
#ifndef CANDOR_ENGINE_CANDOR_H_
#define CANDOR_ENGINE_CANDOR_H_

#include "base/error.h"
#include "engine/engine.h"
#include "engine/evaluate.h"
#include "engine/generation.h"
#include "engine/language_model.h"
#include "engine/request.h"

#endif  // CANDOR_ENGINE_CANDOR_H_
