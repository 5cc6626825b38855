# shellcheck shell=bash
# Sourced by the scripts beside it: one caller at a time, and processes in the background that the next caller finds again. They belong
# to $folder, which must be among their arguments.

# Several tests may ask for a server at the same moment: one starts it, the others wait. Children must not inherit the lock (9>&-).
alone() { # alone <folder>
  mkdir -p "$1"
  exec 9>"$1/lock"
  flock 9
}

# By its arguments: a number that another process has now is not mistaken for it.
running() { # running <name>
  # shellcheck disable=SC2154 # the script's own
  [ -f "$folder/$1.pid" ] && grep -qsF "$folder" "/proc/$(cat "$folder/$1.pid")/cmdline"
}

# In a session of its own: what ends a test run does not end the servers.
in_background() { # in_background <name> <command> <arguments>
  running "$1" && return
  (
    echo "$BASHPID" >"$folder/$1.pid"
    shift
    exec setsid "$@" 9>&-
  ) >>"$folder/$1.log" 2>&1 </dev/null &
}

answers() { # answers <url>
  node -e 'fetch(process.argv[1]).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))' "$1"
}

await() { # await <name> <command that succeeds once it is ready>
  local name=$1 tries=0
  shift
  until "$@"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 150 ] || ! running "$name"; then
      tail -20 "$folder/$name.log" >&2
      echo "$name is not ready" >&2
      exit 1
    fi
    sleep 0.1
  done
}

end() { # end <signal> <name>...
  [ -d "$folder" ] || return 0
  alone "$folder"
  local signal=$1 name tries
  shift
  for name in "$@"; do
    tries=0
    if running "$name"; then
      kill -"$signal" "$(cat "$folder/$name.pid")"
      while running "$name" && [ "$tries" -lt 300 ]; do sleep 0.1; tries=$((tries + 1)); done
      if running "$name"; then kill -KILL "$(cat "$folder/$name.pid")"; fi
    fi
    rm -f "$folder/$name.pid"
  done
  exec 9>&-
}
