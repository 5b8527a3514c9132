#pragma once
// What a printer writes, without files and readers: lines are handed to it.

#include <sys/mman.h>

#include <string>
#include <string_view>

#include "base/fs.h"
#include "base/unique_fd.h"
#include "query/output.h"
#include "query/printer.h"

namespace query_test {

inline constexpr int64_t kTenFifteen = 1'795'256'100'000'000;  // 2026-11-21

// Always an hour later than kTenFifteen.
class HourLater final : public base::Clock {
 public:
  base::Timestamp now() const override { return {kTenFifteen + 3'600'000'000}; }
  base::MonoTime mono() const override { return {}; }
};
inline const HourLater kClock;

inline query::Origin origin_of(std::string app, int instance = 0,
                               query::Kind kind = query::Kind::Out,
                               std::string label = {}) {
  query::Origin origin;
  origin.label = label.empty() ? app : std::move(label);
  origin.app = std::move(app);
  origin.id = instance;
  origin.instance = instance;
  origin.kind = kind;
  return origin;
}

inline store::Piece piece_of(std::string_view text, int64_t us = 0) {
  store::Piece piece;
  piece.time = base::Timestamp{kTenFifteen + us};
  piece.text = text;
  piece.begins = true;
  piece.ends = true;
  return piece;
}

class Sheet {
 public:
  Sheet() : fd_(::memfd_create("sheet", MFD_CLOEXEC)), output_(fd_.get()) {}

  query::Output& output() { return output_; }
  std::string text() {
    output_.flush();
    std::string bytes(size_t{1} << 20, '\0');
    const auto size = ::pread(fd_.get(), bytes.data(), bytes.size(), 0);
    bytes.resize(size < 0 ? 0 : static_cast<size_t>(size));
    return bytes;
  }

 private:
  base::UniqueFd fd_;
  query::Output output_;
};

}  // namespace query_test
