"""The shell functions that a reproduction script carries along, each only where it is used."""

from __future__ import annotations

CURL = """# Sends one request exactly as written and keeps its answer as $ISAO_OUT/STEP.status, .headers and .body.
ask() {
  step=$1; shift
  : >"$ISAO_OUT/$step.headers"; : >"$ISAO_OUT/$step.body"
  curl -q -sS --globoff --path-as-is --http1.1 --noproxy '*' --max-time %(seconds)d \\
    ${ISAO_CA:+--cacert "$ISAO_CA"} ${ISAO_CERT:+--cert "$ISAO_CERT"} ${ISAO_KEY:+--key "$ISAO_KEY"} \\
    -D "$ISAO_OUT/$step.headers" -o "$ISAO_OUT/$step.body" -w '%%{http_code}' "$@" >"$ISAO_OUT/$step.status" || true
  echo "  status $(cat "$ISAO_OUT/$step.status")"
}
"""

HANDSHAKE = """# Opens a TLS connection that offers one version only.
handshake() {
  step=$1; shift
  : >"$ISAO_OUT/$step.headers"; echo 0 >"$ISAO_OUT/$step.status"
  done_after=$(curl -q -s --noproxy '*' --max-time %(seconds)d -o /dev/null -w '%%{time_appconnect}' \\
    ${ISAO_CA:+--cacert "$ISAO_CA"} ${ISAO_CERT:+--cert "$ISAO_CERT"} ${ISAO_KEY:+--key "$ISAO_KEY"} "$@")
  case $done_after in *[1-9]*) accepted=true ;; *) accepted=false ;; esac
  echo "{\\"accepted\\": $accepted}" >"$ISAO_OUT/$step.body"
  echo "  handshake accepted: $accepted"
}
"""

TICKETS = """# Opens a TLS 1.3 connection, asks once, and reads how much early data the session tickets allow.
tickets() {
  host=${2#*://}; host=${host%%/*}
  case $host in *]) host=$host:443 ;; *:*) ;; *) host=$host:443 ;; esac
  : >"$ISAO_OUT/$1.headers"; echo 0 >"$ISAO_OUT/$1.status"
  said=$({ printf "GET / HTTP/1.1\\r\\nHost: $host\\r\\nConnection: close\\r\\n\\r\\n"; sleep 1; } |
    openssl s_client -tls1_3 -connect "$host" ${ISAO_CA:+-CAfile "$ISAO_CA"} 2>/dev/null || true)
  allowed=$(echo "$said" | sed -n 's/.*Max Early Data: *\\([0-9]*\\).*/\\1/p' | sort -n | tail -1)
  case $said in *TLSv1.3*) accepted=true ;; *) accepted=false ;; esac
  echo "{\\"accepted\\": $accepted, \\"early_data\\": ${allowed:-0}}" >"$ISAO_OUT/$1.body"
  echo "  early data allowed: ${allowed:-0} octets"
}
"""

PLAIN = """# The target without TLS, on the port that speaks TLS.
plain_base() {
  case $ISAO_BASE in *]) port=:443 ;; *:*:*) port= ;; *) port=:443 ;; esac
  echo "http://${ISAO_BASE#*://}$port"
}
"""

TAKE = """# Prints a value out of the answer to a step: a header, or a place in the JSON body.
take() {
  python3 -c '
import datetime, json, sys
folder, step, want = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
if "header" in want:
    lines = open(f"{folder}/{step}.headers", encoding="utf-8", errors="replace").read().splitlines()
    pairs = [line.split(":", 1) for line in lines if ":" in line]
    value = [text.strip() for name, text in pairs if name.lower() == want["header"].lower()][0]
else:
    value = json.load(open(f"{folder}/{step}.body", encoding="utf-8-sig"))
    for part in want["path"]:
        if isinstance(part, dict):
            value = [item for item in value if item.get("id") == part["id"]][part["nth"]]
        elif isinstance(part, int):
            value = value[min(part, len(value) - 1)]
        else:
            value = value[part]
if "shift" in want:
    moment = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    moment += datetime.timedelta(microseconds=want["shift"])
    whole, _, fraction = moment.strftime("%Y-%m-%dT%H:%M:%S.%f").partition(".")
    digits = want["digits"]
    value = whole + ("." + fraction.ljust(9, "0")[:digits] if digits else "") + "Z"
print(value)' "$ISAO_OUT" "$1" "$2" 2>/dev/null && return
  echo "step $1 did not answer as in the run: it holds no $2" >&2
  exit 3
}
# Percent-encodes a value for a URL.
encoded() { python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1], safe=""))' "$1"; }
"""

FILL = """# Puts a value where its mark stands in a body.
fill() {
  python3 -c '
import json, sys
text = open(sys.argv[1], encoding="utf-8").read()
open(sys.argv[1], "w", encoding="utf-8").write(text.replace(sys.argv[2], json.dumps(sys.argv[3])))' "$@"
}
"""

WRONG = """# The user name of a Basic Authorization value with a password that is wrong.
wrong_secret() {
  python3 -c '
import base64, sys
name = base64.b64decode(sys.argv[1].split()[-1]).partition(b":")[0]
print("Basic " + base64.b64encode(name + b":not-the-password").decode())' "$1"
}
"""

OVER = """# A walk over pages ends sooner where less was posted meanwhile: its last page stands for the further ones.
over() {
  [ "$(cat "$ISAO_OUT/$1.status")" = 200 ] || exit 3
  for part in status headers body; do cp "$ISAO_OUT/$1.$part" "$ISAO_OUT/$2.$part"; done
  echo "  the walk was over at step $1"
}
"""

SHOW = """clean() { LC_ALL=C tr -d '\\000-\\010\\013-\\037\\177'; }
show() {
  printf '\\nThe answer that was judged, step %%s:\\n' "$1"
  clean <"$ISAO_OUT/$1.headers"
  head -c %(shown)d "$ISAO_OUT/$1.body" | clean; echo
}
"""
