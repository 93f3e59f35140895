#!/bin/sh
# Buys tickets with curl (7.71 or newer) and nothing else: sh buy.sh URL EVENT USER [QUANTITY]
#
# Exit codes: 0 bought; 1 refused, with the reason on standard error; 64 wrong usage; 75 still in line when WAIT_SECONDS
# (60) were over.
#
# Every change has an Idempotency-Key, made of PURCHASE. Run again with the PURCHASE of a run that was interrupted,
# while its session lives, and it goes on where that one stopped: nothing is held or bought twice.
set -eu

if [ $# -lt 3 ]; then
  echo "usage: sh buy.sh URL EVENT USER [QUANTITY]" >&2
  exit 64
fi
url=$1 event=$2 user=$3 quantity=${4:-1}
purchase=${PURCHASE:-$(date +%s)-$$}
wait_seconds=${WAIT_SECONDS:-60}
poll_seconds=2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# ask METHOD PATH [KEY [BODY]]: leaves the answer's status in $status and its body in $work/answer.
#
# curl asks again by itself after 408, 429, 500, 503 and 504, and after a cut connection: where the server says when
# (Retry-After), then, else after 1, 2, 4 … seconds. That is safe with a key, and for what is asked without one here.
# --max-time is longer than the server's limits.handler_seconds. The token is in a file, not among the arguments, which
# everybody on this machine can read.
ask() {
  set -- --request "$1" "$url$2" ${3:+--header "Idempotency-Key: $3"} \
    ${4:+--header "Content-Type: application/json" --data "$4"}
  [ ! -f "$work/credential" ] || set -- "$@" --header "@$work/credential"
  status=$(curl --silent --show-error --retry 6 --retry-all-errors --max-time 35 --retry-max-time 120 \
    --output "$work/answer" --write-out '%{http_code}' "$@") ||
    fail "no answer from $url: it is not known whether anything was done; run again with PURCHASE=$purchase"
}

# text NAME: the first text of this name in the answer. The server writes JSON without spaces.
text() {
  grep -Eo "\"$1\":\"([^\"\\\\]|\\\\.)*\"" "$work/answer" | head -n 1 | cut -d '"' -f 4
}

# number NAME: the first number of this name in the answer.
number() {
  grep -Eo "\"$1\":[0-9]+" "$work/answer" | head -n 1 | cut -d : -f 2
}

fail() {
  echo "$1" >&2
  exit 1
}

# refuse WHAT: ends with what the server said of it (RFC 9457: "detail" is for people, "code" for programs).
refuse() {
  fail "$1: $(text detail) ($status $(text code))"
}

# The first live hold of the event, as the answer to GET /v1/holds lists it, is in $hold afterwards; or nothing.
find_hold() {
  ask GET "/v1/holds?state=held&limit=200"
  [ "$status" = 200 ] || refuse "holds"
  hold=$(grep -Eo "\"id\":\"$event\.[0-9]+\"" "$work/answer" | head -n 1 | cut -d '"' -f 4)
}

log_in() {
  # "intents":[] sets nothing aside. Without it, the login holds a ticket of every event on sale.
  name=$(printf %s "$user" | sed 's/[\\"]/\\&/g')
  ask POST /v1/sessions "" "{\"user\":\"$name\",\"intents\":[]}"
  case $status in
    200 | 201) (umask 077 && echo "Authorization: Bearer $(text token)" >"$work/credential") ;;
    *) refuse "login" ;;
  esac
}

show_event() {
  ask GET "/v1/events/$event"
  [ "$status" = 200 ] || refuse "$event"
  echo "$(text name): $(number available) of $(number capacity) available, $(number waiting) waiting"
}

# Holds tickets, or stands in line for them; the hold's id is in $hold afterwards.
hold_tickets() {
  ask POST "/v1/events/$event/holds" "$purchase-hold" "{\"quantity\":$quantity}"
  case $status in
    200 | 201) hold=$(text id) ;; # 200: there was a hold already.
    409)
      case $(text code) in
        sold_out | insufficient_capacity | queue_ahead) stand_in_line ;;
        *) refuse "hold" ;;
      esac ;;
    *) refuse "hold" ;;
  esac
  echo "held: $hold"
}

# What "wait":true asks is another request than the one before, so it has another key.
stand_in_line() {
  ask POST "/v1/events/$event/holds" "$purchase-wait" "{\"quantity\":$quantity,\"wait\":true}"
  case $status in
    200 | 201) hold=$(text id) ;;
    202)
      echo "in line: place $(number position)"
      wait_for_hold ;;
    *) refuse "line" ;;
  esac
}

# Each question also tells the server that this user is still there. (buy.mjs does it better, with the live feed.)
wait_for_hold() {
  waited_seconds=0
  find_hold
  while [ -z "$hold" ]; do
    if [ "$waited_seconds" -ge "$wait_seconds" ]; then
      echo "still in line after $wait_seconds s: the place is kept; run again with PURCHASE=$purchase" >&2
      exit 75
    fi
    sleep "$poll_seconds"
    waited_seconds=$((waited_seconds + poll_seconds))
    find_hold
  done
}

log_in
show_event
hold_tickets
# Here the user pays, before the hold ends ("expires_in_ms" in it; POST …/extend gives more time).
ask POST "/v1/holds/$hold/confirm" "$purchase-confirm"
[ "$status" = 201 ] || refuse "confirmation"
echo "booked: $(text id)"
ask GET /v1/sessions/me
[ "$status" = 200 ] || refuse "what is mine"
cat "$work/answer"
echo
# Gives back what is held otherwise, and leaves all lines. Bookings stay.
ask DELETE /v1/sessions/me
case $status in
  204 | 401 | 410) ;; # Asked again after a lost answer, the server says that the session has ended.
  *) refuse "logout" ;;
esac
