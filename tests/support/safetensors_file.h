// Reads the float32 and int32 tensors of a golden safetensors file. Trusts the file: it is part of the tests.
#ifndef CANDOR_TESTS_SUPPORT_SAFETENSORS_FILE_H_
#define CANDOR_TESTS_SUPPORT_SAFETENSORS_FILE_H_

#include <boost/json.hpp>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "base/file.h"

namespace candor {

class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::string& path) : bytes_(ReadWholeFile(path, uint64_t{1} << 30)) {
    uint64_t length;
    std::memcpy(&length, bytes_.data(), 8);
    header_ = boost::json::parse(std::string_view(bytes_).substr(8, length)).as_object();
    data_ = 8 + length;
  }

  template <class T>
  std::vector<T> Read(const std::string& name) const {
    const boost::json::array& range = header_.at(name).at("data_offsets").as_array();
    const auto begin = range[0].to_number<size_t>();
    const auto end = range[1].to_number<size_t>();
    std::vector<T> values((end - begin) / sizeof(T));
    std::memcpy(values.data(), bytes_.data() + data_ + begin, end - begin);
    return values;
  }

 private:
  std::string bytes_;
  boost::json::object header_;
  size_t data_;
};

}  // namespace candor

#endif  // CANDOR_TESTS_SUPPORT_SAFETENSORS_FILE_H_
