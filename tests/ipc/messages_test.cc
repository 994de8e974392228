#include "ipc/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "base/error.h"
#include "ipc/message_cases.h"
#include "ipc/message_fields.h"

namespace candor {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

FrontMessage Decoded(const FrontMessage&, std::span<const std::byte> bytes) { return DecodeFrontMessage(bytes); }
WorkerMessage Decoded(const WorkerMessage&, std::span<const std::byte> bytes) { return DecodeWorkerMessage(bytes); }

// Calls `use` with every message of the cases.
template <class Use>
void ForEachCase(Use use) {
  for (const FrontMessage& message : FrontMessageCases()) use(message);
  for (const WorkerMessage& message : WorkerMessageCases()) use(message);
}

template <class T>
bool Equal(const T& a, const T& b);

template <class T>
bool EqualElements(const T& a, const T& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) { return Equal(x, y); });
}
template <class T>
bool EqualValues(const std::vector<T>& a, const std::vector<T>& b) {
  return EqualElements(a, b);
}
template <class T, size_t kSize>
bool EqualValues(const std::array<T, kSize>& a, const std::array<T, kSize>& b) {
  return EqualElements(a, b);
}
template <class T>
bool EqualValues(const std::optional<T>& a, const std::optional<T>& b) {
  return a.has_value() == b.has_value() && (!a || Equal(*a, *b));
}
template <class... T>
bool EqualValues(const std::variant<T...>& a, const std::variant<T...>& b) {
  return a.index() == b.index() &&
         std::visit([&](const auto& x) { return Equal(x, std::get<std::decay_t<decltype(x)>>(b)); }, a);
}
template <class T>
bool EqualValues(const T& a, const T& b) {
  return a == b;
}

// Field by field.
template <class T>
bool Equal(const T& a, const T& b) {
  if constexpr (Described<T>) {
    return std::apply(
        [&](const auto&... left) {
          return std::apply([&](const auto&... right) { return (Equal(left, right) && ...); }, Tie(b));
        },
        Tie(a));
  } else {
    return EqualValues(a, b);
  }
}

TEST(MessagesTest, EveryMessageComesBackAsItWas) {
  ForEachCase([](const auto& message) {
    const std::vector<std::byte> bytes = Encode(message);
    const auto back = Decoded(message, bytes);
    EXPECT_TRUE(Equal(back, message)) << message.index();
    EXPECT_EQ(Encode(back), bytes) << message.index();
  });
}

// The cases above prove something only if they hold every kind and no field's default.
TEST(MessagesTest, TheCasesHoldEveryKindOfMessageAndEvent) {
  std::set<size_t> front, worker, events, inputs;
  for (const FrontMessage& message : FrontMessageCases()) {
    front.insert(message.index());
    if (const auto* generate = std::get_if<GenerateMessage>(&message)) inputs.insert(generate->input.index());
  }
  for (const WorkerMessage& message : WorkerMessageCases()) {
    worker.insert(message.index());
    if (const auto* step = std::get_if<StepMessage>(&message)) {
      for (const JobEvent& event : step->events) events.insert(event.what.index());
    }
  }
  EXPECT_EQ(front.size(), std::variant_size_v<FrontMessage>);
  EXPECT_EQ(worker.size(), std::variant_size_v<WorkerMessage>);
  EXPECT_EQ(inputs.size(), std::variant_size_v<JobInput>);
  EXPECT_EQ(events.size(), std::variant_size_v<decltype(JobEvent::what)>);
}

template <class T>
void ExpectNoDefaults(const T& message) {
  const T untouched{};
  const auto given = Tie(message);
  const auto defaults = Tie(untouched);
  size_t index = 0;
  const auto check = [&](bool equal) {
    EXPECT_FALSE(equal) << kDescription<T>.name << "." << kDescription<T>.fields[index];
    ++index;
  };
  std::apply(
      [&](const auto&... left) {
        std::apply([&](const auto&... right) { (check(Equal(left, right)), ...); }, defaults);
      },
      given);
}

TEST(MessagesTest, TheCasesSetEveryField) {
  ForEachCase([](const auto& message) { std::visit([](const auto& chosen) { ExpectNoDefaults(chosen); }, message); });
  for (const WorkerMessage& message : WorkerMessageCases()) {
    if (const auto* loaded = std::get_if<ModelLoaded>(&message)) {
      ExpectNoDefaults(loaded->facts);
      ExpectNoDefaults(loaded->facts.sampling);
    }
    const auto* step = std::get_if<StepMessage>(&message);
    if (step == nullptr) continue;
    ExpectNoDefaults(step->engines[0]);
    for (const JobEvent& event : step->events) {
      std::visit([](const auto& chosen) { ExpectNoDefaults(chosen); }, event.what);
      if (const auto* finished = std::get_if<JobFinished>(&event.what)) {
        ExpectNoDefaults(finished->usage);
        ExpectNoDefaults(*finished->divergence);
      }
      if (const auto* output = std::get_if<JobOutput>(&event.what)) {
        ExpectNoDefaults(output->tokens[0]);
        ExpectNoDefaults(output->tokens[0].top[0]);
        ExpectNoDefaults(output->texts[0]);
      }
    }
  }
  const Conversation conversation = std::get<Conversation>(std::get<GenerateMessage>(FrontMessageCases()[2]).input);
  ExpectNoDefaults(conversation);
  ExpectNoDefaults(conversation.think);
}

// The layout written out by hand, so that a change of both directions at once is seen.
TEST(MessagesTest, BytesAreAsDescribed) {
  const auto bytes = Encode(FrontMessage(TokenizeMessage{0x0807060504030201, 9, "ab", true, false}));
  const std::string_view expected("\6\1\2\3\4\5\6\7\x8\x9\0\0\0\2\0\0\0ab\1\0", 21);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), expected);
}

TEST(MessagesTest, EveryCutIsAnError) {
  ForEachCase([](const auto& message) {
    const std::vector<std::byte> bytes = Encode(message);
    for (size_t length = 0; length < bytes.size(); ++length) {
      EXPECT_THROW(Decoded(message, std::span(bytes).first(length)), FormatError) << message.index() << " " << length;
    }
  });
}

TEST(MessagesTest, BytesLeftOverAreAnError) {
  ForEachCase([](const auto& message) {
    std::vector<std::byte> bytes = Encode(message);
    bytes.push_back({});
    EXPECT_THAT([&] { Decoded(message, bytes); }, ThrowsMessage<FormatError>(HasSubstr("1 bytes are left over")));
  });
}

std::vector<std::byte> Bytes(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

TEST(MessagesTest, UnknownKindsAreErrors) {
  EXPECT_THAT([] { DecodeFrontMessage(Bytes("\x0a")); },
              ThrowsMessage<FormatError>(HasSubstr("FrontMessage: kind 10, expected 0 to 9")));
  EXPECT_THAT([] { DecodeWorkerMessage(Bytes("\xff")); },
              ThrowsMessage<FormatError>(HasSubstr("WorkerMessage: kind 255, expected 0 to 5")));
  // An event of a step: job, choice, kind.
  std::string event("\4\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09", 18);
  event.append(8, '\0');
  EXPECT_THAT([&] { DecodeWorkerMessage(Bytes(event)); },
              ThrowsMessage<FormatError>(HasSubstr("StepMessage.events[0].what: kind 9, expected 0 to 8")));
}

TEST(MessagesTest, ValuesOutsideTheirRangeNameTheField) {
  std::vector<std::byte> bytes = Encode(WorkerMessage(ModelRefused{1, Refusal::kInternal, "", 0}));
  bytes[5] = std::byte{8};
  EXPECT_THAT([&] { DecodeWorkerMessage(bytes); },
              ThrowsMessage<FormatError>(HasSubstr("WorkerMessage.ModelRefused.why: 8 is no value of it")));
  bytes = Encode(FrontMessage(TokenizeMessage{}));
  bytes.back() = std::byte{2};
  EXPECT_THAT([&] { DecodeFrontMessage(bytes); },
              ThrowsMessage<FormatError>(HasSubstr("TokenizeMessage.parse_special: is 2, expected 0 or 1")));
}

TEST(MessagesTest, TensorTypesAreThoseThatThereAre) {
  LoadModelMessage load;
  load.quantize = TensorType::kF8_E4M3;
  std::vector<std::byte> bytes = Encode(FrontMessage(load));
  load.quantize = TensorType::kF32;
  const auto place = std::ranges::mismatch(bytes, Encode(FrontMessage(load))).in1;
  ASSERT_NE(place, bytes.end());
  ASSERT_EQ(*place, std::byte{200});
  for (int number = 0; number < 256; ++number) {
    *place = static_cast<std::byte>(number);
    const bool known = TensorTypeFromGgufId(static_cast<uint32_t>(number)) || (number >= 200 && number <= 206);
    if (known) {
      EXPECT_NO_THROW(DecodeFrontMessage(bytes)) << number;
    } else {
      EXPECT_THROW(DecodeFrontMessage(bytes), FormatError) << number;
    }
  }
}

// Each takes gigabytes if a count is believed.
TEST(MessagesTest, HugeCountsOfTinyBodiesAreRefusedBeforeAnythingIsAllocated) {
  const auto refused = [](auto decode, std::string bytes, const char* field) {
    for (const size_t room : {0u, 15u}) {
      EXPECT_THAT([&] { decode(Bytes(bytes + std::string(room, '\0'))); },
                  ThrowsMessage<FormatError>(::testing::AllOf(HasSubstr(field), HasSubstr("counts 4294967295"))));
    }
  };
  const std::string huge(4, '\xff');
  refused(DecodeWorkerMessage, "\4" + huge, "StepMessage.events");
  refused(DecodeWorkerMessage, "\4" + std::string(4, '\0') + huge, "StepMessage.engines");
  refused(DecodeWorkerMessage, "\3" + std::string(4, '\0') + "\1" + huge, "ModelRefused.message");
  refused(DecodeFrontMessage, "\7" + std::string(12, '\0') + huge, "DetokenizeMessage.tokens");
  refused(DecodeFrontMessage, std::string("\0", 1) + std::string(9, '\0') + huge, "LoadModelMessage.file_names");
}

}  // namespace
}  // namespace candor
