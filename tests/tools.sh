#!/bin/sh
# Installs the programs that the tests need besides Python, without prompts: Debian packages as root,
# kustomize with Go. If a program is still missing, the tests that need it fail and name it.
set -eu

packages=
command -v java >/dev/null || packages="$packages openjdk-17-jre-headless"
command -v mvn >/dev/null || packages="$packages maven"
command -v promtool >/dev/null || packages="$packages prometheus"

if [ -n "$packages" ] && command -v apt-get >/dev/null; then
    as_root=
    [ "$(id -u)" = 0 ] || as_root="sudo --non-interactive"
    # An old package list may name versions that the mirror no longer has, so update it first.
    if $as_root apt-get update --quiet=2 &&
        DEBIAN_FRONTEND=noninteractive $as_root apt-get install --quiet=2 --yes --no-install-recommends $packages
    then :
    else
        echo "could not install:$packages; do that as root, or the tests that need them fail" >&2
    fi
fi

if ! command -v kubectl >/dev/null && ! command -v kustomize >/dev/null && command -v go >/dev/null; then
    [ -x "$(go env GOPATH)/bin/kustomize" ] || go install sigs.k8s.io/kustomize/kustomize/v5@v5.7.1
fi
