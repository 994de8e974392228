#include "cli/plan_report.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>

#include "base/utf8.h"
#include "cli/common_options.h"
#include "cli/grouped.h"
#include "cli/progress.h"

namespace candor {
namespace {

namespace json = boost::json;

std::string Format(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

// Three digits or more: "0.52", "5.21", "52.1", "521", "5210".
std::string ThreeDigits(double value) {
  return Format(value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f", value);
}

// "671.03 billion"
std::string Large(uint64_t value) {
  if (value >= 1'000'000'000) return Format("%.2f billion", static_cast<double>(value) / 1e9);
  return Format("%.1f million", static_cast<double>(value) / 1e6);
}

std::string Seconds(double seconds) {
  if (seconds < 120) return ThreeDigits(seconds) + " s";
  return seconds < 7200 ? ThreeDigits(seconds / 60) + " min" : ThreeDigits(seconds / 3600) + " h";
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

std::string NameOf(std::optional<TensorType> quantize) {
  return quantize ? Lower(InfoOf(*quantize).name) : "as stored";
}

const char* BoundName(Bound bound) {
  switch (bound) {
    case Bound::kMemory:
      return "memory";
    case Bound::kCompute:
      return "compute";
    case Bound::kAttention:
      return "attention";
    case Bound::kThreads:
      return "threads";
  }
  return "";
}

std::string Left(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}
std::string Right(const std::string& text, size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

// A line of a label and what it is about; further lines have none.
std::string Line(const std::string& label, const std::string& text) { return Left(label, 12) + text + "\n"; }

std::string ParametersText(const Plan& plan) {
  const Inventory& inventory = plan.inventory;
  std::string text = Line("parameters", Large(inventory.parameters));
  if (inventory.active_parameters + inventory.lookup_parameters < inventory.parameters) {
    text += Line("", Large(inventory.active_parameters) + " of them active for a token, " +
                         Large(inventory.active_parameters + inventory.lookup_parameters) +
                         " with the table of embeddings");
  }
  if (inventory.prediction_parameters != 0) {
    text += Line(
        "", "and " + Large(inventory.prediction_parameters) + " for prediction, which are kept and not computed with");
  }
  return text + Line("files", FormatBytes(inventory.stored_bytes) + " of weights");
}

std::string WeightsText(const Plan& plan, const PlanOptions& options, const PlanFacts& facts) {
  const auto row = [&](const PlannedWeights& weights) {
    return "  " + Left(NameOf(weights.quantize), 10) + Right(FormatBytes(weights.bytes), 10) +
           Right(FormatBytes(weights.memory_bytes), 12) + "   " + Left(weights.fits ? "yes" : "no", 4) +
           Right(ThreeDigits(1 / weights.decode.total()), 10) + "\n";
  };
  std::string text = "\nweights      memory   in all (1)  fits  tokens/s (2)\n";
  for (const PlannedWeights& weights : plan.weights) text += row(weights);
  if (plan.weights.size() == 1) text += Line("", "--quantize changes nothing: all of them are quantised already");
  text += "  (1) with " + FormatBytes(plan.kv_bytes) + " of cache for " + Grouped(plan.context) + " tokens and " +
          FormatBytes(plan.working_bytes) + " to work in; " + FormatBytes(options.memory_bytes) + " " +
          facts.memory_source + "\n";
  text += "  (2) decode behind " + Grouped(plan.speeds[0].tokens) + " tokens\n";
  return text + Line("cache", FormatBytes(plan.kv_bytes_per_1000) + " for 1,000 tokens, as " + KvTypeName(options.kv));
}

std::string SpeedText(const Plan& plan, const PlanOptions& options, const PlanFacts& facts) {
  const auto quantize =
      plan.weights.size() == 1 ? std::nullopt : options.quantize;  // what changes nothing is not named
  std::string text = "\n" + Line("speed", "of the weights " + (quantize ? "in " : std::string()) + NameOf(quantize) +
                                              ", at " + ThreeDigits(options.machine.read_gbps) + " GB/s and " +
                                              ThreeDigits(options.machine.int8_gops) + " Gop/s " + facts.speed_source);
  text += "  tokens     prefill, tokens/s            bound by    decode, tokens/s  bound by\n";
  for (const PlannedSpeed& speed : plan.speeds) {
    const double prefill = speed.prefill.total();
    text += "  " + Right(Grouped(speed.tokens), 7) + "  " + Right(ThreeDigits(speed.tokens / prefill), 8) + "  in " +
            Left(Seconds(prefill), 19) + Left(BoundName(speed.prefill.bound()), 12) +
            Right(ThreeDigits(1 / speed.decode.total()), 8) + std::string(10, ' ') + BoundName(speed.decode.bound()) +
            "\n";
  }
  return text;
}

std::string LatentText(const Plan& plan) {
  const LayerConfig& layer = plan.config.layers.back();
  if (layer.latent.rank == 0) return "";
  const double folded = AttentionOperations(layer);
  const double unfolded = AttentionOperations(layer, true);
  std::string text = "\nLatent attention is computed with folded projections, in prefill as in decode: " +
                     Grouped(static_cast<uint64_t>(folded)) +
                     " operations\na layer for each token and each position "
                     "that it sees, instead of " +
                     Grouped(static_cast<uint64_t>(unfolded)) + " (" + Format("%.1f", folded / unfolded) +
                     " times). That is the price of one answer:\n";
  for (const PlannedSpeed& speed : plan.speeds) {
    const double with = speed.prefill.total();
    const double without = speed.unfolded_prefill->total();
    text += "  a prefill of " + Right(Grouped(speed.tokens), 7) + " takes " + Seconds(with) + " instead of " +
            Seconds(without) + ", " + Format("%.2f", with / without) + " times\n";
  }
  return text;
}

json::object TimeJson(const StepTime& time) {
  return {{"seconds", time.total()},   {"bound", BoundName(time.bound())}, {"memory_s", time.memory},
          {"compute_s", time.compute}, {"attention_s", time.attention},    {"threads_s", time.threads}};
}

json::value TypeJson(std::optional<TensorType> quantize) {
  return quantize ? json::value(NameOf(quantize)) : json::value(nullptr);
}

json::object WeightsJson(const PlannedWeights& weights) {
  return {{"quantize", TypeJson(weights.quantize)},
          {"bytes", weights.bytes},
          {"bytes_per_token", weights.bytes_per_token},
          {"memory_bytes", weights.memory_bytes},
          {"fits", weights.fits},
          {"decode_tps", 1 / weights.decode.total()},
          {"decode_bound", BoundName(weights.decode.bound())}};
}

}  // namespace

std::string PlanText(const Plan& plan, const PlanOptions& options, const PlanFacts& facts) {
  std::string text = Line("model", Printable(facts.name, 4096));
  text += Line("", Printable(plan.config.architecture) + ", " + Grouped(plan.config.layers.size()) +
                       " layers, made for " + Grouped(plan.config.context_length) + " tokens");
  text += ParametersText(plan) + WeightsText(plan, options, facts) + SpeedText(plan, options, facts);
  return text + LatentText(plan);
}

std::string PlanJson(const Plan& plan, const PlanOptions& options, const PlanFacts& facts) {
  const Inventory& inventory = plan.inventory;
  json::object report{{"model", IsValidUtf8(facts.name) ? facts.name : Printable(facts.name, SIZE_MAX)},
                      {"architecture", plan.config.architecture},
                      {"layers", plan.config.layers.size()},
                      {"context_length", plan.config.context_length},
                      {"parameters", inventory.parameters},
                      {"active_parameters", inventory.active_parameters},
                      {"active_parameters_with_embeddings", inventory.active_parameters + inventory.lookup_parameters},
                      {"prediction_parameters", inventory.prediction_parameters},
                      {"file_bytes", inventory.stored_bytes},
                      {"context", plan.context},
                      {"kv", KvTypeName(options.kv)},
                      {"kv_bytes_per_1000_tokens", plan.kv_bytes_per_1000},
                      {"kv_bytes", plan.kv_bytes},
                      {"working_bytes", plan.working_bytes},
                      {"available_bytes", options.memory_bytes},
                      {"read_gbps", options.machine.read_gbps},
                      {"int8_gops", options.machine.int8_gops},
                      {"float_gflops", options.machine.float_gflops}};
  json::array weights;
  for (const PlannedWeights& one : plan.weights) weights.push_back(WeightsJson(one));
  report["weights"] = std::move(weights);
  report["chosen"] = WeightsJson(plan.chosen);
  json::array speeds;
  for (const PlannedSpeed& speed : plan.speeds) {
    json::object row{{"tokens", speed.tokens},
                     {"prefill_tps", speed.tokens / speed.prefill.total()},
                     {"decode_tps", 1 / speed.decode.total()},
                     {"prefill", TimeJson(speed.prefill)},
                     {"decode", TimeJson(speed.decode)}};
    if (speed.unfolded_prefill) row["unfolded_prefill"] = TimeJson(*speed.unfolded_prefill);
    speeds.push_back(std::move(row));
  }
  report["speeds"] = std::move(speeds);
  if (const LayerConfig& layer = plan.config.layers.back(); layer.latent.rank != 0) {
    report["attention_operations"] = static_cast<uint64_t>(AttentionOperations(layer));
    report["unfolded_attention_operations"] = static_cast<uint64_t>(AttentionOperations(layer, true));
  }
  return json::serialize(report) + "\n";
}

}  // namespace candor
