# What the stories of this folder share; sourced by them, which set `rows`, `seed` and `folder`.
#
# Builds the binaries, unless RUNNER and CUSTOMERS name them, and the plugins; makes the folder to work
# in; shows every command before it runs.

# options ARGUMENT…: fails with the comment at the top of the story for what it does not know.
options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --rows) rows=$2 ;;
      --seed) seed=$2 ;;
      --folder) folder=$(realpath -m "$2") ;;
      *) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
    esac
    shift 2
  done
}

# Builds what is needed, and goes to the folder to work in, which must not exist yet, or to a
# temporary one that is removed in the end.
begin() {
  build
  if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
  else
    mkdir "$folder"
  fi
  cd "$folder"
  # Three ask for the customers of acme/shop: on a terminal a yes to the plan grants that, and a job has it written down.
  # acme/lookup adds a column to them, fills it, and takes it away again when it is rolled back.
  cat > runner.toml <<'TOML'
[plugins."acme/lookup"]
grant = ["alters acme/shop:customers"]
[plugins."globex/directory"]
grant = ["reads acme/shop:customers"]
[plugins."initech/insights"]
grant = ["reads acme/shop:customers"]
TOML
}

build() {
  "$root/tests/scripts/build-guests"
  if [ -z "${RUNNER:-}" ] || [ -z "${CUSTOMERS:-}" ]; then
    cargo build --quiet --release -p alteration-runner -p customers
  fi
  RUNNER=${RUNNER:-$CARGO_TARGET_DIR/release/runner}
  CUSTOMERS=${CUSTOMERS:-$CARGO_TARGET_DIR/release/customers}
}

runner() { "$RUNNER" "$@"; }
customers() { "$CUSTOMERS" "$@"; }

chapter() { printf '\n## %s\n\n' "$1"; }

# Runs a command after showing it as a user would type it.
show() {
  local line=$1 word
  for word in "${@:2}"; do
    [[ $word == *\ * ]] && word="\"$word\""
    line+=" $word"
  done
  line=${line//"$root/"/}
  printf '$ %s\n' "${line//"$guests/"/}"
  "$@" 2>&1
}

# expect CODE COMMAND…: it must end with that code.
expect() {
  local code=0
  "${@:2}" || code=$?
  [ "$code" = "$1" ] || fail "'${*:2}' ended with $code instead of $1"
}

# The fingerprint is the one that was taken before anything was deployed on the customers.
unchanged() {
  customers --fingerprint | diff "$folder/before" - || fail "the data is not what it was, $1"
  echo "The data is what it was, $1."
}

fail() {
  echo "error: $1" >&2
  exit 1
}
