// GET /v1/models and /v1/models/{id}.
#ifndef CANDOR_API_MODEL_LIST_H_
#define CANDOR_API_MODEL_LIST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ipc/messages.h"

namespace candor {

struct ServedModel {
  std::string id;
  int64_t created = 0;  // seconds since 1970: of its file
  std::vector<std::string> aliases = {};
  bool loaded = false;
  std::optional<ModelFacts> facts = {};  // of a model that is, or was, loaded
};

std::string ModelJson(const ServedModel& model);
std::string ModelListJson(const std::vector<ServedModel>& models);

}  // namespace candor

#endif  // CANDOR_API_MODEL_LIST_H_
