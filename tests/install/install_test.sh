#!/bin/sh
# Installs a build into an empty folder, builds examples/ against it alone, and has it answer.
#   install_test.sh BUILD SOURCE CXX
set -eu
build=$1 source=$2 compiler=$3
model=${CANDOR_MODELS:-$HOME/.local/share/candor/models}/smollm2-135m.gguf
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT

cmake --install "$build" --prefix "$prefix/usr" > "$prefix/log"
for file in bin/candor share/man/man1/candor.1 share/bash-completion/completions/candor \
  share/zsh/site-functions/_candor; do
  [ -s "$prefix/usr/$file" ] || { echo "not installed: $file"; exit 1; }
done
"$prefix/usr/bin/candor" --help > "$prefix/log"

# A copy, so that no header of the sources is found beside the example.
cp -r "$source/examples" "$prefix/examples"
cmake -S "$prefix/examples" -B "$prefix/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER="$compiler" \
  -DCMAKE_PREFIX_PATH="$prefix/usr" > "$prefix/log" 2>&1 || { cat "$prefix/log"; exit 1; }
cmake --build "$prefix/build" > "$prefix/log" 2>&1 || { cat "$prefix/log"; exit 1; }

if [ ! -e "$model" ]; then
  echo "skipped the answer: no $model (candor pull smollm2-135m)"
  exit 77
fi
# Both take the most likely token each time, so that they have one answer.
answer=$("$prefix/build/answer" "$model" "Name three rivers.")
expected=$("$prefix/usr/bin/candor" run "$model" --raw --plain --quiet --temperature 0 --max-tokens 24 \
  "Name three rivers.")
echo "$answer"
[ -n "$answer" ] || { echo 'no answer'; exit 1; }
[ "$answer" = "$expected" ] || { printf 'candor run answers otherwise:\n%s\n' "$expected"; exit 1; }
