#!/bin/bash
# Shows the built Lodge at work on two real apps, in a home of its own, and
# checks every claim it makes. Ends by itself; leaves nothing running and
# nothing behind. Exit 0: all was as said.
set -uo pipefail
cd "$(dirname "$0")/.."
exec </dev/null

scripts/deps.sh demo || exit 1

root=$PWD
home=$root/build/demo/home
work=$root/build/demo/work
export PATH=$root/build/release:$PATH
export LODGE_HOME=$home
started=$SECONDS
failures=0

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
  bold='' dim='' green='' red='' plain=''
fi

heading() { printf '\n%s== %s%s\n' "$bold" "$1" "$plain"; }
say() { printf '%s\n' "$@"; }
ok() { printf '%s  ok: %s%s\n' "$green" "$1" "$plain"; }
wrong() {
  printf '%s  NOT SO: %s%s\n' "$red" "$1" "$plain"
  failures=$((failures + 1))
}

# Shows a command as one would type it, and runs it: run EXIT command...
run() {
  local expected=$1 word typed='' rc=0
  shift
  for word in "$@"; do
    case $word in *' '*) typed+=" \"$word\"" ;; *) typed+=" $word" ;; esac
  done
  printf '\n%s$%s%s\n' "$bold" "$typed" "$plain"
  "$@" || rc=$?
  [ "$rc" = 0 ] || printf '%s(exit %s)%s\n' "$dim" "$rc" "$plain"
  [ "$rc" = "$expected" ] || wrong "$1 $2 ends with $expected"
}

check() { # claim, command...
  local claim=$1
  shift
  if "$@" >/dev/null 2>&1; then ok "$claim"; else wrong "$claim"; fi
}

# Until a command succeeds, at most ten seconds.
await() {
  local deadline=$((SECONDS + 10))
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.05
  done
}

# One value of an app's entry in `jlist`: entry shop pm2_env.status
entry() {
  lodge jlist | python3 -c '
import json, sys
for app in json.load(sys.stdin):
    if app["name"] == sys.argv[1]:
        for key in sys.argv[2].split("."):
            app = app[key]
        print(app)' "$@"
}
is() { [ "$(entry "$1" "$2")" = "$3" ]; }
pings() { lodge ping --json | python3 -c '
import json, sys
print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

get() { # path...: what a customer's browser asks the shop
  python3 - "$port" "$@" <<'PY'
import sys, urllib.error, urllib.request
for path in sys.argv[2:]:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}{path}").read()
    except (urllib.error.HTTPError, ConnectionResetError):
        pass
PY
}
raw() { lodge logs "$@" --raw -n all; }
has() { raw shop | grep -qF "$1"; }

# Every number from 1 on, each once, in order.
mails_are_whole() {
  raw mailer --out | awk '$1 != "mail" || $2 != NR { exit 1 }
    END { if (NR < 50) exit 1 }'
}

processes() { # pids whose environment names our home
  local file pid
  for file in $(grep -lzxF "LODGE_HOME=$home" /proc/[0-9]*/environ 2>/dev/null); do
    pid=${file#/proc/}
    pid=${pid%/environ}
    # Those in this script's own group are its own, such as that grep.
    [ "$(ps -o pgid= -p "$pid" 2>/dev/null | tr -d ' ')" = "$own_group" ] ||
      echo "$pid"
  done
}
own_group=$(ps -o pgid= -p $$ | tr -d ' ')

clean_up() {
  local pid
  [ -z "${follower:-}" ] || kill "$follower" 2>/dev/null
  [ ! -d "$home" ] || lodge kill --silent >/dev/null 2>&1
  for pid in $(processes); do kill -9 "$pid" 2>/dev/null; done
  rm -rf "$root/build/demo"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

clean_up
mkdir -p "$work"
cp scripts/demo/* "$work"
cd "$work" || exit 1
port=$(python3 -c '
import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])')
mailer=mailer.py
command -v node >/dev/null && mailer=mailer.js

say "This is Lodge $(lodge --version), in a home of its own: build/demo/home."

heading "Start two apps"
say "A web shop in Python, and a mailer that numbers what it sends. The first" \
  "start brings up Lodge's daemon; nothing else ever does."
run 3 lodge list
run 0 lodge start shop.py --name shop -- "$port"
run 0 lodge start "$mailer" --name mailer
check "the shop is online" is shop pm2_env.status online
check "the mailer is online" is mailer pm2_env.status online

heading "What they say: stdout and stderr, each in a file of its own"
await get / || wrong "the shop answers"
get /cart /pay /cart
await has "GET /cart"
say "The shop has served three customers, and complained of its bank. Lines" \
  "are shown in the order in which they were written; stderr is marked."
run 0 lodge logs shop
run 0 lodge logs shop --err --raw
check "stderr holds the complaint" \
  grep -q '^payment: upstream' <(raw shop --err)
check "and nothing else" test "$(raw shop --err | wc -l)" = 1
check "stdout holds the requests alone" \
  test "$(raw shop --out | grep -c '^GET ')" = "$(raw shop --out | grep -vc '^shop: open')"

heading "A crash"
first=$(entry shop pid)
say "A customer sends a coupon that the shop can't bear."
get '/checkout?coupon=%00'
await is shop pm2_env.restart_time 1
await is shop pm2_env.status online
run 0 lodge logs shop -n 8
run 0 lodge list
check "Lodge started it again: another pid, one restart" \
  test "$(entry shop pid)" != "$first" -a "$(entry shop pm2_env.restart_time)" = 1
check "what it said as it died is kept" \
  grep -q '^ValueError: coupon' <(raw shop --err)
check "and it serves again" await get /

heading "An app that can't start"
say "It is said at once, with its last words, and the exit code tells scripts."
run 1 lodge start report.py --max-restarts 3
check "Lodge tries ever more slowly, then stops trying: errored" \
  await is report pm2_env.status errored
run 0 lodge delete report

heading "Lodge itself dies"
daemon=$(pings daemon)
mailer_pid=$(entry mailer pid)
printf '\n%s$ kill -9 %s%s   # the daemon\n' "$bold" "$daemon" "$plain"
kill -9 "$daemon"
back() { [ "$(pings daemon)" != "$daemon" ]; }
check "a new daemon is there" await back
run 0 lodge list
check "the mailer never noticed: the same process" \
  test "$(entry mailer pid)" = "$mailer_pid"
check "the shop was restarted once, by its own crash alone" \
  is shop pm2_env.restart_time 1
last=$(raw mailer --out | tail -n 1 | cut -d' ' -f2)
more() { [ "$(raw mailer --out | tail -n 1 | cut -d' ' -f2)" -gt $((last + 5)) ]; }
check "its mails go on arriving" await more
check "and not one is missing or doubled" mails_are_whole

heading "Follow, through a restart"
say "Ctrl-C would end it; here the demo does."
printf '\n%s$ lodge logs -f shop -n 2%s\n' "$bold" "$plain"
lodge logs -f shop -n 2 > >(tee followed.txt) 2>&1 &
follower=$!
await test -s followed.txt
get /before-the-restart
lodge restart shop --silent >/dev/null
await get /after-the-restart
seen() { grep -qF "$1" followed.txt; }
await seen after-the-restart
kill -INT "$follower"
wait "$follower" 2>/dev/null
follower=
once() { [ "$(grep -cF "GET /$1" followed.txt)" = 1 ]; }
check "the line before the restart came once" once before-the-restart
check "its last words too" seen "shop: closed for today"
check "and so did the line after it" once after-the-restart

heading "Flush"
say "flush empties log files: here the shop's, and no other's."
run 0 lodge flush shop --dry-run
check "--dry-run touched nothing" has "GET /cart"
run 0 lodge flush shop
check "the shop's lines are gone" test -z "$(raw shop)"
check "the mailer's are not" mails_are_whole
get /after-the-flush
check "and the shop's new lines are kept again" await has /after-the-flush

heading "Stop"
run 0 lodge stop mailer
check "the mailer is down and stays in the list" is mailer pm2_env.status stopped
check "its logs can still be read" mails_are_whole

heading "What happened"
run 0 lodge events -n 20

heading "The end"
run 0 lodge kill
gone() { [ -z "$(processes)" ]; }
check "no process is left" await gone
run 3 lodge list

echo
if [ $failures = 0 ]; then
  say "${bold}All as said, in $((SECONDS - started)) s.${plain} Your turn: build/release/lodge --help"
else
  say "${red}$failures claims did not hold.${plain}"
  exit 1
fi
