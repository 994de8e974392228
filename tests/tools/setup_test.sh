#!/bin/sh
# tools/setup on systems of every kind, told apart by a made-up /etc/os-release; it installs nothing here.
set -eu
setup=$(cd "$(dirname "$0")/../.." && pwd)/tools/setup
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

# expect STATUS WORDS OS-RELEASE...: `setup --list build` on such a system ends with STATUS and says WORDS.
expect() {
  status=$1 words=$2
  shift 2
  printf '%s\n' "$@" > "$scratch/os-release"
  got=0
  output=$(CANDOR_OS_RELEASE="$scratch/os-release" "$setup" --list build 2>&1) || got=$?
  case "$got $output" in
    "$status "*"$words"*) ;;
    *) echo "on $*: expected status $status and \"$words\", got $got: $output"; failures=$((failures + 1)) ;;
  esac
}

expect 0 '' ID=debian VERSION_ID=12
expect 0 '' ID=debian
expect 0 '' ID=ubuntu VERSION_ID=24.04
expect 0 '' ID=linuxmint VERSION_ID=22 'ID_LIKE="ubuntu debian"'
expect 1 'this is Debian GNU/Linux 11' ID=debian VERSION_ID=11 'PRETTY_NAME="Debian GNU/Linux 11 (bullseye)"'
expect 1 'this is Ubuntu 22.04' ID=ubuntu VERSION_ID=22.04 'PRETTY_NAME="Ubuntu 22.04 LTS"'
expect 1 'this is Fedora' ID=fedora VERSION_ID=41 'PRETTY_NAME="Fedora Linux 41"'
expect 1 'cmake --preset release' ID=fedora

# A machine on which nothing is installed: every line of the list is named, comments and the other section are not.
mkdir "$scratch/bin"
printf '#!/bin/sh\nexit 1\n' > "$scratch/bin/dpkg-query"
chmod +x "$scratch/bin/dpkg-query"
echo ID=debian > "$scratch/os-release"
listed=$(PATH="$scratch/bin:$PATH" CANDOR_OS_RELEASE="$scratch/os-release" "$setup" --list build)
for want in cmake python3-pip 'libboost1.81-dev | libboost1.83-dev | libboost-dev'; do
  printf '%s\n' "$listed" | grep -qxF "$want" || { echo "not listed as missing: $want"; failures=$((failures + 1)); }
done
if printf '%s\n' "$listed" | grep -E '#|gtest|^$|\['; then
  echo 'listed what is no package of the build'
  failures=$((failures + 1))
fi

[ "$failures" -eq 0 ] && echo 'all as expected'
