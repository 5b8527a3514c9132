#include "capture/formatter.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "capture/line_stamping.h"
#include "capture/line_treatment.h"
#include "store/line.h"

namespace capture {
namespace {

// A line that is looked at as a whole: its text, without '\n'.
constexpr size_t kMostWhole = size_t{64} << 10;
static_assert(Formatter::kLeastRoom > Redactor::kMostGrown + 1024);

// A stretch of output that is being filled.
class Output {
 public:
  explicit Output(std::span<char> room) : room_(room) {}
  size_t left() const { return room_.size() - written_; }
  size_t written() const { return written_; }
  void put(std::string_view bytes) {
    std::memcpy(room_.data() + written_, bytes.data(), bytes.size());
    written_ += bytes.size();
  }

 private:
  std::span<char> room_;
  size_t written_ = 0;
};

// A line, or a part of one that is too long to be looked at whole.
struct Part {
  std::string_view text;
  bool begins = false;
  bool ends = false;  // '\n' follows
};

Part next_part(std::string_view bytes, bool mid_line) {
  const auto head = bytes.substr(0, kMostWhole + 1);
  const size_t newline = head.find('\n');
  if (newline != head.npos) return {head.substr(0, newline), !mid_line, true};
  return {head.substr(0, kMostWhole), !mid_line, false};
}

}  // namespace

struct Formatter::Impl {
  using Stamp = SinkOptions::Stamp;

  Stamp stamp = Stamp::Prefix;
  Simd simd = Simd::Plain;
  std::optional<AnsiStripper> stripper;
  std::optional<Redactor> redactor;
  base::Timestamp formatted;  // what `prefix` says
  std::array<char, store::kPrefixSize> prefix{};

  bool wants_whole_lines() const {
    return stamp == Stamp::Json || stripper || redactor;
  }
  std::string_view prefix_of(base::Timestamp time);
  std::string_view treat(std::string_view text, uint64_t& redacted);
  bool put(const Part& part, std::string_view stamp_text, Output& out) const;
  Formatted format_parts(std::string_view bytes, base::Timestamp time,
                         bool& mid_line, std::span<char> out);
};

// Formatted once for many batches of one time.
std::string_view Formatter::Impl::prefix_of(base::Timestamp time) {
  if (prefix[0] == '\0' || time != formatted) {
    base::format_stamp(time, prefix.data());
    prefix[base::kStampSize] = ' ';
    formatted = time;
  }
  return {prefix.data(), prefix.size()};
}

std::string_view Formatter::Impl::treat(std::string_view text,
                                        uint64_t& redacted) {
  if (stripper) text = stripper->strip(text);
  if (redactor) text = redactor->redact(text, redacted);
  return text;
}

// False when there is no room for all of it.
bool Formatter::Impl::put(const Part& part, std::string_view stamp_text,
                          Output& out) const {
  const size_t most = part.text.size() + store::kHeadSize + 1;
  if (out.left() < most) return false;
  // Of a line that has not ended nobody knows yet whether it is an object.
  std::optional<store::MemberPlace> place;
  if (stamp == Stamp::Json && part.begins && part.ends)
    place = store::find_member_place(part.text);
  if (place) {
    out.put(part.text.substr(0, place->at));
    out.put(store::kMemberBegin);
    out.put(stamp_text.substr(0, base::kStampSize));
    out.put(place->comma ? "\"," : "\"");
    out.put(part.text.substr(place->at));
  } else {
    if (part.begins && stamp != Stamp::None) out.put(stamp_text);
    out.put(part.text);
  }
  if (part.ends) out.put("\n");
  return true;
}

Formatter::Formatted Formatter::Impl::format_parts(std::string_view bytes,
                                                   base::Timestamp time,
                                                   bool& mid_line,
                                                   std::span<char> out_room) {
  const auto stamp_text = prefix_of(time);
  Output out(out_room);
  Formatted done;
  while (done.consumed < bytes.size()) {
    Part part = next_part(bytes.substr(done.consumed), mid_line);
    const size_t size = part.text.size() + (part.ends ? 1 : 0);
    uint64_t redacted = 0;
    part.text = treat(part.text, redacted);
    // A line of which nothing is left so far is not begun: no stamp is ever
    // without its line.
    const bool nothing = part.begins && !part.ends && part.text.empty();
    if (!nothing && !put(part, stamp_text, out)) break;
    done.consumed += size;
    done.redacted += redacted;
    if (!nothing) mid_line = !part.ends;
  }
  done.written = out.written();
  return done;
}

Formatter::Formatter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Formatter::Formatter(Formatter&&) noexcept = default;
Formatter& Formatter::operator=(Formatter&&) noexcept = default;
Formatter::~Formatter() = default;

base::Result<Formatter> Formatter::make(const SinkOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->stamp = options.stamp;
  impl->simd = best_simd();
  if (options.strip_ansi) impl->stripper.emplace();
  if (!options.redact.empty()) {
    auto redactor = Redactor::make(options.redact);
    if (!redactor) return base::fail(std::move(redactor.error()));
    impl->redactor = std::move(*redactor);
  }
  return Formatter(std::move(impl));
}

bool Formatter::wants_whole_lines() const {
  return impl_->wants_whole_lines();
}

bool Formatter::is_identity() const {
  return impl_->stamp == SinkOptions::Stamp::None && !wants_whole_lines();
}

Formatter::Formatted Formatter::format(std::string_view bytes,
                                       base::Timestamp stamp, bool& mid_line,
                                       std::span<char> out) {
  if (bytes.empty()) return {};
  if (wants_whole_lines())
    return impl_->format_parts(bytes, stamp, mid_line, out);
  if (impl_->stamp == SinkOptions::Stamp::Prefix) {
    const auto done =
        stamp_lines(bytes, impl_->prefix_of(stamp), mid_line, out, impl_->simd);
    return {done.consumed, done.written, 0};
  }
  const size_t size = std::min(bytes.size(), out.size());
  if (size == 0) return {};
  std::memcpy(out.data(), bytes.data(), size);
  mid_line = bytes[size - 1] != '\n';
  return {size, size, 0};
}

}  // namespace capture
