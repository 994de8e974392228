#include "store/http_client.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>

namespace candor {
namespace {

using ::testing::HasSubstr;

// Answers one request with a header and then, until the client hangs up or `seconds` have passed, with a byte every
// fifth of a second.
class SlowServer {
 public:
  explicit SlowServer(int seconds) : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    url_ = "http://127.0.0.1:" + std::to_string(::ntohs(address.sin_port)) + "/m.gguf";
    thread_ = std::thread([this, seconds] { Serve(seconds); });
  }
  ~SlowServer() {
    thread_.join();
    ::close(listener_);
  }
  SlowServer(const SlowServer&) = delete;
  SlowServer& operator=(const SlowServer&) = delete;

  const std::string& url() const { return url_; }

 private:
  void Serve(int seconds) const {
    const int connection = ::accept(listener_, nullptr, nullptr);
    char request[4096];
    EXPECT_GT(::recv(connection, request, sizeof request, 0), 0);
    const std::string header = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
    ::send(connection, header.data(), header.size(), MSG_NOSIGNAL);
    for (int i = 0; i < 5 * seconds && ::send(connection, "x", 1, MSG_NOSIGNAL) == 1; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    ::close(connection);
  }

  int listener_;
  std::string url_;
  std::thread thread_;
};

TEST(HttpClientTest, GivesUpOnAConnectionThatIsTooSlow) {
  const SlowServer server(10);
  HttpClient client({.slow_seconds = 1});
  DownloadRequest request;
  request.url = ParseHttpUrl(server.url(), false);
  try {
    client.Fetch(request, {}, [] { return true; });
    ADD_FAILURE();
  } catch (const TransientError& error) {
    EXPECT_THAT(error.what(), HasSubstr("too slow"));
  }
}

TEST(HttpClientTest, ByDefaultNoConnectionMayBeSlowForLongerThanAMinute) {
  EXPECT_GE(DownloadLimits().slow_bytes_per_second, 1);
  EXPECT_GE(DownloadLimits().slow_seconds, 1);
  EXPECT_LE(DownloadLimits().slow_seconds, 60);
  EXPECT_LE(DownloadLimits().connect_seconds, 60);
}

}  // namespace
}  // namespace candor
