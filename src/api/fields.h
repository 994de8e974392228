// What every request and response of the API may hold: one table each.
//
// A field of OpenAI's API, or of a server that speaks it, is one of three: honoured; a hint that changes no answer,
// accepted and named in a response field; or refused, because leaving it out of account would answer another question
// than was asked. A field that no table has is refused too: OpenAI's own API refuses it, so clients of that are used to
// it, and a misspelt "temprature" that is silently dropped is the worst of the three. Inside messages, and inside their
// parts, unknown members pass: clients send back what they have stored with an answer, and it asks for nothing.
#ifndef CANDOR_API_FIELDS_H_
#define CANDOR_API_FIELDS_H_

#include <span>

#include "api/schema.h"

namespace candor {

extern const Shape kChatRequest;
extern const Shape kCompletionRequest;
extern const Shape kEmbeddingRequest;
extern const Shape kTokenizeRequest;
extern const Shape kDetokenizeRequest;
extern const Shape kRenderRequest;
extern const Shape kCloseThoughtRequest;

extern const Shape kChatCompletion;
extern const Shape kChatChunk;
extern const Shape kTextCompletion;  // a chunk of one has the same shape
extern const Shape kEmbeddingList;
extern const Shape kModelEntry;
extern const Shape kModelList;
extern const Shape kTokenList;
extern const Shape kDetokenizedText;
extern const Shape kRenderedPrompt;
extern const Shape kClosedThought;
extern const Shape kErrorBody;
extern const Shape kServerState;

// Efforts of reasoning, weakest first (think_fields.h gives them their meaning).
inline constexpr const char* kEffortWords[] = {"none", "minimal", "low", "medium", "high", "xhigh", "max"};

}  // namespace candor

#endif  // CANDOR_API_FIELDS_H_
