package main

import (
	"net/http"
	"strings"
)

const (
	accountsRead   = "accounts:read"
	transfersWrite = "transfers:write"
)

// In this product every role includes the scopes of the one before it, and the least one has both.
var scopes = map[string]bool{accountsRead: true, transfersWrite: true}
var scopesOfRole = map[string]map[string]bool{
	"user": scopes, "supervisor": scopes, "admin": scopes, "super-admin": scopes,
}

var readable = map[string]bool{
	"": true, "transactions": true, "transactions/search": true, "balance": true, "spenders": true, "stream": true,
}

// allows applies the rules of the benchmark (bench/setup/shared-setup.ts): which scope a request needs. Without a rule it is denied.
func allows(role, method, path string) bool {
	scope := scopeFor(method, path)
	return scope != "" && scopesOfRole[role][scope]
}

func scopeFor(method, path string) string {
	reads := method == http.MethodGet || method == http.MethodHead
	if path == "/accounts" {
		if reads {
			return accountsRead
		}
		return ""
	}
	if path == "/messages" && method == http.MethodPost {
		return transfersWrite
	}
	account := strings.TrimPrefix(path, "/accounts/")
	if len(account) == len(path) || account == "" || account[0] == '/' {
		return ""
	}
	_, resource, found := strings.Cut(account, "/")
	switch {
	case reads && readable[resource] && found == (resource != ""):
		return accountsRead
	case method == http.MethodPost && resource == "transfers":
		return transfersWrite
	}
	return ""
}
