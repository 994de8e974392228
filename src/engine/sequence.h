// One request under way: everything that changes while it is answered.
#ifndef CANDOR_ENGINE_SEQUENCE_H_
#define CANDOR_ENGINE_SEQUENCE_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "chat/answer_splitter.h"
#include "engine/kv_cache.h"
#include "engine/request.h"

namespace candor {

struct Sequence {
  Sequence(RequestId request_id, Request&& its_request, KvCache& cache)
      : id(request_id),
        request(std::move(its_request)),
        tokens(request.prompt),
        kv(cache),
        splitter(MakeAnswerSplitter(request.thinking)) {}

  // Tokens that are known and not yet in the cache; 1 while decoding. At least 1 until the request has ended.
  uint32_t pending() const { return static_cast<uint32_t>(tokens.size()) - computed; }
  // Whether it may begin behind a remembered prefix: an embedding needs the hidden states of all positions.
  bool UsesPrefixes() const { return !request.embed; }
  uint32_t generated() const { return static_cast<uint32_t>(tokens.size() - request.prompt.size()); }

  const RequestId id;
  const Request request;
  std::vector<TokenId> tokens;  // the prompt, then the answer so far
  uint32_t computed = 0;        // tokens [0, computed) are in `kv`
  KvSequence kv;
  const std::unique_ptr<AnswerSplitter> splitter;

  // Tokens of the answer that were known before the model ran: reported once the prompt is computed.
  std::vector<TokenOutput> forced_at_start;
  bool answering = false;          // that has happened
  bool started = false;            // it was running at least once
  std::vector<double> hidden_sum;  // of an embedding, over the computed positions
  uint32_t progress_reported = 0;
  Usage usage;
  std::chrono::steady_clock::time_point submitted, first_token;
};

}  // namespace candor

#endif  // CANDOR_ENGINE_SEQUENCE_H_
