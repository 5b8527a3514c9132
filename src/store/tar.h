#pragma once
// Tar files, as any tar reads them: written as ustar, read without trust. What
// is read may come from anybody: names that lead out of where it is unpacked,
// links, devices and the like are refused, not passed over. Bytes come and go
// through functions, so that they may be compressed. Blocking; one thread.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace store {

// Takes all of the bytes, or fails.
using ByteSink = std::function<base::Status(std::string_view)>;
// At least one byte unless there are no more: then 0.
using ByteSource = std::function<base::Result<size_t>(std::span<char>)>;

class TarWriter {
 public:
  explicit TarWriter(ByteSink sink) : sink_(std::move(sink)) {}

  // A file of 0600, whose `size` bytes follow in any number of writes.
  base::Status begin(std::string_view name, uint64_t size,
                     base::Timestamp modified);
  base::Status write(std::string_view bytes);
  // How much of the file is still to be written.
  uint64_t left() const { return left_; }
  // The end of the last file, and of the tar.
  base::Status finish();

 private:
  base::Status end_file();

  ByteSink sink_;
  uint64_t left_ = 0;
  uint64_t padding_ = 0;  // that the file ends with
};

struct TarMember {
  std::string name;  // relative, without "." and ".."
  bool is_dir = false;
  uint64_t size = 0;
};

class TarReader {
 public:
  explicit TarReader(ByteSource source) : source_(std::move(source)) {}

  // The next file or directory, what is left of the one before passed over;
  // nullopt at the end. Errc::Invalid: it is none, it is damaged, or it has
  // what we refuse. Nothing can be read after an error.
  base::Result<std::optional<TarMember>> next();
  // Of the file that we are at; 0 at its end.
  base::Result<size_t> read(std::span<char> into);

 private:
  // What a record said of the member behind it.
  struct Said {
    std::optional<std::string> name;
    std::optional<uint64_t> size;
  };
  base::Result<bool> fill(std::span<char> block);
  base::Status skip();
  base::Result<std::string> read_record(uint64_t size);

  ByteSource source_;
  uint64_t left_ = 0;
  uint64_t padding_ = 0;
  bool begun_ = false;
};

// The name a member may be unpacked as: without "." and empty parts. Errc::
// Invalid for one that is absolute or has "..", or is none.
base::Result<std::string> safe_member_name(std::string_view name);

}  // namespace store
