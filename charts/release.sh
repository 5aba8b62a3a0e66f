#!/usr/bin/env bash
# Packages the chart, signs it, pushes it to an OCI registry, and pulls it back to see that its signature holds. What has to be there:
#
#   KEY               name or address of the signing key
#   KEYRING           its file, in the old form of GnuPG: gpg --export-secret-keys >secring.gpg
#   PUBRING           what users verify with: gpg --export >pubring.gpg
#   PASSPHRASE_FILE   the key's passphrase, if it has one
#   REGISTRY          oci://ghcr.io/rtcship/charts by default; log in first with helm registry login
#   HELM              helm by default, 3 or 4
#   HELM_FLAGS        for push and pull, such as --plain-http
#   COSIGN=1          sign the pushed chart with cosign, too
set -euo pipefail
cd "$(dirname "$0")"
die() { echo "release: $*" >&2; exit 1; }
: "${KEY:?}" "${KEYRING:?}" "${PUBRING:?}"
registry=${REGISTRY:-oci://ghcr.io/rtcship/charts} helm=${HELM:-helm}
read -ra flags <<<"${HELM_FLAGS:-}"
version=$(sed -n 's/^version: *//p' rtcship/Chart.yaml)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for page in UPGRADING.md CHANGELOG.md; do
	grep -q "^## $version" "rtcship/$page" || die "$page says nothing of $version"
done
# A published version is never changed: whoever verified it once must get the same again.
if "$helm" show chart "$registry/rtcship" --version "$version" "${flags[@]}" >/dev/null 2>&1; then
	die "$registry/rtcship $version is published already"
fi

sign=(--sign --key "$KEY" --keyring "$KEYRING")
[ -z "${PASSPHRASE_FILE:-}" ] || sign+=(--passphrase-file "$PASSPHRASE_FILE")
"$helm" package rtcship --destination "$work" "${sign[@]}"
"$helm" push "$work/rtcship-$version.tgz" "$registry" "${flags[@]}" 2>&1 | tee "$work/pushed"

mkdir "$work/back"
"$helm" pull "$registry/rtcship" --version "$version" --destination "$work/back" --verify --keyring "$PUBRING" "${flags[@]}"
cmp "$work/rtcship-$version.tgz" "$work/back/rtcship-$version.tgz" || die "what the registry gives is not what was pushed"

if [ "${COSIGN:-}" = 1 ]; then
	digest=$(sed -n 's/^Digest: *//p' "$work/pushed")
	cosign sign --yes "${registry#oci://}/rtcship@$digest"
fi
echo "$registry/rtcship $version is published, signed by $KEY"
