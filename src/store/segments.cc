#include "store/segments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>

#include "base/fs.h"

namespace store {
namespace {

namespace fs = base::fs;

constexpr size_t kDigits = 10;  // of a sequence number, at least
constexpr std::string_view kLog = ".log";
constexpr std::string_view kRaw = ".raw";
constexpr std::string_view kCompressed = ".zst";

std::string stem(SegmentKind kind, int instance) {
  if (instance == 0) return std::string(segment_kind_name(kind));
  return fmt::format("{}-{}", segment_kind_name(kind), instance);
}

// 20261121T101502Z
std::string short_stamp(base::Timestamp time) {
  std::string stamp = base::format_stamp(time).substr(0, 19) + "Z";
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  return stamp;
}

std::optional<base::Timestamp> parse_short_stamp(std::string_view text) {
  if (text.size() != 16) return std::nullopt;
  return base::parse_stamp(fmt::format(
      "{}-{}-{}:{}:{}.000000Z", text.substr(0, 4), text.substr(4, 2),
      text.substr(6, 5), text.substr(11, 2), text.substr(13, 2)));
}

template <class Number>
bool parse_number(std::string_view text, Number& into) {
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, into);
  return error == std::errc{} && at == end && !text.empty();
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

// Up to the next '.', which is taken off too.
std::string_view take_part(std::string_view& text) {
  const auto dot = text.find('.');
  const auto part = text.substr(0, dot);
  text.remove_prefix(dot == text.npos ? text.size() : dot + 1);
  return part;
}

bool parse_stem(std::string_view text, Segment& segment) {
  const auto dash = text.find('-');
  if (dash != text.npos) {
    if (!parse_number(text.substr(dash + 1), segment.instance)) return false;
    if (segment.instance <= 0) return false;
  }
  text = text.substr(0, dash);
  for (const auto kind :
       {SegmentKind::Out, SegmentKind::Error, SegmentKind::All})
    if (text == segment_kind_name(kind)) {
      segment.kind = kind;
      return true;
    }
  return false;
}

// Where the greatest number of an owner is kept that may have no file any
// more. Hidden, so that `rm archive/api/*` leaves it.
std::string mark_path(const std::string& dir, SegmentKind kind, int instance) {
  return fs::join(dir, fmt::format(".{}.sequence", stem(kind, instance)));
}

std::string mark_text(uint64_t sequence) {
  return fmt::format("{:020}\n", sequence);
}

// A mark that is missing or torn counts for nothing: the files still do.
base::Result<uint64_t> read_mark(const std::string& path) {
  auto text = fs::read_file(path, 4096);
  if (!text) {
    if (text.error().code == base::Errc::NotFound) return 0;
    return base::fail(std::move(text.error()));
  }
  uint64_t sequence = 0;
  std::string_view digits(*text);
  if (!take_suffix(digits, "\n") || !parse_number(digits, sequence)) return 0;
  return sequence;
}

// One write over what was there. Not durable: only what is removed needs that.
void note_mark(const std::string& path, uint64_t sequence) {
  auto fd = fs::open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK);
  if (fd) (void)fs::write_all(fd->get(), mark_text(sequence), path);
}

// A mark of at least that number, on disk. Needs no room where there is one
// already: on a full disk, too, something must be removable.
base::Status keep_mark(const std::string& dir, SegmentKind kind, int instance,
                       uint64_t sequence) {
  const std::string path = mark_path(dir, kind, instance);
  auto marked = read_mark(path);
  if (!marked) return base::fail(std::move(marked.error()));
  if (*marked < sequence) return fs::replace_file(path, mark_text(sequence));
  auto fd = fs::open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd) return base::fail(std::move(fd.error()));
  if (auto synced = fs::fsync(fd->get(), path); !synced) return synced;
  return fs::fsync_dir(dir);
}

base::Result<uint64_t> greatest_sequence(const std::string& dir,
                                         const SegmentOwner& owner) {
  auto greatest = read_mark(mark_path(dir, owner.kind, owner.instance));
  if (!greatest) return greatest;
  auto names = fs::list_dir(dir);
  if (!names) {
    if (names.error().code == base::Errc::NotFound) return greatest;
    return base::fail(std::move(names.error()));
  }
  for (const auto& name : *names)
    if (const auto segment = parse_segment_name(name);
        segment && segment->is_of(owner))
      greatest = std::max(*greatest, segment->sequence);
  return greatest;
}

}  // namespace

std::string_view segment_kind_name(SegmentKind kind) {
  switch (kind) {
    case SegmentKind::Out:
      return "out";
    case SegmentKind::Error:
      return "error";
    case SegmentKind::All:
      return "all";
  }
  return "out";
}

std::optional<SegmentOwner> segment_owner(const CatalogApp& app,
                                          std::string_view live_file) {
  bool out = false;
  bool error = false;
  std::optional<int> first;
  for (const auto& instance : app.instances) {
    const bool is_out = instance.out_file == live_file;
    const bool is_error = instance.error_file == live_file;
    if ((is_out || is_error) && !first) first = instance.number;
    out = out || is_out;
    error = error || is_error;
  }
  const auto kind = out && error ? SegmentKind::All
                    : error      ? SegmentKind::Error
                                 : SegmentKind::Out;
  if (!first) return std::nullopt;
  return SegmentOwner{app.name, kind, *first};
}

std::string segment_name(const Segment& segment) {
  return fmt::format("{}.{:0{}}.{}{}{}{}", stem(segment.kind, segment.instance),
                     segment.sequence, kDigits, short_stamp(segment.first),
                     segment.raw ? kRaw : "", kLog,
                     segment.compressed ? kCompressed : "");
}

std::optional<Segment> parse_segment_name(std::string_view name) {
  Segment segment;
  std::string_view rest = name;
  segment.compressed = take_suffix(rest, kCompressed);
  if (!take_suffix(rest, kLog)) return std::nullopt;
  segment.raw = take_suffix(rest, kRaw);
  if (!parse_stem(take_part(rest), segment)) return std::nullopt;
  if (!parse_number(take_part(rest), segment.sequence)) return std::nullopt;
  const auto first = parse_short_stamp(rest);
  if (!first || segment.sequence == 0) return std::nullopt;
  segment.first = *first;
  // Leading zeros, signs and the like: one segment has one name.
  if (segment_name(segment) != name) return std::nullopt;
  return segment;
}

std::string segment_path(std::string_view path) {
  (void)take_suffix(path, kCompressed);
  return std::string(path);
}

std::string archive_path(std::string_view segment) {
  return std::string(segment).append(kCompressed);
}

std::string archive_dir(const std::string& live_dir, std::string_view app) {
  return fs::join(fs::join(live_dir, kArchiveDir), app);
}

base::Result<std::vector<Segment>> list_segments(const std::string& live_dir,
                                                 std::string_view app) {
  const std::string dir = archive_dir(live_dir, app);
  auto names = fs::list_dir(dir);
  std::vector<Segment> segments;
  if (!names) {
    if (names.error().code == base::Errc::NotFound) return segments;
    return base::fail(std::move(names.error()));
  }
  for (const auto& name : *names) {
    auto segment = parse_segment_name(name);
    if (!segment) continue;
    segment->path = fs::join(dir, name);
    segments.push_back(std::move(*segment));
  }
  const auto identity = [](const Segment& s) {
    return std::tuple(s.kind, s.instance, s.sequence);
  };
  std::ranges::sort(segments, {}, [&](const Segment& s) {
    return std::tuple_cat(identity(s), std::tuple(!s.compressed));
  });
  const auto doubles = std::ranges::unique(segments, {}, identity);
  segments.erase(doubles.begin(), doubles.end());
  return segments;
}

base::Result<uint64_t> next_sequence(const std::string& live_dir,
                                     const SegmentOwner& owner) {
  auto greatest = greatest_sequence(archive_dir(live_dir, owner.app), owner);
  if (greatest) ++*greatest;
  return greatest;
}

base::Result<std::string> next_segment_path(const std::string& live_path,
                                            const SegmentOwner& owner,
                                            base::Timestamp first) {
  std::optional<uint64_t> unknown;
  return next_segment_path(live_path, owner, first, unknown);
}

base::Result<std::string> next_segment_path(const std::string& live_path,
                                            const SegmentOwner& owner,
                                            base::Timestamp first,
                                            std::optional<uint64_t>& greatest) {
  const std::string dir = archive_dir(fs::dir_name(live_path), owner.app);
  if (auto made = fs::make_dirs(dir); !made)
    return base::fail(std::move(made.error()));
  const std::string mark = mark_path(dir, owner.kind, owner.instance);
  auto known = greatest ? read_mark(mark) : greatest_sequence(dir, owner);
  if (!known) return base::fail(std::move(known.error()));
  greatest = std::max(*known, greatest.value_or(0)) + 1;
  Segment segment;
  segment.kind = owner.kind;
  segment.instance = owner.instance;
  segment.sequence = *greatest;
  segment.first = first;
  segment.raw = is_unstamped(live_path);
  note_mark(mark, segment.sequence);
  return fs::join(dir, segment_name(segment));
}

base::Status remove_segments(const std::string& live_dir, std::string_view app,
                             const std::vector<Segment>& segments,
                             Durably durably) {
  if (segments.empty()) return {};
  const std::string dir = archive_dir(live_dir, app);
  using Owner = std::pair<SegmentKind, int>;
  std::map<Owner, uint64_t> greatest;
  for (const auto& segment : segments) {
    auto& number = greatest[{segment.kind, segment.instance}];
    number = std::max(number, segment.sequence);
  }
  // A greater number that stays in the directory remembers as well as a mark,
  // for nothing: whatever makes the removal durable has made its name durable.
  auto names = fs::list_dir(dir);
  if (!names) return base::fail(std::move(names.error()));
  std::map<Owner, uint64_t> staying;
  for (const auto& name : *names)
    if (const auto segment = parse_segment_name(name)) {
      auto& number = staying[{segment->kind, segment->instance}];
      number = std::max(number, segment->sequence);
    }
  for (const auto& [owner, number] : greatest) {
    if (staying[owner] > number) continue;
    auto kept = keep_mark(dir, owner.first, owner.second, number);
    if (!kept) return kept;
  }
  for (const Segment& segment : segments) {
    // With what its archiving left, should that have been cut short. The times
    // go last: as long as there are lines, they have them.
    Segment plain = segment;
    plain.compressed = false;
    const std::string path = fs::join(dir, segment_name(plain));
    for (const auto& part :
         {path, archive_path(path), segment.path, sidecar_name(path)})
      if (auto gone = fs::unlink(part); !gone) return gone;
  }
  if (durably == Durably::No) return {};
  return fs::fsync_dir(dir);
}

}  // namespace store
