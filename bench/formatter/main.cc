// How fast lines are stamped, against the naive loop in the same run: memchr,
// then memcpy of stamp and line. GB/s of the child's bytes; the best of several
// rounds of a few milliseconds each.

#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "capture/line_stamping.h"

namespace {

constexpr size_t kBatch = size_t{64} << 10;  // what a pipe gives at once
constexpr std::string_view kStamp = "2026-11-21T10:15:02.123456Z ";

size_t naive(std::string_view bytes, bool& mid_line, char* out) {
  char* to = out;
  while (!bytes.empty()) {
    const void* const newline = std::memchr(bytes.data(), '\n', bytes.size());
    const size_t size =
        newline == nullptr
            ? bytes.size()
            : static_cast<size_t>(static_cast<const char*>(newline) -
                                  bytes.data()) +
                  1;
    if (!mid_line) {
      std::memcpy(to, kStamp.data(), kStamp.size());
      to += kStamp.size();
    }
    std::memcpy(to, bytes.data(), size);
    to += size;
    mid_line = newline == nullptr;
    bytes.remove_prefix(size);
  }
  return static_cast<size_t>(to - out);
}

template <class Work>
double gigabytes_a_second(const std::string& bytes, Work work) {
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int round = 0; round < 15; ++round) {
    const auto begin = Clock::now();
    size_t done = 0;
    while (done < (size_t{16} << 20))
      for (size_t at = 0; at < bytes.size(); at += kBatch)
        done += work(std::string_view(bytes).substr(at, kBatch));
    const std::chrono::duration<double, std::nano> took = Clock::now() - begin;
    best = std::max(best, static_cast<double>(done) / took.count());
  }
  return best;
}

// Lines of `size` bytes, or, varied, of size / 2 to size * 3 / 2.
std::string lines(size_t size, bool varied) {
  std::minstd_rand random(1);
  std::string bytes;
  while (bytes.size() < (size_t{1} << 20)) {
    const size_t length = varied ? size / 2 + random() % (size + 1) : size;
    bytes += std::string(length, 'x') + '\n';
  }
  return bytes;
}

}  // namespace

int main() {
  struct Row {
    const char* name;
    capture::Simd simd;
  };
  const Row rows[] = {{"plain", capture::Simd::Plain},
                      {"sse2", capture::Simd::Sse2},
                      {"avx2", capture::Simd::Avx2},
                      {"neon", capture::Simd::Neon}};
  std::vector<char> out(29 * kBatch + 4096);
  fmt::print("{:>16} {:>8}", "bytes a line", "naive");
  for (const auto& row : rows)
    if (capture::is_supported(row.simd)) fmt::print(" {:>14}", row.name);
  fmt::print("   GB/s (of naive's time)\n");
  for (const bool varied : {false, true}) {
    for (const size_t size : {0, 10, 40, 120, 250, 1000, 1 << 20}) {
      if (varied && (size == 0 || size > 1000)) continue;
      const std::string bytes = lines(size, varied);
      bool mid_line = false;
      const double plain = gigabytes_a_second(bytes, [&](auto batch) {
        naive(batch, mid_line, out.data());
        return batch.size();
      });
      fmt::print("{:>16} {:8.2f}",
                 fmt::format("{}{}", varied ? "about " : "", size), plain);
      for (const auto& row : rows) {
        if (!capture::is_supported(row.simd)) continue;
        mid_line = false;
        const double ours = gigabytes_a_second(bytes, [&](auto batch) {
          return capture::stamp_lines(batch, kStamp, mid_line, out, row.simd)
              .consumed;
        });
        fmt::print(" {:7.2f} ({:3.0f}%)", ours, 100 * plain / ours);
      }
      fmt::print("\n");
    }
  }
  return 0;
}
