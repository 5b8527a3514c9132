#include "control/server.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <thread>
#include <vector>

#include "base/fs.h"
#include "control/client.h"
#include "control/framing.h"

namespace {

using namespace control;
using namespace std::chrono_literals;
using base::UniqueFd;

class TempHome {
 public:
  explicit TempHome(const std::string& below = {}) {
    std::string pattern = "/tmp/lodge-control-XXXXXX";
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    top_ = pattern;
    root_ = top_ + below;
    std::filesystem::create_directories(root_);
  }
  ~TempHome() { std::filesystem::remove_all(top_); }
  TempHome(const TempHome&) = delete;
  TempHome& operator=(const TempHome&) = delete;
  base::Home home() const { return base::Home(root_); }
  const std::string& root() const { return root_; }

 private:
  std::string top_;
  std::string root_;
};

// Binds as the keeper does: through the directory, however long its path.
UniqueFd listen_in(const std::string& root, int backlog = 128) {
  const UniqueFd dir(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path,
                "/proc/self/fd/%d/lodge.sock", dir.get());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address),
                 sizeof address) == 0);
  REQUIRE(::listen(fd.get(), backlog) == 0);
  return fd;
}

UniqueFd raw_connect(const std::string& root) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s/lodge.sock",
                root.c_str());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(fd);
  REQUIRE(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address),
                    sizeof address) == 0);
  return fd;
}

// Everything until the other side closes.
std::string read_all(int fd) {
  std::string all;
  char piece[65536];
  for (;;) {
    const ssize_t got = ::recv(fd, piece, sizeof piece, 0);
    if (got <= 0) return all;
    all.append(piece, static_cast<size_t>(got));
  }
}

struct Stub final : Handler {
  std::function<void(const Request&, const Peer&, std::function<void(Reply)>)>
      answer = [](const Request&, const Peer&, const auto& reply) {
        reply(DoneReply{});
      };
  void handle(const Request& request, const Peer& peer,
              std::function<void(Reply)> reply) override {
    answer(request, peer, std::move(reply));
  }
};

// A daemon of its own thread; `stub` is that thread's once it runs.
class Running {
 public:
  Running(const TempHome& home, Stub& stub, ServerLimits limits = {})
      : thread_([this, &stub, limits, fd = listen_in(home.root())]() mutable {
          base::EventLoop loop;
          Server server(loop, std::move(fd), stub, limits);
          started_.set_value(&loop);
          loop.run();
        }) {
    loop_ = started_.get_future().get();
  }
  ~Running() {
    loop_->stop();
    thread_.join();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  std::promise<base::EventLoop*> started_;
  base::EventLoop* loop_ = nullptr;
  std::thread thread_;
};

}  // namespace

TEST_CASE("a request gets its reply, and the peer is who the kernel says") {
  const TempHome home;
  Stub stub;
  stub.answer = [](const Request& request, const Peer& peer,
                   const auto& reply) {
    const bool good = std::holds_alternative<StopRequest>(request) &&
                      peer.pid == ::getpid() && peer.uid == ::geteuid() &&
                      peer.caller.command == "lodge stop api";
    reply(ErrorReply{.message = good ? "as expected" : "no", .hint = "h"});
  };
  const Running daemon(home, stub);
  const auto reply = ask(home.home(), StopRequest{{{"api"}, {}}},
                         {.command = "lodge stop api"});
  REQUIRE(reply);
  CHECK(std::get<ErrorReply>(*reply).message == "as expected");
}

TEST_CASE("a home far longer than a socket's path is reached") {
  const std::string part = "/" + std::string(60, 'x');
  const TempHome home(part + part + part + part);
  Stub stub;
  const Running daemon(home, stub);
  CHECK(ask(home.home(), KillRequest{}, {}));
}

TEST_CASE("no home, no socket and nobody behind it all mean: no daemon") {
  const TempHome home;
  const auto code = [](const base::Home& of) {
    const auto reply = ask(of, PingRequest{}, {});
    REQUIRE_FALSE(reply);
    return reply.error().code;
  };
  CHECK(code(base::Home(home.root() + "/none")) == base::Errc::Unavailable);
  CHECK(code(home.home()) == base::Errc::Unavailable);
  {
    const UniqueFd closed = listen_in(home.root());
  }
  CHECK(code(home.home()) == base::Errc::Unavailable);
}

TEST_CASE("a daemon that accepts nothing or answers nothing is a timeout") {
  const TempHome home;
  const UniqueFd deaf = listen_in(home.root(), 0);
  for (const bool while_alive : {false, true}) {
    const auto reply = ask(home.home(), KillRequest{}, {},
                           {.silence = 60ms, .while_alive = while_alive});
    REQUIRE_FALSE(reply);
    CHECK(reply.error().code == base::Errc::Timeout);
    if (!while_alive)  // it has the request, and may yet read it
      CHECK(reply.error().hint.find("may still") != std::string::npos);
  }
}

TEST_CASE("who listens is known though nobody answers") {
  const TempHome home;
  CHECK(listener_pid(home.home()).error().code == base::Errc::Unavailable);
  const UniqueFd deaf = listen_in(home.root());
  CHECK(listener_pid(home.home()) == ::getpid());
}

TEST_CASE("a slow answer is waited for while the daemon answers pings") {
  const TempHome home;
  Stub stub;
  std::function<void(Reply)> later;
  int pings = 0;
  stub.answer = [&](const Request& request, const Peer&, const auto& reply) {
    if (!std::holds_alternative<PingRequest>(request)) {
      later = reply;
      return;
    }
    reply(PingReply{});
    if (++pings == 3) later(DoneReply{});
  };
  const Running daemon(home, stub);
  CHECK(ask(home.home(), KillRequest{}, {},
            {.silence = 40ms, .while_alive = true}));
}

TEST_CASE("a daemon that ends before it answers is said to have ended") {
  const TempHome home;
  Stub stub;
  UniqueFd listener = listen_in(home.root());
  std::thread dying([&] {
    pollfd poll{listener.get(), POLLIN, 0};
    ::poll(&poll, 1, 5000);
    const UniqueFd taken(::accept(listener.get(), nullptr, nullptr));
  });
  const auto reply = ask(home.home(), KillRequest{}, {});
  dying.join();
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == base::Errc::Io);
}

TEST_CASE("replies may come late, twice, or after the client or server went") {
  const TempHome home;
  std::function<void(Reply)> kept;
  Stub stub;
  stub.answer = [&](const Request&, const Peer&, const auto& reply) {
    kept = reply;
  };
  base::EventLoop loop;
  {
    Server server(loop, listen_in(home.root()), stub);
    const auto send = [&](int fd) {
      const auto frame = *make_frame(encode(PingRequest{}, {}), kRequestCap);
      REQUIRE(::send(fd, frame.data(), frame.size(), 0) ==
              static_cast<ssize_t>(frame.size()));
      kept = nullptr;
      while (!kept) loop.run_once();
    };
    {
      const UniqueFd patient = raw_connect(home.root());
      send(patient.get());
      kept(DoneReply{});
      kept(DoneReply{});
      CHECK(read_all(patient.get()).size() ==
            make_frame(encode(Reply(DoneReply{})), kReplyCap)->size());
    }
    UniqueFd leaving = raw_connect(home.root());
    send(leaving.get());
    leaving.reset();
    while (server.connections() > 0) loop.run_once();
    kept(DoneReply{});
    const UniqueFd waiting = raw_connect(home.root());
    send(waiting.get());
  }
  kept(DoneReply{});
}

TEST_CASE("a reply larger than any socket buffer arrives whole") {
  const TempHome home;
  Stub stub;
  stub.answer = [](const Request&, const Peer&, const auto& reply) {
    reply(ErrorReply{.message = std::string(20 << 20, 'x'), .hint = {}});
  };
  const Running daemon(home, stub);
  const auto reply = ask(home.home(), KillRequest{}, {});
  REQUIRE(reply);
  CHECK(std::get<ErrorReply>(*reply).message.size() == 20 << 20);
}

TEST_CASE("garbage and absurd lengths get an error and the door") {
  const TempHome home;
  Stub stub;
  const Running daemon(home, stub);
  for (const std::string_view wrong :
       {std::string_view("GET / HTTP/1.1\r\n\r\n"),
        std::string_view("LG\x01\x00\x00\x00\x00\x80", 8),
        std::string_view("LG\x09\x00\x00\x00\x00\x00", 8),
        std::string_view("LG\x01\x00\x02\x00\x00\x00{}", 10)}) {
    const UniqueFd client = raw_connect(home.root());
    REQUIRE(::send(client.get(), wrong.data(), wrong.size(), 0) > 0);
    FrameReader reader(kReplyCap);
    reader.feed(read_all(client.get()));
    const auto payload = reader.next();
    REQUIRE(payload);
    REQUIRE(*payload);
    CHECK(std::holds_alternative<ErrorReply>(*decode_reply(**payload)));
  }
  CHECK(ask(home.home(), KillRequest{}, {}));
}

TEST_CASE("half a request is given up after the idle time") {
  const TempHome home;
  Stub stub;
  const Running daemon(home, stub, {.idle = 40ms});
  const UniqueFd client = raw_connect(home.root());
  REQUIRE(::send(client.get(), "LG\x01", 3, 0) == 3);
  CHECK(read_all(client.get()).empty());  // returns when it is closed
}

TEST_CASE("idle connections give way, so a real request still gets in") {
  const TempHome home;
  Stub stub;
  const Running daemon(home, stub, {.connections = 8});
  std::vector<UniqueFd> idle;
  for (int i = 0; i < 50; ++i) idle.push_back(raw_connect(home.root()));
  CHECK(ask(home.home(), KillRequest{}, {}));
}

TEST_CASE("when every place works on a request, newcomers wait their turn") {
  const TempHome home;
  std::vector<std::function<void(Reply)>> held;
  Stub stub;
  stub.answer = [&](const Request&, const Peer&, const auto& reply) {
    held.push_back(reply);
  };
  base::EventLoop loop;
  const Server server(loop, listen_in(home.root()), stub, {.connections = 2});
  std::vector<UniqueFd> clients;
  const auto frame = *make_frame(encode(KillRequest{}, {}), kRequestCap);
  for (int i = 0; i < 3; ++i) {
    clients.push_back(raw_connect(home.root()));
    REQUIRE(::send(clients.back().get(), frame.data(), frame.size(), 0) > 0);
  }
  while (held.size() < 2) loop.run_once();
  CHECK(server.connections() == 2);
  held[0](DoneReply{});
  while (held.size() < 3) loop.run_once();
  CHECK(server.connections() == 2);
}

TEST_CASE("ten thousand connections that come and go do no harm") {
  const TempHome home;
  Stub stub;
  const Running daemon(home, stub);
  for (int i = 0; i < 10'000; ++i) {
    const UniqueFd client = raw_connect(home.root());
    if (i % 3 == 0) (void)::send(client.get(), "LG", 2, MSG_NOSIGNAL);
  }
  CHECK(ask(home.home(), KillRequest{}, {}));
}

TEST_CASE("out of descriptors the server pauses, then goes on") {
  const TempHome home;
  Stub stub;
  base::EventLoop loop;
  const Server server(loop, listen_in(home.root()), stub,
                      {.accept_pause = 20ms});
  const UniqueFd client = raw_connect(home.root());
  const auto frame = *make_frame(encode(KillRequest{}, {}), kRequestCap);
  REQUIRE(::send(client.get(), frame.data(), frame.size(), 0) > 0);

  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  std::vector<UniqueFd> all;
  rlimit few = before;
  few.rlim_cur = 64;
  ::setrlimit(RLIMIT_NOFILE, &few);
  for (;;) {
    UniqueFd one(::dup(client.get()));
    if (!one) break;
    all.push_back(std::move(one));
  }
  int turns = 0;
  base::Timer stop(loop, [&] { loop.stop(); });
  stop.start(100ms);
  while (!loop.stopped()) {
    loop.run_once();
    ++turns;
  }
  CHECK(server.connections() == 0);
  CHECK(turns < 50);  // no busy loop
  all.clear();
  ::setrlimit(RLIMIT_NOFILE, &before);
  while (server.connections() == 0) loop.run_once();
}
