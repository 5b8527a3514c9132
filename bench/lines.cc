// Numbered lines for the capture bench: written faster than any logger reads,
// and found again behind whatever stamp it put before them.
//
//   bench_lines write [--size N] [--lines N] [--seconds S] [--rate LINES/S]
//                     [--each yes] [--report FILE]
//   bench_lines check [--size N] [--lines N] FILE...
//
// write: lines of N bytes (100) to stdout in blocks of 64 KiB that end where
// they end, or each by its own write(2); until any limit is reached. The report
// is JSON, with the monotonic clock before the first write and after the last.
// check: the files in order; JSON of what is missing, there twice, no line of
// ours. Without --lines nothing is missing after the greatest number seen.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr size_t kBlock = 65536;
constexpr size_t kDigits = 12;
constexpr size_t kHead = 1 + kDigits + 1;  // "#000000000042 "

struct Options {
  size_t size = 100;
  uint64_t lines = UINT64_MAX;
  double seconds = 1e9;
  double rate = 0;
  bool each = false;
  std::string report;
  std::vector<std::string> files;
};

uint64_t now_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000ull +
         static_cast<uint64_t>(t.tv_nsec);
}

// What follows the number of every line, with its '\n'.
std::string rest_of_line(size_t size) {
  constexpr std::string_view kText =
      "GET /api/v1/orders?page=2 200 12ms conn=7 ";
  std::string rest;
  while (rest.size() < size - kHead - 1) rest += kText;
  rest.resize(size - kHead - 1);
  return rest + '\n';
}

bool write_all(const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t n = ::write(1, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

void sleep_until(uint64_t ns) {
  const timespec due{static_cast<time_t>(ns / 1'000'000'000ull),
                     static_cast<long>(ns % 1'000'000'000ull)};
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr) ==
         EINTR) {
  }
}

// Lines are laid out once, so many that they fill whole blocks; then only their
// numbers change.
class Pattern {
 public:
  explicit Pattern(size_t size)
      : size_(size), text_(size * kBlock / std::gcd(size, kBlock), '\0') {
    const std::string rest = rest_of_line(size);
    for (size_t at = 0; at < text_.size(); at += size) {
      text_[at] = '#';
      text_[at + kHead - 1] = ' ';
      rest.copy(text_.data() + at + kHead, rest.size());
    }
  }
  size_t lines() const { return text_.size() / size_; }
  const char* data() const { return text_.data(); }
  size_t size() const { return text_.size(); }

  void number() {
    for (size_t at = 0; at < text_.size(); at += size_) {
      std::memcpy(text_.data() + at + 1, digits_, kDigits);
      for (size_t i = kDigits; i-- > 0;) {
        if (digits_[i] != '9') {
          ++digits_[i];
          break;
        }
        digits_[i] = '0';
      }
    }
  }

 private:
  const size_t size_;
  std::string text_;
  char digits_[kDigits + 1] = "000000000000";
};

int write_lines(const Options& options) {
  Pattern pattern(options.size);
  const size_t step = options.each ? options.size : kBlock;
  const uint64_t most = options.lines > UINT64_MAX / options.size
                            ? UINT64_MAX
                            : options.lines * options.size;
  const uint64_t begin = now_ns();
  const uint64_t end =
      begin + static_cast<uint64_t>(std::min(options.seconds, 1e9) * 1e9);
  uint64_t bytes = 0;
  bool going = true;
  while (going) {
    pattern.number();
    for (size_t at = 0; going && at < pattern.size(); at += step) {
      // The last write ends with a line, wherever the clock stops us.
      const uint64_t left = most - bytes;
      going = left > step && now_ns() < end;
      size_t size = std::min<uint64_t>(step, left);
      if (!going && size == step) size -= (bytes + size) % options.size;
      if (!write_all(pattern.data() + at, size)) return 1;
      bytes += size;
      if (options.rate > 0) {
        // Every ten milliseconds, not for each line: two hundred writers that
        // wake a thousand times a second are a load of their own.
        const auto due = begin + static_cast<uint64_t>(
                                     static_cast<double>(bytes / options.size) *
                                     1e9 / options.rate);
        if (due > now_ns() + 10'000'000) sleep_until(due);
      }
    }
  }
  if (options.report.empty()) return 0;
  const std::string text = fmt::format(
      "{{\"lines\":{},\"bytes\":{},\"begin_ns\":{},\"end_ns\":{}}}\n",
      bytes / options.size, bytes, begin, now_ns());
  const std::string half = options.report + ".new";
  const int fd = ::open(half.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd < 0) return 1;
  const bool whole = ::write(fd, text.data(), text.size()) ==
                     static_cast<ssize_t>(text.size());
  ::close(fd);
  // By rename: whoever waits for the report reads it at once.
  if (!whole || ::rename(half.c_str(), options.report.c_str()) != 0) return 1;
  return 0;
}

class Check {
 public:
  explicit Check(size_t size) : size_(size), rest_(rest_of_line(size)) {}

  // `line` with its '\n', if it has one.
  void take(std::string_view line) {
    const size_t mark = line.substr(0, 64).find('#');
    if (mark == line.npos || line.size() - mark != size_ ||
        line.substr(mark + kHead) != rest_) {
      ++damaged_;
      return;
    }
    uint64_t number = 0;
    for (size_t i = 1; i <= kDigits; ++i) {
      const char c = line[mark + i];
      if (c < '0' || c > '9') {
        ++damaged_;
        return;
      }
      number = number * 10 + static_cast<uint64_t>(c - '0');
    }
    if (number >= seen_.size()) {
      if (number > 1'000'000'000ull) {
        ++damaged_;
        return;
      }
      seen_.resize(std::max<size_t>(number + 1, seen_.size() * 2));
    }
    if (seen_[number]) ++doubled_;
    if (number < greatest_) ++unordered_;
    if (!seen_[number]) ++lines_;
    seen_[number] = true;
    greatest_ = std::max(greatest_, number);
  }

  bool file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    std::string held;
    std::vector<char> chunk(size_t{1} << 20);
    for (;;) {
      const ssize_t n = ::read(fd, chunk.data(), chunk.size());
      if (n <= 0) break;
      std::string_view text(chunk.data(), static_cast<size_t>(n));
      size_t at = 0;
      for (;;) {
        const size_t newline = text.find('\n', at);
        if (newline == text.npos) break;
        if (held.empty()) {
          take(text.substr(at, newline + 1 - at));
        } else {
          held.append(text.substr(at, newline + 1 - at));
          take(held);
          held.clear();
        }
        at = newline + 1;
      }
      held.append(text.substr(at));
    }
    if (!held.empty()) take(held);
    ::close(fd);
    return true;
  }

  void print(uint64_t wanted) const {
    if (wanted == UINT64_MAX) wanted = lines_ == 0 ? 0 : greatest_ + 1;
    fmt::print(
        "{{\"lines\":{},\"lost\":{},\"doubled\":{},\"damaged\":{},"
        "\"unordered\":{}}}\n",
        lines_, wanted - std::min(lines_, wanted), doubled_, damaged_,
        unordered_);
  }

 private:
  const size_t size_;
  const std::string rest_;
  std::vector<bool> seen_;
  uint64_t lines_ = 0, doubled_ = 0, damaged_ = 0, unordered_ = 0;
  uint64_t greatest_ = 0;
};

int check_lines(const Options& options) {
  Check check(options.size);
  for (const auto& path : options.files)
    if (!check.file(path)) {
      fmt::print(stderr, "bench_lines: {}: {}\n", path, std::strerror(errno));
      return 1;
    }
  check.print(options.lines);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 2; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (!word.starts_with("--")) {
      options.files.emplace_back(word);
      continue;
    }
    if (i + 1 == argc) return 2;
    const char* const value = argv[++i];
    if (word == "--size") options.size = std::strtoull(value, nullptr, 10);
    if (word == "--lines") options.lines = std::strtoull(value, nullptr, 10);
    if (word == "--seconds") options.seconds = std::strtod(value, nullptr);
    if (word == "--rate") options.rate = std::strtod(value, nullptr);
    if (word == "--each") options.each = std::string_view(value) == "yes";
    if (word == "--report") options.report = value;
  }
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (options.size < kHead + 2 || options.size > kBlock) return 2;
  if (command == "write") return write_lines(options);
  if (command == "check") return check_lines(options);
  return 2;
}
