#pragma once
// The child's bytes as they stand on disk: each line stamped, stripped of
// colours and redacted as its file's options say. Pure: no clock, no I/O. One
// per sink, on the capture thread; the hot path of all of capture.

#include <memory>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "capture/options.h"

namespace capture {

class Formatter {
 public:
  // Errc::Invalid: a pattern of `redact` is not RE2; the message names it.
  static base::Result<Formatter> make(const SinkOptions& options);
  Formatter(Formatter&&) noexcept;
  Formatter& operator=(Formatter&&) noexcept;
  ~Formatter();

  // Whether bytes must come as whole lines, ended by '\n', as far as lines are
  // no longer than 64 KiB: redact, strip_ansi and JSON stamps look at all of a
  // line. A longer line comes in parts, and is then treated part by part.
  bool wants_whole_lines() const;

  // Whether what is written is what came, so that format() need not be called.
  bool is_identity() const;

  // Room in `out` with which format() always gets on, whatever the bytes.
  static constexpr size_t kLeastRoom = size_t{256} << 10;

  struct Formatted {
    size_t consumed = 0;    // of `bytes`
    size_t written = 0;     // to `out`
    uint64_t redacted = 0;  // matches that were replaced
  };
  // Formats `bytes` as far as `out` has room, at least one byte of them. What
  // lies in `out` beyond `written` is lost.
  // `mid_line`: whether a line is open before, and after, the call; lines that
  // begin in `bytes` are stamped with `stamp`. Never stops between a stamp and
  // the first byte of its line. Where lines are wanted whole, it stops between
  // lines, or within one that is longer than 64 KiB.
  Formatted format(std::string_view bytes, base::Timestamp stamp,
                   bool& mid_line, std::span<char> out);

 private:
  struct Impl;
  explicit Formatter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace capture
