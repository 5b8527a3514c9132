#pragma once
// A stream of bytes as one zstd frame, with a checksum, and back: for what is
// written and read once from end to end. (Archives have frames of their own,
// which are found one by one.) Memory is bounded. One thread.

#include <memory>
#include <string>

#include "base/result.h"
#include "store/tar.h"

namespace store {

class ZstdSink {
 public:
  explicit ZstdSink(ByteSink sink);
  ~ZstdSink();
  base::Status write(std::string_view bytes);
  base::Status finish();  // the frame's end

 private:
  struct State;
  base::Status push(std::string_view bytes, bool end);

  ByteSink sink_;
  std::unique_ptr<State> state_;
};

// Frames that follow each other are one stream.
class ZstdSource {
 public:
  explicit ZstdSource(ByteSource source);
  ~ZstdSource();
  // 0 at the end of the last frame. Errc::Invalid: damaged, cut off, or none.
  base::Result<size_t> read(std::span<char> into);

 private:
  struct State;
  ByteSource source_;
  std::unique_ptr<State> state_;
};

}  // namespace store
