#!/bin/sh
# Installs what building and testing mote needs on a fresh Debian machine.
#
#   targets/setup.sh               toolchain, libraries, Arm cross compiler and emulator
#   targets/setup.sh --targets     and those for RISC-V and AVR
#   targets/setup.sh --compilers   and clang 14 and 19, so that no compiler test is skipped
#   targets/setup.sh --emulators   and compilers and emulators of AArch64 and of big-endian s390x
#   targets/setup.sh --bench       and the libraries that the benchmarks compare with
#
# Safe to run again: packages that are there already are left alone, and when none
# is missing neither root nor a network is needed.
set -eu

# The cross compiler comes without its static libraries (gigabytes that nothing here
# links): Debian only "recommends" them, so --no-install-recommends leaves them out.
packages="
  ca-certificates cmake g++ git gzip ninja-build
  libboost-dev catch2 libbenchmark-dev libcli11-dev nlohmann-json3-dev zlib1g-dev libzip-dev
  gcc-arm-none-eabi libnewlib-dev libstdc++-arm-none-eabi-dev qemu-system-arm"
# RISC-V, then AVR. The C++ library's headers are the Arm compiler's for all of them.
targets="
  gcc-riscv64-unknown-elf qemu-system-misc
  gcc-avr clang-19 libsimavr-dev libelf-dev"
compilers="clang-14 clang-19"
emulators="g++-aarch64-linux-gnu g++-s390x-linux-gnu qemu-user"
peers="libeigen3-dev libopenblas-dev libdnnl-dev libdlib-dev libtorch-dev"

for argument in "$@"; do
  case "$argument" in
    --targets) packages="$packages $targets" ;;
    --compilers) packages="$packages $compilers" ;;
    --emulators) packages="$packages $emulators" ;;
    --bench) packages="$packages $peers" ;;
    -h | --help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "setup.sh: unknown option '$argument'; try --help" >&2; exit 2 ;;
  esac
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "setup.sh: this system has no apt-get, so nothing was installed. mote needs, in Debian's names:" >&2
  echo $packages >&2
  echo "CMake 3.25 or newer, a C++20 compiler (g++ 12, clang 14 or newer) and Boost.Hana are enough to" >&2
  echo "use the library; without the Arm packages the firmware steps are skipped." >&2
  exit 1
fi

missing=""
for package in $packages; do
  state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing="$missing $package"
done
if [ -z "$missing" ]; then
  echo "setup.sh: everything is installed"
  exit 0
fi

if [ "$(id -u)" = 0 ]; then
  as_root=""
elif command -v sudo >/dev/null; then
  as_root=sudo
else
  echo "setup.sh: installing needs root and there is no sudo; as root run:" >&2
  echo "  apt-get install --no-install-recommends$missing" >&2
  exit 1
fi
echo "setup.sh: installing$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086 # a list of words
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing
