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
#include "cli/sealed_look.h"
#include "cli/stored_files.h"
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

void tell_missing(const Invocation& invocation, const MissingFiles& files) {
  const auto words = files.words();
  if (!invocation.json) {
    report(invocation,
           {base::Errc::NotFound, 0, files.place + ": " + words, {}}, kUsage);
    return;
  }
  const Json json{{"v", 1},
                  {"app", files.app},
                  {"file", files.place},
                  {"ok", false},
                  {"raw_bytes", 0},
                  {"problems", Json::array({words})},
                  {"missing", files.count()}};
  say(invocation,
      json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::string summary(size_t damaged, uint64_t missing) {
  std::string words;
  if (damaged > 0) words = fmt::format("{} damaged", damaged);
  if (missing > 0)
    words += fmt::format("{}{} missing", words.empty() ? "" : ", ", missing);
  return words.empty() ? "all is well" : words;
}

}  // namespace

int run_verify(const Invocation& invocation) {
  const auto chosen = chosen_apps(invocation);
  if (!chosen) return chosen.error();
  const auto looked =
      look_at_sealed(chosen->logs, chosen->catalog, chosen->instances);
  if (!looked) return report(invocation, looked.error(), kUsage);
  const auto& files = looked->files;
  Progress progress("verifying", files.size(), invocation.silent);
  uint64_t raw = 0;
  size_t damaged = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    const auto& file = files[i];
    progress.at(i + 1, raw);
    const auto verdict = verify(file);
    if (verdict.gone) continue;  // deleted meanwhile
    raw += verdict.raw;
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
      say(invocation,
          json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
      continue;
    }
    progress.clear();
    for (const auto& problem : verdict.problems)
      report(invocation, {base::Errc::Invalid, 0, problem, {}}, kUsage);
  }
  progress.clear();
  uint64_t missing = 0;
  for (const auto& gone : looked->missing) {
    missing += gone.count();
    tell_missing(invocation, gone);
  }
  if (!invocation.json)
    say(invocation,
        fmt::format("{} files, {} of log lines: {}\n", files.size(),
                    base::format_size(raw), summary(damaged, missing)));
  return damaged == 0 && missing == 0 ? kDone : kUsage;
}

}  // namespace cli
