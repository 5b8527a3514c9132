#include "support/lines/plain_bytes.h"

#include <zstd.h>

#include <memory>
#include <vector>

#include "base/fs.h"

namespace support {
namespace {

constexpr std::string_view kCompressed = ".zst";

class Decompressor {
 public:
  explicit Decompressor(const std::function<void(std::string_view)>& call)
      : call_(call), out_(ZSTD_DStreamOutSize()) {}

  base::Status add(std::string_view bytes, const std::string& path) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    while (in.pos < in.size) {
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      left_ = ZSTD_decompressStream(stream_.get(), &out, &in);
      if (ZSTD_isError(left_) != 0)
        return base::fail(base::Errc::Invalid,
                          path + ": " + ZSTD_getErrorName(left_));
      call_({out_.data(), out.pos});
    }
    return {};
  }
  bool at_frame_end() const { return left_ == 0; }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };
  const std::function<void(std::string_view)>& call_;
  std::unique_ptr<ZSTD_DStream, Free> stream_{ZSTD_createDStream()};
  std::vector<char> out_;
  size_t left_ = 0;
};

}  // namespace

base::Status read_plain(const std::string& path,
                        const std::function<void(std::string_view)>& call) {
  auto fd = base::fs::open(path, O_RDONLY);
  const bool gone = !fd && fd.error().code == base::Errc::NotFound;
  if (gone && !path.ends_with(kCompressed))
    fd = base::fs::open(path + std::string(kCompressed), O_RDONLY);
  if (!fd) return base::fail(std::move(fd.error()));
  const bool compressed = gone || path.ends_with(kCompressed);
  Decompressor decompressor(call);
  std::vector<char> chunk(size_t{1} << 20);
  for (;;) {
    auto n = base::fs::read(fd->get(), chunk, path);
    if (!n) return base::fail(std::move(n.error()));
    if (*n == 0) break;
    if (!compressed) {
      call({chunk.data(), *n});
      continue;
    }
    if (auto good = decompressor.add({chunk.data(), *n}, path); !good)
      return good;
  }
  if (compressed && !decompressor.at_frame_end())
    return base::fail(base::Errc::Invalid, path + ": ends within a frame");
  return {};
}

std::string plain_text(const std::string& path) {
  std::string text;
  (void)read_plain(path, [&](std::string_view bytes) { text.append(bytes); });
  return text;
}

}  // namespace support
