#include "daemon/pid_files.h"

#include <fmt/format.h>

#include "base/fs.h"
#include "store/names.h"

namespace daemon_ {

namespace fs = base::fs;

std::string pid_file_path(const config::AppSpec& spec, int instance) {
  const auto& file = spec.keep.pid_file;
  if (file.empty()) return {};
  return store::numbered_name(fs::absolute(file, spec.cwd), instance);
}

base::Status write_pid_file(const std::string& path, int pid) {
  const std::string temporary =
      fs::join(fs::dir_name(path), fs::temporary_name(fs::base_name(path)));
  auto fd = fs::open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
  if (!fd) return base::pass(std::move(fd), "pid_file");
  base::Status done = fs::write_all(fd->get(), fmt::format("{}\n", pid), path);
  if (done) done = fs::set_mode(temporary, 0644);
  if (done) done = fs::rename(temporary, path);
  if (done) return {};
  (void)fs::unlink(temporary);
  return base::pass(std::move(done), "pid_file");
}

void remove_pid_file(const std::string& path, int pid) {
  auto fd = fs::open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd) return;
  char text[32];
  auto n = fs::read(fd->get(), text, path);
  if (n && std::string_view(text, *n) == fmt::format("{}\n", pid))
    (void)fs::unlink(path);
}

void PidFiles::started(int id, std::string path, int pid) {
  ended(id);
  if (path.empty()) return;
  written_[id] = {path, pid};
  worker_.submit([this, path = std::move(path), pid] {
    if (auto written = write_pid_file(path, pid); !written)
      failed_(written.error().message);
  });
}

void PidFiles::adopted(int id, std::string path, int pid) {
  if (!path.empty()) written_[id] = {std::move(path), pid};
}

void PidFiles::ended(int id) {
  const auto it = written_.find(id);
  if (it == written_.end()) return;
  worker_.submit(
      [written = it->second] { remove_pid_file(written.path, written.pid); });
  written_.erase(it);
}

}  // namespace daemon_
