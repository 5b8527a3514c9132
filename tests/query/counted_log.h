#pragma once
// A log in memory that counts what it is asked for.

#include <algorithm>
#include <string>
#include <string_view>

#include "store/log.h"
#include "store/times.h"

namespace query_test {

class CountedLog final : public store::Log {
 public:
  explicit CountedLog(std::string bytes, bool plain = true)
      : Log("counted.log"), bytes_(std::move(bytes)), plain_(plain) {}
  base::Result<size_t> read_at(std::span<char> into, uint64_t offset) override {
    const auto rest = std::string_view(bytes_).substr(
        static_cast<size_t>(std::min<uint64_t>(offset, bytes_.size())));
    const auto count = rest.copy(into.data(), into.size());
    read += count;
    return count;
  }
  base::Result<uint64_t> size() override { return bytes_.size(); }
  store::TimesReader* times() override {
    ++asked_for_times;
    return plain_ ? &times_ : nullptr;
  }

  uint64_t read = 0;  // bytes
  int asked_for_times = 0;

 private:
  std::string bytes_;
  bool plain_;
  store::TimesReader times_{std::vector<store::TimeEntry>{{0, {1}}}};
};

}  // namespace query_test
