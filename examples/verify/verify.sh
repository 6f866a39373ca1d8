#!/usr/bin/env bash
# ./verify.sh ID TIMESTAMP SIGNATURE < BODY, with the secret in WEBHOOK_SECRET: ends with 0 when it is genuine. For trying by hand: the key stands in
# the arguments of openssl while it runs.
set -euo pipefail
id=$1 timestamp=$2 signatures=$3
tolerance=300

[[ $timestamp =~ ^[0-9]{1,10}$ ]] || exit 1
age=$(($(date +%s) - 10#$timestamp))
((age <= tolerance && age >= -tolerance)) || exit 1

key=$(printf %s "${WEBHOOK_SECRET#whsec_}" | base64 --decode | od -An -v -tx1 | tr -d ' \n')
expected=v1,$({ printf '%s.%s.' "$id" "$timestamp" && cat; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64 -w0)
for entry in $signatures; do
  if [ "$entry" = "$expected" ]; then exit 0; fi
done
exit 1
