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

constexpr size_t kMostPending = 10;

struct File {
  std::string bytes;   // at last, or when it was removed
  bool dirty = false;  // written since it was synced
  size_t size = 0;     // as far as the trace tells
  size_t synced = 0;   // of these
};

// A name in a directory now means another file, or none.
struct Change {
  std::string dir;
  std::string name;
  std::optional<size_t> file;
  size_t step = 0;  // what happens at once has one
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
  explicit Disk(const Tree& before) {
    for (const auto& [path, bytes] : before) {
      names_[path] = files_.size();
      files_.push_back({bytes, false, bytes.size(), bytes.size()});
      enter_dir(path);
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
      File& file = files_[at(path)];
      file.dirty = true;
      const size_t size = from.empty() ? 0 : std::stoul(from);
      file.size = op == "write" ? file.size + size : size;
      file.synced = std::min(file.synced, file.size);
    } else if (op == "fsync") {
      sync(path);
    } else if (op == "unlink") {
      if (names_.contains(path)) change(path, std::nullopt);
      nameless_.insert(path);
    } else if (op == "link") {
      change(path, at(from));
    } else if (op == "rename") {
      const size_t file = at(from);
      change(path, file);
      change(from, std::nullopt);
      --step_;  // both at once, or none
      changes_.back().step = changes_[changes_.size() - 2].step;
    }
  }

  // What was made and not written, and all bytes.
  void end(const Tree& after) {
    for (const auto& [path, bytes] : after) files_[at(path)].bytes = bytes;
    for (const auto& [path, file] : names_)
      if (!after.contains(path)) give_up(path + " is not there in the end");
  }

  // The first time of two: what it learnt of their bytes.
  void learn_from(const Disk& other) {
    for (const File& file : other.files_) learnt_.push_back(file.bytes);
  }

  std::vector<Tree> cuts() const {
    std::vector<size_t> pending;  // steps
    for (const Change& change : changes_)
      if (!change.synced && (pending.empty() || pending.back() != change.step))
        pending.push_back(change.step);
    if (pending.size() > kMostPending) give_up("too much is not synced");
    std::set<Tree> trees;
    for (size_t choice = 0; choice < size_t{1} << pending.size(); ++choice) {
      std::set<size_t> done;
      for (size_t i = 0; i < pending.size(); ++i)
        if ((choice >> i & 1) != 0) done.insert(pending[i]);
      add_earlier(done);
      for (int form = 0; form < 4; ++form) trees.insert(cut(done, form));
    }
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

  void enter_dir(std::string path) {
    do {
      path = dir_of(path);
      dirs_.insert(path);
    } while (!path.empty());
  }

  void change(const std::string& path, std::optional<size_t> file) {
    enter_dir(path);
    changes_.push_back({dir_of(path), path, file, step_++});
    if (file)
      names_[path] = *file;
    else
      names_.erase(path);
  }

  void sync(const std::string& path) {
    if (names_.contains(path) || !dirs_.contains(path)) {
      File& file = files_[at(path)];
      file.dirty = false;
      file.synced = file.size;
      return;
    }
    std::set<size_t> steps;
    for (const Change& change : changes_)
      if (change.dir == path) steps.insert(change.step);
    for (Change& change : changes_)
      if (steps.contains(change.step)) change.synced = true;
  }

  // Of a file that only grows, as long as its last bytes are to come.
  std::string bytes_of(size_t index, int form) const {
    const File& file = files_[index];
    if (learnt_.empty()) return bytes_of(file, form);
    const std::string now = learnt_[index].substr(0, file.size);
    const std::string sure = now.substr(0, file.synced);
    const size_t more = now.size() - sure.size();
    if (form == 0) return sure;
    if (form == 1) return now.substr(0, sure.size() + more / 2);
    if (form == 2) return sure + std::string(more, '\0');
    return now;
  }

  std::string bytes_of(const File& file, int form) const {
    if (!file.dirty || form == 3) return file.bytes;
    if (form == 0) return "";
    if (form == 1) return file.bytes.substr(0, file.bytes.size() / 2);
    return std::string(file.bytes.size(), '\0');
  }

  // What was done to a name before it is what it is.
  void add_earlier(std::set<size_t>& done) const {
    for (size_t before = SIZE_MAX; before != done.size();) {
      before = done.size();
      std::set<std::string> named;
      for (auto change = changes_.rbegin(); change != changes_.rend();
           ++change) {
        if (change->synced || done.contains(change->step))
          named.insert(change->name);
        else if (named.contains(change->name))
          done.insert(change->step);
      }
    }
  }

  // With these of the steps that no sync made sure.
  Tree cut(const std::set<size_t>& done, int form) const {
    auto names = start_;
    for (const Change& change : changes_) {
      if (!change.synced && !done.contains(change.step)) continue;
      if (change.file)
        names[change.name] = *change.file;
      else
        names.erase(change.name);
    }
    Tree tree;
    for (const auto& [path, file] : names) tree[path] = bytes_of(file, form);
    return tree;
  }

  std::vector<File> files_;
  std::vector<std::string> learnt_;  // their last bytes
  std::map<std::string, size_t> names_;
  std::map<std::string, size_t> start_;
  std::set<std::string> dirs_;
  std::vector<Change> changes_;
  std::set<std::string> nameless_;  // removed, perhaps open still
  size_t step_ = 0;
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
  fs::create_directories(dir);
  for (const auto& [path, bytes] : tree) {
    fs::create_directories(fs::path(dir + "/" + path).parent_path());
    std::ofstream(dir + "/" + path, std::ios::binary) << bytes;
  }
}

namespace {

struct Call {
  std::string op;
  std::string path;
  std::string from;
};

// Of the trace, what was done in `dir`.
std::vector<Call> calls_of(const std::string& dir, std::string_view trace,
                           bool killed) {
  std::vector<Call> calls;
  while (!trace.empty()) {
    const auto end = trace.find('\n');
    const auto line = trace.substr(0, end);
    trace.remove_prefix(end == trace.npos ? trace.size() : end + 1);
    if (trace.empty() && killed) break;
    const auto blank = line.find(' ');
    const auto tab = line.find('\t');
    if (blank == line.npos) continue;
    Call call{std::string(line.substr(0, blank)),
              within(dir, line.substr(blank + 1, tab - blank - 1)),
              tab == line.npos ? "" : std::string(line.substr(tab + 1))};
    if (call.path == "?") continue;
    if (call.from.starts_with('/')) call.from = within(dir, call.from);
    calls.push_back(std::move(call));
  }
  return calls;
}

}  // namespace

std::vector<Tree> after_power_cut(const std::string& dir, const Tree& before,
                                  const Tree& after, std::string_view trace,
                                  bool killed) {
  Disk disk(before);
  for (const auto& call : calls_of(dir, trace, killed))
    disk.play(call.op, call.path, call.from);
  disk.end(after);
  return disk.cuts();
}

std::vector<PowerCut> power_cuts(const std::string& dir, const Tree& before,
                                 const Tree& after, std::string_view trace) {
  const auto calls = calls_of(dir, trace, false);
  Disk whole(before);
  for (const auto& call : calls) whole.play(call.op, call.path, call.from);
  whole.end(after);
  Disk disk(before);
  disk.learn_from(whole);
  std::vector<PowerCut> cuts;
  for (size_t i = 0; i < calls.size(); ++i) {
    disk.play(calls[i].op, calls[i].path, calls[i].from);
    for (auto& tree : disk.cuts()) cuts.push_back({i + 1, std::move(tree)});
  }
  return cuts;
}

}  // namespace support
