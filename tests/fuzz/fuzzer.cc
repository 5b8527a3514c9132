#include "fuzz/fuzzer.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <random>

#include "base/fs.h"

namespace fuzz {
namespace {

using Random = std::minstd_rand;
constexpr size_t kMaxInput = size_t{64} << 10;

// The input at work: 8 bytes of size, then its bytes; mapped, so that it is
// there however the process ends.
class LastInput {
 public:
  explicit LastInput(std::string path) : path_(std::move(path)) {
    auto fd = base::fs::open(path_, O_RDWR | O_CREAT | O_TRUNC);
    must(fd && base::fs::truncate(fd->get(), kMaxInput + 8, path_), path_);
    void* const at = ::mmap(nullptr, kMaxInput + 8, PROT_READ | PROT_WRITE,
                            MAP_SHARED, fd->get(), 0);
    must(at != MAP_FAILED, "mmap");
    bytes_ = static_cast<char*>(at);
  }
  void set(std::string_view input) {
    const uint64_t size = input.size();
    std::memcpy(bytes_, &size, sizeof size);
    std::memcpy(bytes_ + 8, input.data(), input.size());
  }
  void forget() { (void)base::fs::unlink(path_); }

 private:
  std::string path_;
  char* bytes_ = nullptr;
};

std::string piece(const std::string& of, Random& random) {
  if (of.empty()) return {};
  const size_t at = random() % of.size();
  return of.substr(at, 1 + random() % 40);
}

// What parsers trip over: ends of ranges, structure, no UTF-8.
std::string odd_bytes(Random& random) {
  const std::string odd[] = {"0",
                             "-1",
                             "18446744073709551616",
                             "9223372036854775807",
                             "1e999",
                             "{",
                             "}",
                             "[[[[[[[[",
                             "\"",
                             "\\u0000",
                             ":",
                             ",",
                             "null",
                             std::string(1, '\0'),
                             "\xff",
                             "\n",
                             " ",
                             "2026-11-21T10:15:02.123456Z",
                             "\xc3",
                             "/",
                             "-",
                             "\\",
                             "true",
                             "\"\":",
                             "*"};
  return odd[random() % std::size(odd)];
}

std::string mutate(std::string input, const std::vector<std::string>& seeds,
                   Random& random) {
  const size_t changes = 1 + random() % 6;
  for (size_t i = 0; i < changes; ++i) {
    const size_t at = random() % (input.size() + 1);
    switch (random() % 6) {
      case 0:
        if (at < input.size())
          input[at] = static_cast<char>(input[at] ^ (1 << random() % 8));
        break;
      case 1:
        input.erase(at, 1 + random() % 16);
        break;
      case 2:
        input.insert(at, odd_bytes(random));
        break;
      case 3:
        input.insert(at, piece(seeds[random() % seeds.size()], random));
        break;
      case 4:
        input.insert(at, piece(input, random));
        break;
      default:
        if (at < input.size()) input[at] = static_cast<char>(random());
    }
  }
  if (input.size() > kMaxInput) input.resize(kMaxInput);
  return input;
}

int replay(const char* path, const Target& target) {
  const auto bytes = base::fs::read_file(path);
  must(bytes && bytes->size() >= 8, path);
  uint64_t size = 0;
  std::memcpy(&size, bytes->data(), sizeof size);
  target(std::string_view(*bytes).substr(8, size));
  return 0;
}

}  // namespace

void must(bool promised, std::string_view why) {
  if (promised) return;
  fmt::print(stderr, "fuzz: broken promise: {}\n", why);
  std::abort();
}

int run(int argc, char** argv, const std::vector<std::string>& seeds,
        const Target& target) {
  if (argc > 1) return replay(argv[1], target);
  const char* const told = std::getenv("LODGE_FUZZ_SECONDS");
  const double seconds = told != nullptr ? std::strtod(told, nullptr) : 0.5;
  const auto seed = static_cast<uint32_t>(
      told != nullptr ? std::random_device{}() : 20261121u);
  const std::string name = base::fs::base_name(argv[0]);
  const std::string path =
      base::fs::join("/tmp", fmt::format("{}.{}.last", name, getpid()));
  fmt::print("{}: seed {}, input at work in {}\n", name, seed, path);
  std::fflush(stdout);
  LastInput last(path);
  Random random(seed);
  std::vector<std::string> pool = seeds;
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  uint64_t runs = 0;
  while (std::chrono::steady_clock::now() < end) {
    const std::string input =
        runs < seeds.size()
            ? seeds[runs]
            : mutate(pool[random() % pool.size()], seeds, random);
    last.set(input);
    target(input);
    ++runs;
    // Without coverage to go by, the pool drifts by chance.
    if (random() % 64 == 0) {
      if (pool.size() < 4 * seeds.size() + 64)
        pool.push_back(input);
      else
        pool[random() % pool.size()] = seeds[random() % seeds.size()];
    }
  }
  last.forget();
  fmt::print("{}: {} inputs\n", name, runs);
  return 0;
}

}  // namespace fuzz
