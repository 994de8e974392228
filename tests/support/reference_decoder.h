// A transformer written a second time, plainly and in double precision, from the meaning of each field of ModelConfig.
// Slow; for models of a few thousand weights.
#ifndef CANDOR_TESTS_SUPPORT_REFERENCE_DECODER_H_
#define CANDOR_TESTS_SUPPORT_REFERENCE_DECODER_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "model/model.h"

namespace candor {

class ReferenceDecoder {
 public:
  explicit ReferenceDecoder(const Model& model) : config_(model.config), w_(model.weights) {}

  // Logits [tokens.size()][vocabulary] of one sequence.
  std::vector<double> Run(const std::vector<int32_t>& tokens) const {
    std::vector<Row> x;
    for (const int32_t token : tokens) {
      x.push_back(WeightRow(w_.token_embedding, static_cast<uint32_t>(token)));
      for (double& value : x.back()) value *= config_.embedding_scale;
    }
    for (size_t i = 0; i < config_.layers.size(); ++i) {
      const LayerWeights& w = w_.layers[i];
      const std::vector<Row> attended = Attention(x, config_.layers[i], w);
      for (size_t t = 0; t < x.size(); ++t)
        Add(x[t], Product(w.attention_output, w.attention_output_bias, attended[t]), w.post_attention_norm);
      for (Row& row : x) Add(row, FeedForward(row, config_.layers[i], w), w.post_ffn_norm);
    }
    std::vector<double> logits;
    for (const Row& row : x) {
      for (const double logit : Product(w_.head(), w_.output_bias, Norm(row, w_.output_norm))) {
        logits.push_back(Cap(logit, config_.logit_softcap));
      }
    }
    return logits;
  }

 private:
  using Row = std::vector<double>;

  static Row WeightRow(const PackedMatrix& matrix, uint32_t row) {
    std::vector<float> values(matrix.cols());
    matrix.UnpackRow(row, values);
    return Row(values.begin(), values.end());
  }

  static Row Product(const PackedMatrix& matrix, const std::vector<float>& bias, const Row& x) {
    Row out(matrix.rows());
    for (uint32_t row = 0; row < matrix.rows(); ++row) {
      const Row weights = WeightRow(matrix, row);
      for (size_t k = 0; k < x.size(); ++k) out[row] += weights[k] * x[k];
      if (!bias.empty()) out[row] += bias[row];
    }
    return out;
  }

  Row Norm(const Row& x, const std::vector<float>& weight) const {
    double squares = 0;
    for (const double value : x) squares += value * value;
    const double root = std::sqrt(squares / static_cast<double>(x.size()) + config_.norm_epsilon);
    Row out(x.size());
    for (size_t i = 0; i < x.size(); ++i) out[i] = x[i] / root * weight[i];
    return out;
  }

  void Add(Row& x, const Row& block, const std::vector<float>& post_norm) const {
    const Row added = post_norm.empty() ? block : Norm(block, post_norm);
    for (size_t i = 0; i < x.size(); ++i) x[i] += added[i];
  }

  static double Cap(double value, double cap) { return cap == 0 ? value : cap * std::tanh(value / cap); }

  Row Head(const Row& rows, size_t head, size_t dim, const std::vector<float>& norm) const {
    const Row part(rows.begin() + static_cast<ptrdiff_t>(head * dim),
                   rows.begin() + static_cast<ptrdiff_t>((head + 1) * dim));
    return norm.empty() ? part : Norm(part, norm);
  }

  Row Rotate(Row head, int32_t index, size_t position) const {
    if (index < 0) return head;
    const RopeConfig& rope = config_.ropes[static_cast<size_t>(index)];
    const size_t pairs = rope.dims / 2;
    for (size_t i = 0; i < pairs; ++i) {
      double frequency = std::pow(rope.base, -2.0 * static_cast<double>(i) / rope.dims);
      if (!rope.frequency_factors.empty()) frequency /= rope.frequency_factors[i];
      const double angle = static_cast<double>(position) * frequency;
      double& a = head[rope.interleaved ? 2 * i : i];
      double& b = head[rope.interleaved ? 2 * i + 1 : i + pairs];
      const double cosine = std::cos(angle) * rope.magnitude, sine = std::sin(angle) * rope.magnitude;
      const double rotated = a * cosine - b * sine;
      b = a * sine + b * cosine;
      a = rotated;
    }
    return head;
  }

  std::vector<Row> Attention(const std::vector<Row>& x, const LayerConfig& c, const LayerWeights& w) const {
    std::vector<Row> queries, values, out;
    std::vector<std::vector<Row>> keys;  // [position][key-value head]
    for (size_t t = 0; t < x.size(); ++t) {
      const Row normed = Norm(x[t], w.attention_norm);
      queries.push_back(Product(w.query, w.query_bias, normed));
      values.push_back(Product(w.value, w.value_bias, normed));
      const Row key = Product(w.key, w.key_bias, normed);
      keys.emplace_back();
      for (size_t h = 0; h < c.kv_heads; ++h) {
        keys.back().push_back(Rotate(Head(key, h, c.head_dim, w.key_norm), c.rope, t));
      }
    }
    for (size_t t = 0; t < x.size(); ++t) {
      Row all;
      for (size_t h = 0; h < c.heads; ++h) {
        const size_t kv_head = h / (c.heads / c.kv_heads);
        const Row query = Rotate(Head(queries[t], h, c.head_dim, w.query_norm), c.rope, t);
        const size_t first = c.window == 0 || t < c.window ? 0 : t - c.window + 1;
        Row scores;
        for (size_t s = first; s <= t; ++s) {
          double dot = 0;
          for (size_t d = 0; d < query.size(); ++d) dot += query[d] * keys[s][kv_head][d];
          scores.push_back(Cap(dot * c.attention_scale, c.attention_softcap));
        }
        const double max = *std::max_element(scores.begin(), scores.end());
        double sum = 0;
        for (double& score : scores) sum += score = std::exp(score - max);
        Row seen(c.value_dim);
        for (size_t s = first; s <= t; ++s) {
          for (size_t d = 0; d < seen.size(); ++d) {
            seen[d] += scores[s - first] / sum * values[s][kv_head * c.value_dim + d];
          }
        }
        all.insert(all.end(), seen.begin(), seen.end());
      }
      out.push_back(all);
    }
    return out;
  }

  Row FeedForward(const Row& x, const LayerConfig& c, const LayerWeights& w) const {
    const Row normed = Norm(x, w.ffn_norm);
    Row gate = Product(w.ffn_gate, w.ffn_gate_bias, normed);
    const Row up = Product(w.ffn_up, w.ffn_up_bias, normed);
    for (size_t i = 0; i < gate.size(); ++i) {
      const double g = gate[i];
      const double activated = c.activation == Activation::kSilu
                                   ? g / (1 + std::exp(-g))
                                   : 0.5 * g * (1 + std::tanh(std::sqrt(2 / M_PI) * (g + 0.044715 * g * g * g)));
      gate[i] = activated * up[i];
    }
    return Product(w.ffn_down, w.ffn_down_bias, gate);
  }

  const ModelConfig& config_;
  const ModelWeights& w_;
};

}  // namespace candor

#endif  // CANDOR_TESTS_SUPPORT_REFERENCE_DECODER_H_
