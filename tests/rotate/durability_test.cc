// Killed, refused or without power at any call: what is sealed is there, once.
#include <stdlib.h>

#include <set>

#include "rotate/archiving.h"
#include "rotate/durability_rig.h"
#include "rotate/recovery.h"
#include "rotate/stocked.h"
#include "store/times.h"

using namespace rotate_test;

namespace {

namespace fs = base::fs;

constexpr std::string_view kStamp = ".20261121T101502Z";

std::string path_of(const std::string& dir, const std::string& app,
                    const std::string& name, const std::string& ending) {
  return dir + "/archive/" + app + "/" + name + std::string(kStamp) + ending;
}

// In a child: what can't be prepared can't be proved.
void must(bool done) {
  if (!done) ::abort();
}

void put_file(const std::string& path, std::string_view text) {
  must(fs::make_dirs(fs::dir_name(path)).has_value());
  auto fd = fs::open(path, O_WRONLY | O_CREAT | O_EXCL);
  must(fd && fs::write_all(fd->get(), text, path));
}

std::string line(int number) {
  return base::format_stamp({kNow.us + number}) + " line " +
         std::to_string(number) + "\n";
}

void put_stamped(const std::string& dir, const std::string& name) {
  put_file(path_of(dir, "api", name, ".log"), line(1) + line(2));
}

void put_unstamped(const std::string& dir, const std::string& name) {
  const std::string path = path_of(dir, "web", name, ".raw.log");
  put_file(path, "one\ntwo\n");
  auto times = store::TimesFile::open(store::sidecar_name(path));
  must(times && times->append(0, {1}) && times->append(4, {2}));
}

store::Segment segment_at(const std::string& path) {
  auto segment = store::parse_segment_name(fs::base_name(path));
  must(segment.has_value());
  segment->path = path;
  return *segment;
}

// Every segment of `app` that is none yet.
bool archive_all(const std::string& dir, const std::string& app) {
  const auto segments = store::list_segments(dir, app);
  if (!segments) return false;
  for (const auto& segment : *segments)
    if (!segment.compressed && !rotate::archive_segment(segment, {}, {}))
      return false;
  return true;
}

std::string differs(const std::string& is, const std::string& should_be) {
  return is == should_be ? "" : "is:\n" + is + "should be:\n" + should_be;
}

std::string all_archived(const std::string& dir, const std::string& app) {
  const auto segments = store::list_segments(dir, app);
  for (const auto& segment : *segments)
    if (!segment.compressed) return "no archive: " + segment.path;
  const auto names = fs::list_dir(store::archive_dir(dir, app));
  for (const auto& name : *names)
    if (name.ends_with(".idx")) return "left: " + name;
  return "";
}

const std::string kApi = "api out.0000000001 " + line(1) + line(2) + "\n";
const std::string kWeb = "web out.0000000001 one\ntwo\n 0@1 4@2\n";

rotate::Removal removal_of(const std::string& dir, const std::string& app,
                           const std::string& name, const std::string& ending) {
  rotate::Removal removal;
  removal.file.app = app;
  removal.file.path = path_of(dir, app, name, ending);
  return removal;
}

}  // namespace

TEST_CASE("durable: a segment becomes an archive") {
  prove_durable({
      .prepare =
          [](const std::string& dir) { put_stamped(dir, "out.0000000001"); },
      .act = [](const std::string& dir) { return archive_all(dir, "api"); },
      .judge =
          [](const std::string& dir) {
            return differs(sealed_text(dir), kApi);
          },
      .judge_end =
          [](const std::string& dir) {
            return differs(sealed_text(dir), kApi) + all_archived(dir, "api");
          },
  });
}

TEST_CASE("durable: a segment without stamps becomes an archive") {
  prove_durable({
      .prepare =
          [](const std::string& dir) { put_unstamped(dir, "out.0000000001"); },
      .act = [](const std::string& dir) { return archive_all(dir, "web"); },
      .judge =
          [](const std::string& dir) {
            return differs(sealed_text(dir), kWeb);
          },
      .judge_end =
          [](const std::string& dir) {
            return differs(sealed_text(dir), kWeb) + all_archived(dir, "web");
          },
  });
}

TEST_CASE("durable: an archive is made anew at another level") {
  prove_durable({
      .prepare =
          [](const std::string& dir) {
            put_unstamped(dir, "out.0000000001");
            must(archive_all(dir, "web"));
          },
      .act =
          [](const std::string& dir) {
            const auto path =
                path_of(dir, "web", "out.0000000001", ".raw.log.zst");
            store::ArchiveOptions options;
            options.level = 9;
            return rotate::recompress(segment_at(path), options, {})
                .has_value();
          },
      .judge =
          [](const std::string& dir) {
            return differs(sealed_text(dir), kWeb);
          },
      .judge_end =
          [](const std::string& dir) {
            return differs(sealed_text(dir), kWeb);
          },
  });
}

TEST_CASE("durable: retention deletes whole files and gives no number again") {
  const auto next = [](const std::string& dir, const char* app,
                       uint64_t least) -> std::string {
    const auto number =
        store::next_sequence(dir, {app, store::SegmentKind::Out, 0});
    if (number && *number >= least) return "";
    return std::string("a number of ") + app + " is given again";
  };
  // Each file is there whole or not at all; what is not meant stays.
  const auto judge = [next](const std::string& dir) -> std::string {
    const std::string text = sealed_text(dir);
    std::set<std::string> allowed;
    const std::string api[] = {"api out.0000000001 one\n",
                               "api out.0000000002 two\n", ""};
    // Its times may be gone before it is: the two names are not synced apart.
    const std::string web[] = {"web out.0000000003 one\ntwo\n 0@1 4@2\n",
                               "web out.0000000003 one\ntwo\n\n", ""};
    for (const auto& first : {api[0], api[2]})
      for (const auto& second : {api[1], api[2]})
        for (const auto& of_web : web)
          allowed.insert(first + second + "api out.0000000003 three\n" +
                         of_web);
    if (!allowed.contains(text)) return "is:\n" + text;
    return next(dir, "api", 4) + next(dir, "web", 4);
  };
  prove_durable({
      .prepare =
          [](const std::string& dir) {
            int number = 1;
            for (const char* const text : {"one", "two", "three"})
              put_file(
                  path_of(dir, "api",
                          "out.000000000" + std::to_string(number++), ".log"),
                  text);
            put_unstamped(dir, "out.0000000003");
          },
      .act =
          [](const std::string& dir) {
            const rotate::Removal removals[] = {
                removal_of(dir, "api", "out.0000000001", ".log"),
                removal_of(dir, "api", "out.0000000002", ".log"),
                removal_of(dir, "web", "out.0000000003", ".raw.log")};
            return rotate::remove_stored(removals).has_value();
          },
      .judge = judge,
      .judge_end =
          [next](const std::string& dir) {
            return differs(sealed_text(dir), "api out.0000000003 three\n") +
                   next(dir, "api", 4) + next(dir, "web", 4);
          },
  });
}

TEST_CASE("durable: recovery of what was cut short in every way") {
  // Of web, a whole archive beside its segment and sidecar; of api, one that is
  // not whole, a temporary, and a sidecar that nobody needs.
  const auto prepare = [](const std::string& dir) {
    put_unstamped(dir, "out.0000000001");
    must(archive_all(dir, "web"));
    put_unstamped(dir, "out.0000000001");
    put_stamped(dir, "out.0000000001");
    const auto api = path_of(dir, "api", "out.0000000001", "");
    put_file(api + ".log.zst", "half an archi");
    put_file(dir + "/archive/api/.x.log.zst.tmp-0123456789abcdef", "half");
    put_file(dir + "/archive/api/out.0000000000000.tmp", "somebody's");
    put_file(path_of(dir, "api", "error.0000000002", ".raw.idx"), "of a seal");
    put_file(dir + "/.api-out.log.tmp-0123456789abcdef", "");
  };
  const auto judge = [](const std::string& dir) {
    return differs(sealed_text(dir), kApi + kWeb) + all_archived(dir, "web") +
           (fs::exists(dir + "/archive/api/out.0000000000000.tmp")
                ? ""
                : "what is not ours is gone");
  };
  prove_durable({
      .prepare = prepare,
      .act =
          [](const std::string& dir) {
            return rotate::recover(dir, rig_catalog()).problems.empty();
          },
      .judge = judge,
      .judge_end = judge,
      .is_recovery = true,
  });
}
