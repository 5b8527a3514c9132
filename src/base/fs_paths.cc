// Paths as text: nothing here asks the system.
#include "base/fs.h"

namespace base::fs {

std::string dir_name(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == path.npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string base_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return std::string(slash == path.npos ? path : path.substr(slash + 1));
}

std::string join(std::string_view dir, std::string_view name) {
  std::string path(dir);
  if (!path.empty() && path.back() != '/') path += '/';
  return path.append(name);
}

std::string absolute(std::string_view path, std::string_view dir) {
  std::string full =
      path.starts_with('/') ? std::string(path) : join(dir, path);
  std::vector<std::string_view> parts;
  std::string_view rest = full;
  while (!rest.empty()) {
    const auto slash = rest.find('/');
    const auto part = rest.substr(0, slash);
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (!part.empty() && part != "." && part != "..") parts.push_back(part);
    if (slash == rest.npos) break;
    rest.remove_prefix(slash + 1);
  }
  std::string result;
  for (const auto part : parts) result.append("/").append(part);
  return result.empty() ? "/" : result;
}

}  // namespace base::fs
