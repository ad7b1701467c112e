#!/bin/sh
# Makes certificates for a trial in the current directory, with OpenSSL 3: an authority, a server, and the clients
# `client` and `other`. Each .pem of a client or the server has the private key and the certificate.
set -eu
umask 077

new_key() {
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"
}

issue() { # name, then the extension that says what it is for
  new_key "$1"
  openssl req -x509 -new -key "$1.key" -CA ca.pem -CAkey ca.key -days 30 -subj "/CN=$1" \
    -addext 'basicConstraints=critical,CA:FALSE' -addext "$2" -out "$1.crt"
  cat "$1.key" "$1.crt" > "$1.pem"
}

new_key ca
openssl req -x509 -new -key ca.key -days 30 -subj '/CN=Trial authority' -out ca.pem
issue server 'subjectAltName=DNS:localhost,IP:127.0.0.1'
issue client 'extendedKeyUsage=clientAuth'
issue other 'extendedKeyUsage=clientAuth'
