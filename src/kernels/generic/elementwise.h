// Norms, rotary embedding and elementwise functions on rows of float32.
#ifndef CANDOR_KERNELS_GENERIC_ELEMENTWISE_H_
#define CANDOR_KERNELS_GENERIC_ELEMENTWISE_H_

#include "kernels/generic/functions.h"
#include "kernels/generic/lanes16.h"

namespace candor {
namespace {

inline int LanesLeft(int n, int i) { return n - i < 16 ? n - i : 16; }

// out[i] = f(x[i], y[i]) for rows of n.
template <class V, class F>
void Map(const float* x, const float* y, int n, float* out, F f) {
  using L = Lanes16<V>;
  for (int i = 0; i < n; i += 16) {
    const int lanes = LanesLeft(n, i);
    f(L::LoadFirst(x + i, lanes), L::LoadFirst(y + i, lanes)).StoreFirst(out + i, lanes);
  }
}

template <class V>
void AddRows(float* x, const float* y, int n) {
  using L = Lanes16<V>;
  Map<V>(x, y, n, x, [](L a, L b) { return a + b; });
}

template <class V>
void AddScaled(float* x, const float* y, float factor, int n) {
  using L = Lanes16<V>;
  Map<V>(x, y, n, x, [&](L a, L b) { return L::Fma(L::Set(factor), b, a); });
}

// Root mean square norm (Zhang and Sennrich 2019). The sum of squares runs in 16 lanes (element i in lane i mod 16, in
// order), then by the fixed tree.
template <class V>
void RmsNorm(const float* x, const float* weight, int n, float epsilon, float* out) {
  using L = Lanes16<V>;
  L sum = L::Set(0.0f);
  for (int i = 0; i < n; i += 16) {
    const L v = L::LoadFirst(x + i, LanesLeft(n, i));
    sum = L::Fma(v, v, sum);
  }
  const L mean = L::Set(sum.TreeAdd()) / L::Set(static_cast<float>(n));
  const L root = L::Each([&](int i) { return V::Sqrt(V::Add(mean.part[i], V::Set(epsilon))); });
  const L inverse = L::Set(1.0f) / root;
  Map<V>(x, weight, n, out, [&](L v, L w) { return (v * inverse) * w; });
}

// Layer norm (Ba, Kiros and Hinton 2016) in two passes over the row: the mean first, then the squares of what differs
// from it, both in 16 lanes and by the fixed tree.
template <class V>
void LayerNorm(const float* x, const float* weight, const float* bias, int n, float epsilon, float* out) {
  using L = Lanes16<V>;
  const L zero = L::Set(0.0f);
  const L count = L::Set(static_cast<float>(n));
  L sum = zero;
  for (int i = 0; i < n; i += 16) sum = sum + L::LoadFirst(x + i, LanesLeft(n, i));
  const L mean = L::Set(sum.TreeAdd()) / count;
  L squares = zero;
  for (int i = 0; i < n; i += 16) {
    const int lanes = LanesLeft(n, i);
    const L d = L::SelectRange(L::LoadFirst(x + i, lanes) - mean, 0, 0, lanes, zero);
    squares = L::Fma(d, d, squares);
  }
  const L variance = L::Set(squares.TreeAdd()) / count;
  const L root = L::Each([&](int i) { return V::Sqrt(V::Add(variance.part[i], V::Set(epsilon))); });
  const L inverse = L::Set(1.0f) / root;
  Map<V>(x, weight, n, out, [&](L v, L w) { return ((v - mean) * inverse) * w; });
  if (bias) AddRows<V>(out, bias, n);
}

// Each pair (a, b) becomes (a cos - b sin, a sin + b cos): first = fma(-b, sin, a cos), second = fma(b, cos, a sin).
template <class V>
void Rope(float* head, const float* cosines, const float* sines, int dims, bool interleaved) {
  using L = Lanes16<V>;
  const int pairs = dims / 2;
  for (int i = 0; i < pairs; i += 16) {
    const int lanes = LanesLeft(pairs, i);
    alignas(64) float first[16] = {};
    alignas(64) float second[16] = {};
    for (int j = 0; interleaved && j < lanes; ++j) {
      first[j] = head[2 * (i + j)];
      second[j] = head[2 * (i + j) + 1];
    }
    const L a = interleaved ? L::Load(first) : L::LoadFirst(head + i, lanes);
    const L b = interleaved ? L::Load(second) : L::LoadFirst(head + pairs + i, lanes);
    const L c = L::LoadFirst(cosines + i, lanes);
    const L s = L::LoadFirst(sines + i, lanes);
    const L new_a = L::Fma(L::Set(0.0f) - b, s, a * c);
    const L new_b = L::Fma(b, c, a * s);
    if (!interleaved) {
      new_a.StoreFirst(head + i, lanes);
      new_b.StoreFirst(head + pairs + i, lanes);
      continue;
    }
    new_a.Store(first);
    new_b.Store(second);
    for (int j = 0; j < lanes; ++j) {
      head[2 * (i + j)] = first[j];
      head[2 * (i + j) + 1] = second[j];
    }
  }
}

// SiLU(gate) * up, SiLU(g) = g / (1 + e^-g).
template <class V>
void SiluMultiply(const float* gate, const float* up, int n, float* out) {
  using L = Lanes16<V>;
  Map<V>(gate, up, n, out, [](L g, L u) { return g / (L::Set(1.0f) + Exp<V>(L::Set(0.0f) - g)) * u; });
}

// The gated activation of gpt-oss: both sides limited, SiLU with a factor in the exponent, and up + 1. Min and Max give
// their second operand where one is not a number.
template <class V>
void ClampedSiluMultiply(const float* gate, const float* up, int n, float alpha, float limit, float* out) {
  using L = Lanes16<V>;
  Map<V>(gate, up, n, out, [&](L g, L u) {
    g = L::Min(L::Set(limit), g);
    u = L::Max(L::Set(-limit), L::Min(L::Set(limit), u));
    return g / (L::Set(1.0f) + Exp<V>(L::Set(0.0f) - L::Set(alpha) * g)) * (u + L::Set(1.0f));
  });
}

// GELU in the tanh form (Hendrycks and Gimpel 2016).
template <class V>
Lanes16<V> Gelu(Lanes16<V> x) {
  using L = Lanes16<V>;
  const L cubic = L::Fma(x * x * x, L::Set(0.044715f), x);
  return x * L::Set(0.5f) * (L::Set(1.0f) + Tanh<V>(cubic * L::Set(0x1.988454p-1f)));  // sqrt(2 / pi)
}

template <class V>
void GeluMultiply(const float* gate, const float* up, int n, float* out) {
  using L = Lanes16<V>;
  Map<V>(gate, up, n, out, [](L g, L u) { return Gelu<V>(g) * u; });
}

template <class V>
void GeluRow(const float* x, int n, float* out) {
  using L = Lanes16<V>;
  Map<V>(x, x, n, out, [](L v, L) { return Gelu<V>(v); });
}

template <class V>
void ScaleRow(float* x, float factor, int n) {
  using L = Lanes16<V>;
  Map<V>(x, x, n, x, [&](L a, L) { return a * L::Set(factor); });
}

template <class V>
Lanes16<V> Softcap(Lanes16<V> x, float cap) {
  using L = Lanes16<V>;
  return L::Set(cap) * Tanh<V>(x / L::Set(cap));
}

template <class V>
void SoftcapRow(float* x, float cap, int n) {
  using L = Lanes16<V>;
  Map<V>(x, x, n, x, [&](L a, L) { return Softcap<V>(a, cap); });
}

}  // namespace
}  // namespace candor

#endif  // CANDOR_KERNELS_GENERIC_ELEMENTWISE_H_
