// The fields of plain structs, so that one description serves for writing and reading them.
//
// A struct is described by its name and the names of its fields in the order in which it declares them:
//
//   template <>
//   inline constexpr auto kDescription<Point> = Describe("Point", "x", "y");
//
// A field that is not named does not compile: Tie() binds as many as are named, and they must be all.
#ifndef CANDOR_IPC_FIELD_NAMES_H_
#define CANDOR_IPC_FIELD_NAMES_H_

#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>

namespace candor {

template <size_t kCount>
struct Description {
  const char* name;
  std::array<const char*, kCount> fields;
};

template <class... Names>
consteval Description<sizeof...(Names)> Describe(const char* name, Names... fields) {
  return {name, {fields...}};
}

// What is not described.
struct NotDescribed {};
template <class T>
inline constexpr NotDescribed kDescription = {};

template <class T>
concept Described = !std::is_same_v<std::remove_cvref_t<decltype(kDescription<T>)>, NotDescribed>;

template <class T>
inline constexpr size_t kFieldCount = kDescription<T>.fields.size();

// References to the fields of `value`, in order.
template <class T>
constexpr auto Tie(T& value) {
  constexpr size_t kCount = kFieldCount<std::remove_const_t<T>>;
  static_assert(kCount <= 18, "add a case");
  if constexpr (kCount == 0) {
    static_assert(std::is_empty_v<T>, "it has fields");
    return std::tuple<>();
  } else if constexpr (kCount == 1) {
    auto& [a] = value;
    return std::tie(a);
  } else if constexpr (kCount == 2) {
    auto& [a, b] = value;
    return std::tie(a, b);
  } else if constexpr (kCount == 3) {
    auto& [a, b, c] = value;
    return std::tie(a, b, c);
  } else if constexpr (kCount == 4) {
    auto& [a, b, c, d] = value;
    return std::tie(a, b, c, d);
  } else if constexpr (kCount == 5) {
    auto& [a, b, c, d, e] = value;
    return std::tie(a, b, c, d, e);
  } else if constexpr (kCount == 6) {
    auto& [a, b, c, d, e, f] = value;
    return std::tie(a, b, c, d, e, f);
  } else if constexpr (kCount == 7) {
    auto& [a, b, c, d, e, f, g] = value;
    return std::tie(a, b, c, d, e, f, g);
  } else if constexpr (kCount == 8) {
    auto& [a, b, c, d, e, f, g, h] = value;
    return std::tie(a, b, c, d, e, f, g, h);
  } else if constexpr (kCount == 9) {
    auto& [a, b, c, d, e, f, g, h, i] = value;
    return std::tie(a, b, c, d, e, f, g, h, i);
  } else if constexpr (kCount == 10) {
    auto& [a, b, c, d, e, f, g, h, i, j] = value;
    return std::tie(a, b, c, d, e, f, g, h, i, j);
  } else if constexpr (kCount == 11) {
    auto& [a, b, c, d, e, f, g, h, i, j, k] = value;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k);
  } else if constexpr (kCount == 12) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l] = value;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l);
  } else if constexpr (kCount == 13) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m] = value;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m);
  } else if constexpr (kCount == 14) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = value;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n);
  } else if constexpr (kCount == 15) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o] = value;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o);
  } else if constexpr (kCount == 16) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = value;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
  } else if constexpr (kCount == 17) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q] = value;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q);
  } else {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r] = value;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r);
  }
}

}  // namespace candor

#endif  // CANDOR_IPC_FIELD_NAMES_H_
