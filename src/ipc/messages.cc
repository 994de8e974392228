// Goal: encoder and decoder that cannot differ. Both walk the one description of each struct (message_fields.h); what
// is written out twice here is one line for each kind of value. Rejected: a serialisation library, since the decoder is
// what stands between a hostile worker and the front, and this one is short enough to be read whole.
#include "ipc/messages.h"

#include <algorithm>
#include <type_traits>

#include "base/check.h"
#include "base/error.h"
#include "ipc/message_fields.h"
#include "ipc/wire.h"

namespace candor {
namespace {

template <class T, template <class...> class Template>
inline constexpr bool kIs = false;
template <class... Arguments, template <class...> class Template>
inline constexpr bool kIs<Template<Arguments...>, Template> = true;

template <class T>
inline constexpr bool kIsArray = false;
template <class T, size_t kSize>
inline constexpr bool kIsArray<std::array<T, kSize>> = true;

// The fewest bytes that a value of T takes.
template <class T>
struct LeastBytes;

template <class... T>
struct LeastBytes<std::tuple<T&...>> {
  static constexpr size_t value = (size_t{0} + ... + LeastBytes<T>::value);
};
template <class... T>
struct LeastBytes<std::variant<T...>> {
  static constexpr size_t value = 1 + std::min({LeastBytes<T>::value...});
};
template <class T, size_t kSize>
struct LeastBytes<std::array<T, kSize>> {
  static constexpr size_t value = kSize * LeastBytes<T>::value;
};
template <class T>
struct LeastBytes {
  static constexpr size_t value = [] {
    if constexpr (Described<T>) {
      return LeastBytes<decltype(Tie(std::declval<T&>()))>::value;
    } else if constexpr (std::is_same_v<T, std::string> || kIs<T, std::vector>) {
      return sizeof(uint32_t);
    } else if constexpr (std::is_enum_v<T> || kIs<T, std::optional>) {
      return size_t{1};
    } else {
      return sizeof(T);
    }
  }();
};

// ---------------------------------------------------------------- writing

template <class T>
void Put(WireWriter& to, const T& value) {
  if constexpr (Described<T>) {
    std::apply([&](const auto&... fields) { (Put(to, fields), ...); }, Tie(value));
  } else if constexpr (std::is_enum_v<T>) {
    static_assert(sizeof(T) == 1);
    to.Number(static_cast<uint8_t>(value));
  } else if constexpr (std::is_same_v<T, std::string>) {
    to.String(value);
  } else if constexpr (kIs<T, std::optional>) {
    to.Number(value.has_value());
    if (value) Put(to, *value);
  } else if constexpr (kIs<T, std::variant>) {
    to.Number(static_cast<uint8_t>(value.index()));
    std::visit([&](const auto& chosen) { Put(to, chosen); }, value);
  } else if constexpr (kIs<T, std::vector>) {
    to.Count(value.size());
    for (const auto& element : value) Put(to, element);
  } else if constexpr (kIsArray<T>) {
    for (const auto& element : value) Put(to, element);
  } else {
    to.Number(value);
  }
}

template <class Variant>
std::vector<std::byte> EncodeAny(const Variant& message) {
  WireWriter writer;
  Put(writer, message);
  std::vector<std::byte> bytes = writer.Take();
  CHECK(bytes.size() <= kMaxMessageBytes);
  return bytes;
}

// ---------------------------------------------------------------- reading

class MessageReader {
 public:
  explicit MessageReader(std::span<const std::byte> bytes) : from_(bytes) {}

  template <class Variant>
  Variant Message(const char* any) {
    try {
      Variant message;
      path_.push_back({any});
      Get(message);
      from_.Finish();
      return message;
    } catch (const FormatError& error) {
      throw FormatError(Place() + ": " + error.what());
    }
  }

 private:
  // A field, or an element of a list.
  struct Step {
    const char* name = nullptr;
    size_t index = 0;
  };

  // Where reading has stopped: nobody leaves the path when an exception is on its way.
  std::string Place() const {
    std::string place;
    for (const Step& step : path_) {
      if (step.name == nullptr) {
        place += "[" + std::to_string(step.index) + "]";
      } else {
        place += (place.empty() ? "" : ".") + std::string(step.name);
      }
    }
    return place;
  }

  template <class T>
  void GetAt(Step step, T& value) {
    path_.push_back(step);
    Get(value);
    path_.pop_back();
  }

  template <class T>
  void Get(T& value) {
    if constexpr (Described<T>) {
      GetFields(value, std::make_index_sequence<kFieldCount<T>>());
    } else if constexpr (std::is_enum_v<T>) {
      const auto number = from_.Number<uint8_t>();
      if (!IsValue<T>(number)) throw FormatError(std::to_string(number) + " is no value of it");
      value = static_cast<T>(number);
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = from_.String();
    } else if constexpr (kIs<T, std::optional>) {
      if (from_.Bool()) Get(value.emplace());
    } else if constexpr (kIs<T, std::variant>) {
      GetVariant(value, std::make_index_sequence<std::variant_size_v<T>>());
    } else if constexpr (kIs<T, std::vector>) {
      using Element = typename T::value_type;
      const size_t count = from_.Count(LeastBytes<Element>::value);
      value.reserve(count);
      for (size_t i = 0; i < count; ++i) GetAt({nullptr, i}, value.emplace_back());
    } else if constexpr (kIsArray<T>) {
      for (size_t i = 0; i < value.size(); ++i) GetAt({nullptr, i}, value[i]);
    } else if constexpr (std::is_same_v<T, bool>) {
      value = from_.Bool();
    } else {
      value = from_.Number<T>();
    }
  }

  template <class T, size_t... kIndex>
  void GetFields(T& value, std::index_sequence<kIndex...>) {
    [[maybe_unused]] auto fields = Tie(value);
    (GetAt({kDescription<T>.fields[kIndex]}, std::get<kIndex>(fields)), ...);
  }

  template <class T, size_t... kIndex>
  void GetVariant(T& value, std::index_sequence<kIndex...>) {
    const auto kind = from_.Number<uint8_t>();
    if (kind >= sizeof...(kIndex)) {
      throw FormatError("kind " + std::to_string(kind) + ", expected 0 to " + std::to_string(sizeof...(kIndex) - 1));
    }
    (void)((kind == kIndex && (GetAlternative(value.template emplace<kIndex>()), true)) || ...);
  }

  template <class T>
  void GetAlternative(T& value) {
    if constexpr (Described<T>) {
      GetAt({kDescription<T>.name}, value);
    } else {
      Get(value);
    }
  }

  WireReader from_;
  std::vector<Step> path_;
};

}  // namespace

std::vector<std::byte> Encode(const FrontMessage& message) { return EncodeAny(message); }
std::vector<std::byte> Encode(const WorkerMessage& message) { return EncodeAny(message); }

FrontMessage DecodeFrontMessage(std::span<const std::byte> bytes) {
  return MessageReader(bytes).Message<FrontMessage>("FrontMessage");
}

WorkerMessage DecodeWorkerMessage(std::span<const std::byte> bytes) {
  return MessageReader(bytes).Message<WorkerMessage>("WorkerMessage");
}

}  // namespace candor
