#include "server/request_reader.h"

#include <gmock/gmock.h>

#include <functional>
#include <random>

#include "server/http_refusal.h"
#include "server/http_tables.h"

namespace candor {
namespace {

using State = RequestReader::State;

// What became of a request that was given in pieces.
struct Verdict {
  int status = 0;  // of the refusal; 0: none
  State state = State::kHead;
  std::string body;
  size_t taken = 0;

  bool operator==(const Verdict&) const = default;
};

Verdict Read(std::string_view bytes, const std::function<size_t()>& piece_size) {
  const HttpLimits limits;
  RequestReader reader(limits);
  Verdict verdict;
  try {
    while (verdict.taken < bytes.size() && reader.state() != State::kDone) {
      std::string_view piece = bytes.substr(verdict.taken, piece_size());
      while (!piece.empty() && reader.state() != State::kDone) {
        const size_t taken = reader.Read(piece);
        verdict.taken += taken;
        piece.remove_prefix(taken);
      }
    }
  } catch (const HttpRefusal& refusal) {
    verdict.status = refusal.status();
    verdict.taken = 0;  // how far it came depends on the cut
  }
  verdict.state = reader.state();
  if (verdict.state == State::kDone) verdict.body = reader.body();
  return verdict;
}

// The verdict of all three segmentations.
Verdict ReadEachWay(const std::string& bytes) {
  const Verdict whole = Read(bytes, [&] { return bytes.size(); });
  EXPECT_EQ(Read(bytes, [] { return 1; }), whole) << "byte by byte";
  std::mt19937 random(20261122);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Read(bytes, [&] { return 1 + random() % 40; }), whole) << "random cut " << i;
  }
  return whole;
}

TEST(RequestReaderTest, RefusesTheMalformedHoweverTheyAreCut) {
  const auto table = HttpTable("malformed");
  EXPECT_GE(table.size(), 60u);
  for (const auto& row : table) {
    SCOPED_TRACE(NameOf(row));
    EXPECT_EQ(ReadEachWay(RequestBytes(row)).status, 400);
  }
}

TEST(RequestReaderTest, RefusesTheExcessiveWithTheExactStatus) {
  for (const auto& row : HttpTable("refused")) {
    const int64_t status = row.at("status").as_int64();
    // The content type is a matter of the policy, the compressed body one of the head.
    if (status == 415 && row.at("name").as_string() != "compressed body") continue;
    SCOPED_TRACE(NameOf(row));
    EXPECT_EQ(ReadEachWay(RequestBytes(row)).status, status);
  }
}

TEST(RequestReaderTest, TakesTheUnusual) {
  for (const auto& row : HttpTable("unusual")) {
    SCOPED_TRACE(NameOf(row));
    const std::string bytes = RequestBytes(row);
    const Verdict verdict = ReadEachWay(bytes);
    EXPECT_EQ(verdict.status, 0);
    EXPECT_EQ(verdict.state, State::kDone);
    EXPECT_EQ(verdict.taken, bytes.size());
  }
}

TEST(RequestReaderTest, LeavesWhatFollowsTheRequest) {
  const std::string first = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  const Verdict verdict = ReadEachWay(first + "GET / HTTP/1.1\r\n");
  EXPECT_EQ(verdict.taken, first.size());
  EXPECT_EQ(verdict.body, "abc");
  const std::string chunked =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  const Verdict second = ReadEachWay(chunked + "0\r\n\r\n");
  EXPECT_EQ(second.taken, chunked.size());
  EXPECT_EQ(second.body, "abcde");
}

TEST(RequestReaderTest, StopsBetweenHeadAndBody) {
  const HttpLimits limits;
  RequestReader reader(limits);
  EXPECT_FALSE(reader.started());
  const std::string head =
      "POST /a%20b?c=d HTTP/1.1\r\nHost: Localhost:80\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n";
  EXPECT_EQ(reader.Read(head + "x"), head.size());
  EXPECT_TRUE(reader.started());
  EXPECT_EQ(reader.state(), State::kBody);
  EXPECT_EQ(reader.head().path, "/a b");
  EXPECT_EQ(reader.head().query, "c=d");
  EXPECT_EQ(reader.head().host->host, "localhost");
  EXPECT_EQ(reader.head().host->port, 80);
  EXPECT_TRUE(reader.head().expects_continue);
  EXPECT_TRUE(reader.head().keep_alive);
  EXPECT_EQ(reader.held_bytes(), 0u);
  EXPECT_EQ(reader.Read("x"), 1u);
  EXPECT_EQ(reader.state(), State::kDone);
}

TEST(RequestReaderTest, HoldsNoMoreThanHasCome) {
  HttpLimits limits;
  RequestReader reader(limits);
  reader.Read("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16000000\r\n\r\n");
  reader.Read("x");
  EXPECT_LT(reader.body().capacity(), 1000u);
}

TEST(RequestReaderTest, BodiesOfTheLimitPassAndOneByteMoreDoesNot) {
  HttpLimits limits;
  limits.body_bytes = 5;
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
  const auto status = [&](const std::string& rest) {
    RequestReader reader(limits);
    try {
      reader.Read(head + rest);
      reader.Read(rest.substr(rest.find("\r\n\r\n") + 4));
      return reader.state() == State::kDone ? 200 : 0;
    } catch (const HttpRefusal& refusal) {
      return refusal.status();
    }
  };
  EXPECT_EQ(status("Content-Length: 5\r\n\r\nabcde"), 200);
  EXPECT_EQ(status("Content-Length: 6\r\n\r\nabcdef"), 413);
  EXPECT_EQ(status("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), 200);
  EXPECT_EQ(status("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"), 413);
}

}  // namespace
}  // namespace candor
