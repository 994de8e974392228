// The response to one request as bytes: whole, or in pieces.
#ifndef CANDOR_SERVER_RESPONSE_WRITER_H_
#define CANDOR_SERVER_RESPONSE_WRITER_H_

#include <string>
#include <string_view>

#include "server/exchange.h"
#include "server/header_check.h"

namespace candor {

class ResponseWriter {
 public:
  // `more_fields` go with every response, whatever it is.
  ResponseWriter(const RequestHead& head, std::string request_id, HttpFields more_fields);

  // Each appends to `out`. Either Whole() once, or Begin(), Send() as often as wanted, End(). The body of a response to
  // HEAD, and of a status without one, is left out.
  void Whole(const HttpResponse& response, std::string_view date, std::string& out);
  void Begin(const HttpResponse& head, std::string_view date, std::string& out);
  void Send(std::string_view bytes, std::string& out);
  void End(std::string& out);

  int status() const { return status_; }  // 0 before it has begun
  bool begun() const { return status_ != 0; }
  bool done() const { return done_; }

  // Whether another request may follow on the connection. Settled by Begin() and Whole().
  bool keep_alive() const { return keep_alive_; }
  void CloseAfterwards() { keep_alive_ = false; }

 private:
  bool is_head_;
  int minor_version_;
  bool keep_alive_;
  std::string request_id_;
  HttpFields more_fields_;
  int status_ = 0;
  bool chunked_ = false;
  bool without_body_ = false;
  bool done_ = false;
};

}  // namespace candor

#endif  // CANDOR_SERVER_RESPONSE_WRITER_H_
