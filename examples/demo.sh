#!/usr/bin/env bash
# `make demo`: a race, its fix, and what the recordings say about them. Recordings go to the user's home of
# simrec like any others; the names demo-... are theirs.
set -eu
simrec=${SIMREC:-simrec}

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
show() { printf '$ simrec %s\n' "$*"; "$simrec" "$@"; }

say "Four threads on two harts add 1 to a counter 1,000 times each, without a lock: updates are lost"
show run examples/counter_race.asm --name demo-race

say "The same with a mutex: none is lost"
show run examples/counter_mutex.asm --name demo-mutex

say "The race again under two seeds: where do the runs part?"
show run examples/counter_race.asm --seed 1 --name demo-seed-1
show run examples/counter_race.asm --seed 2 --name demo-seed-2
show diff demo-seed-1 demo-seed-2 || [ $? -eq 1 ]

say "What the mutex cost: who waited for it, where, and for whom"
show contention demo-mutex

say "A picture of the locked run"
show timeline demo-mutex -o timeline.html

printf '\nOpen timeline.html in a browser; then try: %s replay --at 1200 demo-race\n' "$simrec"
