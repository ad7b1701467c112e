// Command proxy authenticates requests and proxies them with net/http/httputil, as oauth2-proxy, Oathkeeper and KrakenD
// do. It reads its settings from the environment and listens on PORT of 127.0.0.1.
package main

import (
	"log"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"time"
)

// The live heap is a few MiB, so the default of 100 would collect garbage a hundred times a second.
const gcPercent = 800

func main() {
	debug.SetGCPercent(gcPercent)
	upstream, err := url.Parse(os.Getenv("BANK_URL"))
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := newVerifier(os.Getenv("PUBLIC_KEY"), os.Getenv("ISSUER"), os.Getenv("AUDIENCE"))
	if err != nil {
		log.Fatal(err)
	}
	handler := &gate{
		verifier:  verifier,
		whitelist: newWhitelist(strings.TrimPrefix(os.Getenv("REDIS_URL"), "unix://")),
		proxy:     newProxy(upstream),
	}
	server := &http.Server{
		Addr:              "127.0.0.1:" + os.Getenv("PORT"),
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	log.Fatal(server.ListenAndServe())
}
