// The two kinds of answers (chat, completion) behind one interface: events in, payloads of a stream or a whole out.
#ifndef CANDOR_SERVER_ANSWER_WRITER_H_
#define CANDOR_SERVER_ANSWER_WRITER_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/chat_response.h"
#include "api/completion_response.h"
#include "api/errors.h"
#include "ipc/messages.h"

namespace candor {

// As ChatResponse and CompletionResponse, whose comments count.
class AnswerWriter {
 public:
  virtual ~AnswerWriter() = default;
  virtual std::vector<std::string> Add(size_t prompt, const JobEvent& event) = 0;
  virtual std::vector<std::string> Fail(const ApiError& error) = 0;
  virtual bool begun() const = 0;
  virtual bool done() const = 0;
  virtual const std::optional<ApiError>& error() const = 0;
  virtual std::string Whole() const = 0;
};

template <class Response>
class AnswerWriterOf : public AnswerWriter {
 public:
  explicit AnswerWriterOf(Response response) : response_(std::move(response)) {}

  std::vector<std::string> Add(size_t prompt, const JobEvent& event) override {
    if constexpr (requires { response_.Add(prompt, event); }) {
      return response_.Add(prompt, event);
    } else {
      return response_.Add(event);
    }
  }
  std::vector<std::string> Fail(const ApiError& error) override { return response_.Fail(error); }
  bool begun() const override { return response_.begun(); }
  bool done() const override { return response_.done(); }
  const std::optional<ApiError>& error() const override { return response_.error(); }
  std::string Whole() const override { return response_.Whole(); }

 private:
  Response response_;
};

}  // namespace candor

#endif  // CANDOR_SERVER_ANSWER_WRITER_H_
