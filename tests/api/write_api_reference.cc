// write_api_reference [--openapi]: what src/api/openapi.h makes, on standard output.
#include <iostream>
#include <string_view>

#include "api/openapi.h"

int main(int argc, char** argv) {
  const bool openapi = argc > 1 && std::string_view(argv[1]) == "--openapi";
  std::cout << (openapi ? candor::OpenApiJson("0") + "\n" : candor::ApiReference());
  return std::cout.good() ? 0 : 1;
}
