#include "query/source.h"

#include <algorithm>

#include "base/fs.h"

namespace query {
namespace {

// An event is a few hundred bytes; what is far longer is none of ours.
constexpr size_t kMaxEvent = size_t{1} << 20;

}  // namespace

Source::Source(Origin origin, const Query& query)
    : origin_(std::move(origin)),
      since_(query.since),
      until_(query.until),
      reader_(-1, origin_.path) {}

base::Status Source::open() {
  auto fd = base::fs::open(origin_.path, O_RDONLY);
  if (!fd) {
    if (fd.error().code == base::Errc::NotFound) return {};
    return base::fail(std::move(fd.error()));
  }
  auto identity = base::fs::fstat(fd->get(), origin_.path);
  if (!identity) return base::fail(std::move(identity.error()));
  if (!S_ISREG(identity->st_mode))
    return base::fail(base::Errc::Invalid,
                      "read " + origin_.path + ": not a regular file");
  adopt(std::move(*fd), *identity);
  reader_.restart(fd_.get());
  return {};
}

void Source::adopt(base::UniqueFd fd, const struct ::stat& identity) {
  fd_ = std::move(fd);
  identity_ = identity;
  limit_ = 0;
}

bool Source::is_file(const struct ::stat& other) const {
  return other.st_dev == identity_.st_dev && other.st_ino == identity_.st_ino;
}

base::Result<uint64_t> Source::size() const {
  if (!fd_) return uint64_t{0};
  auto info = base::fs::fstat(fd_.get(), origin_.path);
  if (!info) return base::fail(std::move(info.error()));
  return static_cast<uint64_t>(info->st_size);
}

void Source::allow(uint64_t limit, bool partial) {
  limit_ = limit;
  partial_ = partial && !has_event();
}

bool Source::in_range(std::optional<base::Timestamp> time) const {
  if (since_ && (!time || *time < *since_)) return false;
  return !until_ || (time && *time < *until_);
}

// The piece's bytes as part of an event. True when an event is whole, known
// and asked for.
bool Source::take_event() {
  if (piece_.begins) event_text_.clear();
  if (event_text_.size() <= kMaxEvent) event_text_.append(piece_.text);
  if (!piece_.ends) return false;
  auto event = store::parse_event(event_text_);
  if (!event) return false;
  event_ = std::move(*event);
  const bool wanted =
      origin_.only.empty() || event_.instance < 0 ||
      std::ranges::find(origin_.only, event_.instance) != origin_.only.end();
  // The end of a line may be noted after the range that the line is in.
  return wanted &&
         (in_range(event_.time) || event_.kind == store::EventKind::LineEnded);
}

base::Result<bool> Source::advance() {
  for (;;) {
    auto more = reader_.next(limit_, partial_, piece_);
    if (!more || !*more) return more;
    if (has_event()) {
      if (!take_event()) continue;
      key_ = std::max(key_, std::optional(event_.time));
      return true;
    }
    if (piece_.begins) skipping_ = !in_range(piece_.time);
    if (skipping_) continue;
    key_ = std::max(key_, piece_.time);
    return true;
  }
}

void read_events(const std::vector<Origin>& origins, Problems& problems,
                 const std::function<void(const store::Event&)>& on_event) {
  for (const auto& origin : origins) {
    if (origin.kind != Kind::Events) continue;
    Source source(origin, {});
    auto opened = source.open();
    if (!opened) {
      problems.push_back(std::move(opened.error()));
      continue;
    }
    auto size = source.size();
    source.allow(size ? *size : 0, false);
    for (;;) {
      auto more = source.advance();
      if (!more) problems.push_back(std::move(more.error()));
      if (!more || !*more) break;
      on_event(source.event());
    }
  }
}

}  // namespace query
