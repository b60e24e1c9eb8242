#!/bin/sh
# Append traces to a session from a shell script: what Sentinel's atomic_append.sh is for. Each call is on the medium when
# it returns, may run at the same time as others (it waits for its turn), and fails when the trace could not be recorded.
#
# TRACEKEEP is how to call the program, e.g. "npx tracekeep".
set -eu

append_trace() {
    session="$1"
    trace="$2"
    printf '%s\n' "$trace" | ${TRACEKEEP:-tracekeep} append --session "$session" --agent shell --ack
}

append_trace deploy-42 '{"event":"START_BUILD","timestamp":"2026-01-06T19:00:00-03:00"}'

# Four agents at once, each call a process of its own.
for agent in 1 2 3 4; do
    (for step in 1 2; do append_trace deploy-42 "{\"event\":\"CHECKPOINT\",\"message\":\"agent $agent, step $step\"}"; done) &
done
wait
