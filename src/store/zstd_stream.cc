#include "store/zstd_stream.h"

#include <fmt/format.h>
#include <zstd.h>

namespace store {
namespace {

constexpr size_t kBuffer = size_t{128} << 10;

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

std::unexpected<base::Error> bad(std::string_view why) {
  return base::fail(base::Errc::Invalid, fmt::format("zstd: {}", why));
}

}  // namespace

struct ZstdSink::State {
  std::unique_ptr<ZSTD_CCtx, Free> context{ZSTD_createCCtx()};
  std::string buffer = std::string(kBuffer, '\0');
};

ZstdSink::ZstdSink(ByteSink sink)
    : sink_(std::move(sink)), state_(std::make_unique<State>()) {
  // Both are known to every zstd: it can't refuse.
  (void)ZSTD_CCtx_setParameter(state_->context.get(), ZSTD_c_compressionLevel,
                               3);
  (void)ZSTD_CCtx_setParameter(state_->context.get(), ZSTD_c_checksumFlag, 1);
}
ZstdSink::~ZstdSink() = default;

base::Status ZstdSink::push(std::string_view bytes, bool end) {
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  for (;;) {
    ZSTD_outBuffer out{state_->buffer.data(), state_->buffer.size(), 0};
    const size_t left = ZSTD_compressStream2(
        state_->context.get(), &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left) != 0) return bad(ZSTD_getErrorName(left));
    if (out.pos > 0)
      if (auto put = sink_({state_->buffer.data(), out.pos}); !put) return put;
    if (end ? left == 0 : in.pos == in.size) return {};
  }
}

base::Status ZstdSink::write(std::string_view bytes) {
  return bytes.empty() ? base::Status() : push(bytes, false);
}

base::Status ZstdSink::finish() {
  return push({}, true);
}

struct ZstdSource::State {
  std::unique_ptr<ZSTD_DCtx, Free> context{ZSTD_createDCtx()};
  std::string buffer = std::string(kBuffer, '\0');
  size_t begin = 0;
  size_t end = 0;
  bool in_frame = true;  // an empty file is no stream
};

ZstdSource::ZstdSource(ByteSource source)
    : source_(std::move(source)), state_(std::make_unique<State>()) {}
ZstdSource::~ZstdSource() = default;

base::Result<size_t> ZstdSource::read(std::span<char> into) {
  if (into.empty()) return size_t{0};
  auto& s = *state_;
  for (;;) {
    ZSTD_inBuffer in{s.buffer.data(), s.end, s.begin};
    ZSTD_outBuffer out{into.data(), into.size(), 0};
    // What the decoder still holds of a frame needs no more bytes.
    if (in.pos < in.size || s.in_frame) {
      const size_t left = ZSTD_decompressStream(s.context.get(), &out, &in);
      if (ZSTD_isError(left) != 0) return bad(ZSTD_getErrorName(left));
      if (in.pos > s.begin || out.pos > 0) s.in_frame = left != 0;
      s.begin = in.pos;
      if (out.pos > 0) return out.pos;
      if (s.begin < s.end) continue;
    }
    auto n = source_(s.buffer);
    if (!n) return n;
    if (*n == 0 && s.in_frame) return bad("cut off");
    if (*n == 0) return size_t{0};
    s.begin = 0;
    s.end = *n;
  }
}

}  // namespace store
