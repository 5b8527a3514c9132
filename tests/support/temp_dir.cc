#include "support/temp_dir.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/fs.h"

namespace support {

TempDir::TempDir() {
  const char* root = std::getenv("TMPDIR");
  path_ = std::string(root != nullptr && *root == '/' ? root : "/tmp") +
          "/lodge-XXXXXX";
  REQUIRE(::mkdtemp(path_.data()) != nullptr);
}

const char* in_memory() {
  return ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::file(std::string_view name) const {
  return path_ + "/" + std::string(name);
}

std::string TempDir::write(std::string_view name, std::string_view contents,
                           unsigned mode) const {
  const std::string path = file(name);
  std::filesystem::create_directories(
      std::filesystem::path(path).parent_path());
  auto fd = base::fs::open(path, O_WRONLY | O_CREAT | O_TRUNC);
  REQUIRE(fd.has_value());
  REQUIRE(base::fs::write_all(fd->get(), contents, path).has_value());
  REQUIRE(::chmod(path.c_str(), mode) == 0);
  return path;
}

std::string slurp(const std::string& path) {
  return base::fs::read_file(path, size_t{1} << 30).value_or("");
}

}  // namespace support
