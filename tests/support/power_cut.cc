#include "support/power_cut.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>

namespace support {
namespace {

namespace fs = std::filesystem;

struct File {
  std::string bytes;   // at last, or when it was removed
  bool dirty = false;  // written since it was synced
};

// A name in a directory now means another file, or none.
struct Change {
  std::string dir;
  std::string name;
  std::optional<size_t> file;
  bool synced = false;
};

std::string dir_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "power cut: %s\n", why.c_str());
  std::abort();
}

class Disk {
 public:
  explicit Disk(const Tree& before) : before_(before) {
    for (const auto& [path, bytes] : before) {
      names_[path] = files_.size();
      files_.push_back({bytes});
      dirs_.insert(dir_of(path));
    }
    start_ = names_;
  }

  void play(std::string_view op, const std::string& path,
            const std::string& from) {
    if (op == "open") {
      nameless_.erase(path);  // it may be made anew
    } else if (nameless_.contains(path) && op != "link") {
      return;  // gone with the power
    } else if (op == "write" || op == "truncate") {
      files_[at(path)].dirty = true;
    } else if (op == "fsync") {
      sync(path);
    } else if (op == "unlink") {
      if (names_.contains(path)) change(path, std::nullopt);
      nameless_.insert(path);
    } else if (op == "link") {
      change(path, at(from));
    } else if (op == "rename") {
      const size_t file = at(from);
      // Both at once, or none.
      const size_t begin = changes_.size();
      change(path, file);
      change(from, std::nullopt);
      together_.insert(begin);
    }
  }

  // What was made and not written, and all bytes.
  void end(const Tree& after) {
    for (const auto& [path, bytes] : after) files_[at(path)].bytes = bytes;
    for (const auto& [path, file] : names_)
      if (!after.contains(path)) give_up(path + " is not there in the end");
  }

  std::vector<Tree> cuts() const {
    size_t pending = 0;
    for (const Change& change : changes_) pending += change.synced ? 0 : 1;
    std::set<Tree> trees;
    for (size_t done = 0; done <= pending; ++done)
      for (int bytes = 0; bytes < 4; ++bytes) trees.insert(cut(done, bytes));
    return {trees.begin(), trees.end()};
  }

 private:
  size_t at(const std::string& path) {
    const auto known = names_.find(path);
    if (known != names_.end()) return known->second;
    files_.push_back({"", true});
    change(path, files_.size() - 1);
    return files_.size() - 1;
  }

  void change(const std::string& path, std::optional<size_t> file) {
    changes_.push_back({dir_of(path), path, file});
    if (file)
      names_[path] = *file;
    else
      names_.erase(path);
  }

  void sync(const std::string& path) {
    if (names_.contains(path) || !dirs_.contains(path)) {
      files_[at(path)].dirty = false;
      return;
    }
    for (Change& change : changes_)
      if (change.dir == path) change.synced = true;
  }

  std::string bytes_of(const File& file, int form) const {
    if (!file.dirty || form == 3) return file.bytes;
    if (form == 0) return "";
    if (form == 1) return file.bytes.substr(0, file.bytes.size() / 2);
    return std::string(file.bytes.size(), '\0');
  }

  // With so many of the changes that no sync made sure.
  Tree cut(size_t done, int form) const {
    auto names = start_;
    bool last = false;
    for (size_t i = 0; i < changes_.size(); ++i) {
      const bool is_second = i > 0 && together_.contains(i - 1);
      bool applies = changes_[i].synced || done > 0;
      if (is_second && !changes_[i].synced) applies = last;
      if (!changes_[i].synced && done > 0) --done;
      last = applies;
      if (!applies) continue;
      if (changes_[i].file)
        names[changes_[i].name] = *changes_[i].file;
      else
        names.erase(changes_[i].name);
    }
    Tree tree;
    for (const auto& [path, file] : names)
      tree[path] = bytes_of(files_[file], form);
    return tree;
  }

  const Tree& before_;
  std::vector<File> files_;
  std::map<std::string, size_t> names_;
  std::map<std::string, size_t> start_;
  std::set<std::string> dirs_;
  std::vector<Change> changes_;
  std::set<std::string> nameless_;  // removed, perhaps open still
  std::set<size_t> together_;       // a change and the one after it
};

std::string within(const std::string& dir, std::string_view path) {
  if (path == dir) return "";
  if (!path.starts_with(dir + "/")) return "?";
  return std::string(path.substr(dir.size() + 1));
}

}  // namespace

Tree read_tree(const std::string& dir) {
  Tree tree;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    tree[within(dir, entry.path().string())] =
        std::string((std::istreambuf_iterator<char>(file)), {});
  }
  return tree;
}

void write_tree(const std::string& dir, const Tree& tree) {
  for (const auto& [path, bytes] : tree) {
    fs::create_directories(fs::path(dir + "/" + path).parent_path());
    std::ofstream(dir + "/" + path, std::ios::binary) << bytes;
  }
}

std::vector<Tree> after_power_cut(const std::string& dir, const Tree& before,
                                  const Tree& after, std::string_view trace,
                                  bool killed) {
  Disk disk(before);
  while (!trace.empty()) {
    const auto end = trace.find('\n');
    const auto line = trace.substr(0, end);
    trace.remove_prefix(end == trace.npos ? trace.size() : end + 1);
    if (trace.empty() && killed) break;
    const auto blank = line.find(' ');
    const auto tab = line.find('\t');
    if (blank == line.npos) continue;
    const std::string path =
        within(dir, line.substr(blank + 1, tab - blank - 1));
    if (path == "?") continue;
    disk.play(line.substr(0, blank), path,
              tab == line.npos ? "" : within(dir, line.substr(tab + 1)));
  }
  disk.end(after);
  return disk.cuts();
}

}  // namespace support
