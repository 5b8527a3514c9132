#include "cli/archive_verify.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/units.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/stored_files.h"
#include "cli/text_cells.h"
#include "store/archive_log.h"

namespace cli {
namespace {

using Json = nlohmann::ordered_json;

struct Verdict {
  std::set<std::string> problems;
  uint64_t raw = 0;
  bool gone = false;
};

void verify_archive(store::ArchiveReader archive, Verdict& verdict) {
  std::string bytes;
  for (size_t i = 0; i < archive.frames().size(); ++i) {
    const auto frame = archive.frames()[i];
    auto read = archive.read_frame(i, bytes);
    if (!read) {
      verdict.problems.insert(read.error().message);
      continue;
    }
    verdict.raw += bytes.size();
    const auto lines = static_cast<uint64_t>(std::ranges::count(bytes, '\n'));
    if (archive.has_index() && lines != frame.lines)
      verdict.problems.insert(fmt::format(
          "{}: the index tells of {} lines in the frame at {}, it has {}",
          archive.name(), frame.lines, frame.offset, lines));
  }
  archive.verify_index();
  for (const auto& problem : archive.problems())
    verdict.problems.insert(problem.message);
}

void verify_segment(store::Log& log, Verdict& verdict) {
  std::string chunk(size_t{1} << 20, '\0');
  for (;;) {
    auto n = log.read_at(chunk, verdict.raw);
    if (!n) {
      verdict.problems.insert(n.error().message);
      return;
    }
    if (*n == 0) return;
    verdict.raw += *n;
  }
}

Verdict verify(const rotate::Stored& file) {
  Verdict verdict;
  const auto failed = [&](const base::Error& error) {
    verdict.gone = error.code == base::Errc::NotFound;
    if (!verdict.gone) verdict.problems.insert(error.message);
  };
  if (file.compressed) {
    auto archive = store::open_archive(file.path);
    if (archive)
      verify_archive(std::move(*archive), verdict);
    else
      failed(archive.error());
  } else {
    auto log = store::open_log(file.path);
    if (log)
      verify_segment(**log, verdict);
    else
      failed(log.error());
  }
  return verdict;
}

// Numbers are never given twice and files go from the oldest on: a number that
// is missing in between was deleted by hand.
std::string missing_before(const rotate::Stored* before,
                           const rotate::Stored& file) {
  if (before == nullptr || before->app != file.app ||
      before->kind != file.kind || before->instance != file.instance ||
      before->sequence + 1 >= file.sequence)
    return {};
  return fmt::format("{}: {} of the files before it are missing", file.path,
                     file.sequence - before->sequence - 1);
}

}  // namespace

int run_verify(const Invocation& invocation) {
  auto files = stored_files(invocation);
  if (!files) return files.error();
  Progress progress("verifying", files->size(), invocation.silent);
  uint64_t raw = 0;
  size_t damaged = 0;
  const rotate::Stored* before = nullptr;
  for (size_t i = 0; i < files->size(); ++i) {
    const auto& file = (*files)[i];
    progress.at(i + 1, raw);
    const auto verdict = verify(file);
    if (verdict.gone) continue;  // deleted meanwhile
    raw += verdict.raw;
    const auto hole = missing_before(before, file);
    before = &file;
    if (!verdict.problems.empty()) ++damaged;
    if (invocation.json) {
      Json json{{"v", 1},
                {"app", file.app},
                {"file", file.path},
                {"ok", verdict.problems.empty()},
                {"raw_bytes", verdict.raw},
                {"problems", Json::array()}};
      for (const auto& problem : verdict.problems)
        json["problems"].push_back(problem);
      if (!hole.empty()) json["missing"] = hole;
      say(invocation,
          json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
      continue;
    }
    progress.clear();
    if (!hole.empty()) say(invocation, printable(hole) + "\n");
    for (const auto& problem : verdict.problems)
      report(invocation, {base::Errc::Invalid, 0, problem, {}}, kUsage);
  }
  progress.clear();
  if (!invocation.json)
    say(invocation,
        fmt::format("{} files, {} of log lines: {}\n", files->size(),
                    base::format_size(raw),
                    damaged == 0 ? std::string("all is well")
                                 : fmt::format("{} damaged", damaged)));
  return damaged == 0 ? kDone : kUsage;
}

}  // namespace cli
