package main

import (
	"net/http"
	"net/http/httputil"
	"strings"
)

const (
	prefix = "/bank"
	scheme = "Bearer "
)

// gate authenticates and authorizes a request and passes it on with identity headers.
type gate struct {
	verifier  *verifier
	whitelist *whitelist
	proxy     *httputil.ReverseProxy
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	authorization := r.Header["Authorization"]
	if len(authorization) != 1 || !strings.HasPrefix(authorization[0], scheme) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	claims, err := g.verifier.verify(authorization[0][len(scheme):])
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	role, status := g.whitelist.roleOf(claims)
	if status != http.StatusOK {
		w.WriteHeader(status)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, prefix)
	if len(path) == len(r.URL.Path) || !allows(role, r.Method, path) {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	r.URL.Path, r.URL.RawPath = path, ""
	header := r.Header
	header.Del("Authorization")
	header.Del("Cookie")
	header["X-User-Id"] = []string{claims.Subject}
	header["X-Session-Id"] = []string{claims.SessionID}
	header["X-Role"] = []string{role}
	header["X-Forwarded-Host"] = []string{r.Host}
	header["X-Forwarded-Proto"] = []string{"http"}
	header.Del("X-Forwarded-For")
	g.proxy.ServeHTTP(w, r)
}
