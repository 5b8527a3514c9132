// For archive.py: makes an archive of a log, and says in JSON what that took.
//
//   bench_archive FROM TO [--level N] [--stamped yes|no] [--index yes|no]

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/fs.h"
#include "store/archive_writer.h"

namespace {

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) +
           static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: see bench/archive.cc\n", stderr);
    return 2;
  }
  store::ArchiveOptions options;
  bool stamped = true;
  for (int i = 3; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--level") options.level = std::atoi(argv[i + 1]);
    if (name == "--stamped") stamped = std::string_view(argv[i + 1]) == "yes";
    if (name == "--index" && std::string_view(argv[i + 1]) == "no")
      options.index_density = 0;
  }
  auto from = base::fs::open(argv[1], O_RDONLY);
  auto to = base::fs::open(argv[2], O_WRONLY | O_CREAT | O_TRUNC);
  if (!from || !to) return 1;
  const auto begun = std::chrono::steady_clock::now();
  const auto done = store::write_archive(from->get(), argv[1], stamped, {}, *to,
                                         argv[2], options, {});
  const std::chrono::duration<double> took =
      std::chrono::steady_clock::now() - begun;
  if (!done) {
    std::fprintf(stderr, "%s\n", done.error().message.c_str());
    return 1;
  }
  fmt::print(R"({{"raw":{},"stored":{},"index":{},"lines":{},"frames":{},)"
             R"("seconds":{:.6f},"cpu":{:.6f}}})"
             "\n",
             done->raw, done->stored, done->index, done->lines, done->frames,
             took.count(), cpu_seconds());
  return 0;
}
