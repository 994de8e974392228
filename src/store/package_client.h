// The user's own package client (pip), run as a child process: it knows the registry, proxies and credentials that are
// configured on this machine, and candor need not.
#ifndef CANDOR_STORE_PACKAGE_CLIENT_H_
#define CANDOR_STORE_PACKAGE_CLIENT_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace candor {

struct PackageClient {
  std::vector<std::string> command = {"python3", "-m", "pip"};  // the first is looked for in PATH
  std::vector<std::string> environment;                         // "NAME=value", all of it
};

// Downloads the wheel of `requirement` ("name==version"), and only that, into `folder`, which must be empty; the client
// puts its temporary files there too. Nothing is installed and no code of the package runs. `progress` is called
// about five times a second with the bytes that are there; when it returns false the client is ended and the result is
// nullopt. Throws IoError with the client's last words when it fails, and with what to install when there is none.
// The child ends when this process does.
std::optional<std::filesystem::path> DownloadWheel(const PackageClient& client, const std::string& requirement,
                                                   const std::filesystem::path& folder,
                                                   const std::function<bool(uint64_t bytes)>& progress);

}  // namespace candor

#endif  // CANDOR_STORE_PACKAGE_CLIENT_H_
