// The models that `candor serve` offers, from what was typed or from the store.
#ifndef CANDOR_CLI_OFFERED_MODELS_H_
#define CANDOR_CLI_OFFERED_MODELS_H_

#include <string>
#include <vector>

#include "server/model_pool.h"

namespace candor {

// The name that clients know a model by: `name` with '-' for what would need escaping in a URL.
std::string ClientName(const std::string& name);

// Those that were typed, in that order, or all of the store. Throws IoError for one that is not there, UsageError when
// two have one name, or when there is none at all.
std::vector<OfferedModel> OfferedModels(const std::vector<std::string>& typed, const std::string& store);

}  // namespace candor

#endif  // CANDOR_CLI_OFFERED_MODELS_H_
