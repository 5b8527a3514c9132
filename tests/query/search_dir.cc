#include "query/search_dir.h"

#include <map>

#include "query/history.h"

namespace query_test {
namespace {

constexpr int64_t kStart = 1'795'256'100'000'000;

constexpr std::string_view kWords[] = {"error",
                                       "ERROR",
                                       "timeout",
                                       "user",
                                       "connection",
                                       "refused",
                                       "Kelvin",
                                       "ask",
                                       "status",
                                       "503",
                                       "8123",
                                       "10.0.0.7",
                                       "3f9d2c71",
                                       "deadlock",
                                       "shard-3",
                                       "Größe",
                                       "request",
                                       "INFO",
                                       "WARN",
                                       "path=/a",
                                       "id=42",
                                       "\xe2\x84\xaa"
                                       "elvin",
                                       "ma\xc5\xbf"
                                       "k",
                                       "\x1b[31mERROR\x1b[0m",
                                       "ti\x1b[1mme\x1b[0mout",
                                       "\xff\xfe",
                                       "a.b",
                                       "(x)",
                                       "level=error",
                                       "level=info status=503 req.id=abc"};

constexpr std::string_view kLines[] = {
    R"({"level":"error","msg":"payment failed","status":503,"req":{"id":"abc"}})",
    R"({"level":"info","msg":"pay\u006dent ok","status":200,"tags":["a","b"]})",
    "\x1b[2mprefix\x1b[0m {\"level\":\"warn\",\"sta\x1b[1mtus\":\"503\","
    "\"path\":\"\\/api\\/v1\"}\x1b[0m",
    "    at main (x.js:1:2)",
    "Caused by: java.io.IOException: refused",
    "",
    "}",
    "\r",
    "ERROR boom",
    "2026-11-21T10:15:02.123456Z in the text itself",
    R"({"a":1})",
    R"({"a":1,"level":"info"})",
    R"( {"a":{}})",
    R"({"@lodge":"2026-11-21T10:15:02.123456Z","a":1})",
    "{}",
    "\t{ }\r",
    "{{}}",
    "{x} timeout",
    R"(plain {"a":1})",
    "{"};

// Whether the last of these go on in a record is for the line before to say,
// which may lie in another frame or file.
constexpr std::string_view kTrace[] = {
    "Traceback (most recent call last):",
    "  File \"/srv/shop.py\", line 503, in ask",
    "  2026-11-29T10:00:00.1Z ERROR shop: raise",
    "    at main (x.js:1:2)",
    "ValueError: timeout of user",
    "shop.errors.RefusedError: status=503",
    "Error: refused",
    "KeyboardInterrupt\r",
    "    raise ValueError(\"ERROR\")",
    "ERRORError",
    "shop.errors.Refused: status=503"};

// Of an app that never begins a record.
constexpr std::string_view kEndless[] = {
    "    at main (x.js:1:2)",
    "  ERROR boom",
    "  level=error status=503",
    "\t{\"level\":\"info\",\"status\":503}",
    "",
    "  user timeout refused"};

}  // namespace

std::string SearchDir::text() {
  if (endless_ && number(0, 30) > 0) return one_of(std::span(kEndless));
  in_trace_ = number(0, in_trace_ ? 2 : 15) == 0 ? !in_trace_ : in_trace_;
  if (in_trace_) return one_of(std::span(kTrace));
  if (number(0, 3) == 0) return one_of(std::span(kLines));
  std::string text;
  for (int words = number(0, 6); words >= 0; --words) {
    if (!text.empty()) text += ' ';
    text += one_of(std::span(kWords));
  }
  if (number(0, 9) == 0) text += '\r';
  if (number(0, 30) == 0) text += std::string(1, '\0') + "nul";
  if (number(0, 200) == 0) text.append(3000, 'x').append(" timeout");
  return text;
}

void SearchDir::seal(const std::string& live, const store::SegmentOwner& owner,
                     uint64_t sequence, int64_t first, const std::string& bytes,
                     const std::vector<store::TimeEntry>& times) {
  store::Segment segment;
  segment.kind = owner.kind;
  segment.instance = owner.instance;
  segment.sequence = sequence;
  segment.first = {first};
  segment.raw = store::is_unstamped(live);
  const std::string archive = store::archive_dir(dir.path(), owner.app);
  REQUIRE(base::fs::make_dirs(archive));
  const auto path = base::fs::join(archive, store::segment_name(segment));
  auto fd = base::fs::open(path, O_RDWR | O_CREAT | O_EXCL);
  REQUIRE(fd);
  REQUIRE(base::fs::write_all(fd->get(), bytes, "segment"));
  if (segment.raw) {
    auto sidecar = store::TimesFile::open(store::sidecar_name(path));
    REQUIRE(sidecar);
    for (const auto& entry : times)
      REQUIRE(sidecar->append(entry.offset, entry.time));
  }
  if (number(0, 2) == 0) return;
  auto to = base::fs::open(store::archive_path(path), O_RDWR | O_CREAT);
  REQUIRE(to);
  store::ArchiveOptions options;
  options.frame_size = static_cast<uint64_t>(number(200, 3000));
  options.most_in_frame = number(0, 3) == 0 ? 2000 : 0;
  options.index_density = number(0, 4) == 0 ? 0 : 2.0;
  options.index_share = 1;
  REQUIRE(store::write_archive(fd->get(), path, !segment.raw, times, *to, "to",
                               options, {}));
  REQUIRE(base::fs::unlink(path));
}

void SearchDir::fill(const std::string& app, store::Stream stream, int instance,
                     const std::string& stamp) {
  const std::string live = LogDir::name(app, stream, instance, stamp);
  const bool plain = stamp == "none";
  const store::SegmentOwner owner{app,
                                  stream == store::Stream::Out
                                      ? store::SegmentKind::Out
                                      : store::SegmentKind::Error,
                                  instance};
  int64_t time = kStart + number(0, 1000);
  uint64_t sequence = 0;
  const int files = number(1, 4);
  for (int file = 0; file < files; ++file) {
    endless_ = number(0, endless_ ? 1 : 4) == 0 ? !endless_ : endless_;
    std::string bytes;
    std::vector<store::TimeEntry> times;
    const int64_t first = time;
    const int lines = number(0, 60);
    for (int i = 0; i < lines; ++i) {
      if (number(0, 2) > 0) time += number(1, 300'000);
      const std::string line = text();
      const auto place = store::find_member_place(line);
      if (plain) {
        if (times.empty() || times.back().time.us != time)
          times.push_back({bytes.size(), {time}});
        bytes += line;
      } else if (number(0, 12) == 0) {
        bytes += "foreign " + line;  // no stamp of its own
      } else if (place && (stamp == "json" || number(0, 1) == 0)) {
        bytes += line.substr(0, place->at);
        bytes += store::kMemberBegin;
        bytes += base::format_stamp({time}) + (place->comma ? "\"," : "\"");
        bytes += line.substr(place->at);
      } else {
        bytes += base::format_stamp({time}) + " " + line;
      }
      bytes += '\n';
    }
    ++time;
    if (file + 1 < files) {
      seal(live, owner, ++sequence, first, bytes, times);
      continue;
    }
    if (number(0, 2) == 0 && !bytes.empty()) bytes.pop_back();
    if (!plain) {
      dir.append(live, bytes);
      continue;
    }
    for (size_t i = 0; i < times.size(); ++i) {
      const size_t end =
          i + 1 < times.size() ? times[i + 1].offset : bytes.size();
      dir.append_at(live, times[i].time.us,
                    std::string_view(bytes).substr(times[i].offset,
                                                   end - times[i].offset));
    }
  }
}

std::vector<Shown> naive_history(const query::Origin& origin) {
  std::vector<Shown> lines;
  auto history = query::take_history(origin, 0);
  REQUIRE(history);
  std::optional<base::Timestamp> time;
  const auto read = [&](store::Log& log) {
    auto size = log.size();
    std::string bytes(*size, '\0');
    for (size_t have = 0; have < bytes.size();)
      have += *log.read_at(std::span(bytes).subspan(have), have);
    for (size_t at = 0; at < bytes.size();) {
      const size_t end = std::min(bytes.find('\n', at), bytes.size());
      const auto line = std::string_view(bytes).substr(at, end - at);
      std::string text(line);
      if (log.times() != nullptr) {
        time = *log.times()->at(at);
      } else {
        const auto parsed = store::parse_line(line);
        if (parsed.time) time = parsed.time;
        text = std::string(parsed.lead).append(parsed.text);
      }
      lines.push_back(
          {origin.label, origin.kind, time, text, end < bytes.size()});
      at = end + 1;
    }
  };
  for (const auto& segment : history->segments) {
    auto log = store::open_log(segment.path);
    REQUIRE(log);
    read(**log);
  }
  if (history->live) read(*history->live);
  return lines;
}

std::vector<Shown> naive_search(const query::Plan& plan,
                                const query::Query& query) {
  auto filter = query::LineFilter::compile(query.lines);
  REQUIRE(filter);
  std::map<std::string, std::vector<Shown>> by_app;
  std::vector<std::string> order;
  for (const auto& origin : plan.origins) {
    if (origin.kind == query::Kind::Events) continue;
    if (by_app.try_emplace(origin.app).second) order.push_back(origin.app);
    query::RecordJudge judge(*filter);
    for (auto& line : naive_history(origin)) {
      if (!judge.takes(line.text)) continue;
      if (query.since && (!line.time || *line.time < *query.since)) continue;
      if (query.until && (!line.time || *line.time >= *query.until)) continue;
      by_app[origin.app].push_back(std::move(line));
    }
  }
  auto all = merge_naively(order, by_app, query);
  if (query.reverse) std::ranges::reverse(all);
  return all;
}

}  // namespace query_test
