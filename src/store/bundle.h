#pragma once
// A bundle: files that belong together as one `.tar.zst`, which any tar reads;
// last in it a list of their XXH128 sums, which `xxh128sum -c` reads. One that
// comes from elsewhere is unpacked without trust. Blocking; one thread.

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "store/tar.h"
#include "store/zstd_stream.h"

namespace store {

inline constexpr std::string_view kSumsName = "XXH128SUMS";

class BundleWriter {
 public:
  // Borrows `fd`; `name` for errors. Files bear the time `now`.
  BundleWriter(int fd, std::string name, base::Timestamp now);
  ~BundleWriter();

  base::Status add(std::string_view name, std::string_view bytes);
  // The same of what comes in pieces.
  base::Status begin(std::string_view name, uint64_t size);
  base::Status write(std::string_view bytes);
  base::Status end();
  base::Status finish();

  uint64_t written() const { return written_; }  // bytes, packed

 private:
  struct Sum;

  std::string name_;
  base::Timestamp now_;
  uint64_t written_ = 0;
  ZstdSink packed_;
  TarWriter tar_;
  std::unique_ptr<Sum> sum_;
  std::string file_;  // that is being written
  std::string sums_;
};

struct UnpackLimits {
  uint64_t bytes = uint64_t{64} << 30;  // of all files
  uint64_t files = 100'000;             // and directories
  uint64_t spare = uint64_t{64} << 20;  // of the disk, to be left free
};

// Into `dir`, which is empty and ours alone. Errc::Invalid for what is no
// bundle, is damaged, or has what is none of a bundle's; part of it may lie in
// `dir` then.
base::Status unpack_bundle(int fd, const std::string& name,
                           const std::string& dir,
                           const UnpackLimits& limits = {});

}  // namespace store
