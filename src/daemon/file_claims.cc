#include "daemon/file_claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/fs.h"
#include "daemon/log_files.h"
#include "store/epoch.h"
#include "store/live_file.h"

namespace daemon_ {
namespace {

namespace fs = base::fs;
using base::Errc;
using config::AppSpec;
using config::LogSettings;
using store::Stream;

// One stream of one instance, and the file it wants.
struct Claim {
  const AppSpec* spec = nullptr;
  int number = 0;
  Stream stream = Stream::Out;
  std::string path;
};

std::vector<Claim> claims_of(const AppFiles& app, const std::string& log_dir) {
  std::vector<Claim> claims;
  const auto add = [&](int number, Stream stream, const std::string& file) {
    if (file.empty()) return;
    claims.push_back(
        {app.spec, number, stream, store::file_path(log_dir, file)});
  };
  for (const int number : app.numbers) {
    const auto files = files_of(*app.spec, 0, number, log_dir);
    add(number, Stream::Out, files.out_file);
    add(number, Stream::Error, files.error_file);
  }
  return claims;
}

// Names of one file through different links to its directory are one name.
class Identities {
 public:
  std::string of(const std::string& path) {
    const auto dir = fs::dir_name(path);
    auto known = dirs_.find(dir);
    if (known == dirs_.end()) {
      const auto info = fs::stat(dir);
      const auto identity =
          info ? fmt::format("{}:{}", info->st_dev, info->st_ino) : dir;
      known = dirs_.emplace(dir, identity).first;
    }
    return known->second + "/" + fs::base_name(path);
  }

 private:
  std::map<std::string, std::string> dirs_;
};

bool may_share(const Claim& one, const Claim& other) {
  const LogSettings& log = one.spec->log;
  if (one.number != other.number && !log.merge_logs) return false;
  return one.stream == other.stream ||
         (log.out_file.empty() && log.error_file.empty());
}

base::Status check_own(const std::vector<Claim>& claims,
                       Identities& identities) {
  std::map<std::string, const Claim*> first;
  for (const auto& claim : claims) {
    const auto [at, fresh] = first.emplace(identities.of(claim.path), &claim);
    if (fresh || may_share(*at->second, claim)) continue;
    const auto& name = claim.spec->name;
    if (at->second->number != claim.number)
      return base::fail(
          Errc::Invalid,
          fmt::format("{}: instances {} and {} would both write {}", name,
                      at->second->number, claim.number, claim.path),
          "name another file, or merge them: --merge-logs");
    return base::fail(Errc::Invalid,
                      fmt::format("{}: stdout and stderr would both go to {}",
                                  name, claim.path),
                      "for one file of both streams: --log " + claim.path);
  }
  return {};
}

std::unexpected<base::Error> taken(const Claim& claim, std::string_view owner) {
  return base::fail(
      Errc::Exists,
      fmt::format("{}: {} belongs to {}", claim.spec->name, claim.path, owner),
      fmt::format("name another file: {} FILE",
                  claim.stream == Stream::Out ? "--output" : "--error"));
}

// A file that was named by somebody, not by us.
base::Status check_place(const Claim& claim, const base::Home& home) {
  const auto& path = claim.path;
  const auto wrong = [&](std::string_view why) {
    return base::fail(Errc::Invalid,
                      fmt::format("{}: {}: {}", claim.spec->name, path, why),
                      "name another file, or none: lodge has names of its own");
  };
  const auto name = fs::base_name(path);
  const bool in_logs = fs::dir_name(path) == home.logs();
  if (path.starts_with(home.root() + "/") && !in_logs)
    return wrong("the place is lodge's own");
  if (in_logs && (name == store::kCatalogName || name == store::kArchiveDir ||
                  name == store::kEpochName || name.ends_with("-events.log") ||
                  fs::is_temporary(name)))
    return wrong("the name is lodge's own");
  // Readers go by the name: they would take stamps for the app's own words.
  if (claim.spec->log.stamp != LogSettings::Stamp::None &&
      store::is_unstamped(path))
    return wrong("*.raw.log is for files without times (log.stamp: none)");
  if (store::is_sidecar(path)) return wrong("*.raw.idx is for lodge's times");
  const auto info = fs::link_stat(path);
  if (info && !S_ISREG(info->st_mode)) return wrong("not a regular file");
  return {};
}

// As capture will: what it could not open would keep the app waiting.
base::Status check_writable(const Claim& claim) {
  const bool there = fs::exists(claim.path);
  auto file = store::LiveFile::open(claim.path);
  if (!file) return base::pass(std::move(file), claim.spec->name);
  if (!there) (void)fs::unlink(claim.path);
  return {};
}

}  // namespace

struct FileClaims::State {
  const base::Home& home;
  std::string log_dir;
  Identities identities = {};
  // Both by the identity of the file.
  std::map<std::string, std::string> owners = {};  // names
  // What others wrote before is theirs as long as it is there.
  std::map<std::string, const store::CatalogApp*> former = {};

  void claim(const AppFiles& app) {
    for (const auto& claim : claims_of(app, log_dir))
      owners.emplace(identities.of(claim.path), claim.spec->name);
  }
  base::Status check(const Claim& claim);
};

AppFiles app_files(const AppSpec& spec, std::span<const int> there) {
  const auto wanted = static_cast<size_t>(spec.instances);
  const auto kept = there.first(std::min(there.size(), wanted));
  AppFiles files{&spec, {kept.begin(), kept.end()}};
  for (int number = 0; files.numbers.size() < wanted; ++number)
    if (std::ranges::count(files.numbers, number) == 0)
      files.numbers.push_back(number);
  return files;
}

FileClaims::FileClaims(const std::vector<AppFiles>& others,
                       const store::Catalog& catalog, const base::Home& home)
    : state_(std::make_unique<State>(State{home, home.logs()})) {
  for (const auto& other : others) state_->claim(other);
  for (const auto& app : catalog.apps)
    for (const auto& file : store::files_of(app))
      state_->former.emplace(
          state_->identities.of(store::file_path(state_->log_dir, file.file)),
          &app);
}

FileClaims::~FileClaims() = default;

base::Status FileClaims::State::check(const Claim& claim) {
  const auto identity = identities.of(claim.path);
  const auto owner = owners.find(identity);
  if (owner != owners.end() && owner->second != claim.spec->name)
    return taken(claim, owner->second);
  const auto wrote = former.find(identity);
  if (wrote == former.end() || wrote->second->name == claim.spec->name)
    return {};
  const auto info = fs::stat(claim.path);
  if (!info || info->st_size == 0) return {};
  return base::fail(
      Errc::Exists,
      fmt::format("{}: {} has the lines of {}{}", claim.spec->name, claim.path,
                  wrote->second->name, wrote->second->deleted ? " (gone)" : ""),
      fmt::format("name another file, or empty it: lodge flush {}",
                  wrote->second->name));
}

base::Status FileClaims::add(const AppFiles& app) {
  const auto claims = claims_of(app, state_->log_dir);
  if (auto own = check_own(claims, state_->identities); !own) return own;
  for (const auto& claim : claims)
    if (auto free = state_->check(claim); !free) return free;
  for (const auto& claim : claims) {
    if (!is_named(app.spec->log, claim.stream)) continue;
    if (auto place = check_place(claim, state_->home); !place) return place;
    if (auto writable = check_writable(claim); !writable) return writable;
  }
  state_->claim(app);
  return {};
}

}  // namespace daemon_
