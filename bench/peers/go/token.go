package main

import (
	"crypto/rsa"
	"errors"
	"time"

	"github.com/golang-jwt/jwt"
)

// claims are those of an access token (RFC 9068, section 2.2).
type claims struct {
	Issuer    string `json:"iss"`
	Audience  string `json:"aud"`
	Subject   string `json:"sub"`
	SessionID string `json:"sid"`
	ID        string `json:"jti"`
	IssuedAt  int64  `json:"iat"`
	ExpiresAt int64  `json:"exp"`
	rules     *verifier
}

var errClaims = errors.New("a claim is missing or wrong")

// Valid is called by the parser before it verifies the signature.
func (c *claims) Valid() error {
	if c.Issuer != c.rules.issuer || c.Audience != c.rules.audience || c.ExpiresAt <= time.Now().Unix() ||
		c.IssuedAt == 0 || c.Subject == "" || c.SessionID == "" || c.ID == "" {
		return errClaims
	}
	return nil
}

type verifier struct {
	key              *rsa.PublicKey
	issuer, audience string
	parser           *jwt.Parser
}

func newVerifier(pem, issuer, audience string) (*verifier, error) {
	key, err := jwt.ParseRSAPublicKeyFromPEM([]byte(pem))
	if err != nil {
		return nil, err
	}
	// The salt is as long as the digest (RFC 7518, section 3.5). The library would accept any length.
	jwt.SigningMethodPS256.VerifyOptions = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	parser := &jwt.Parser{ValidMethods: []string{"PS256"}}
	return &verifier{key: key, issuer: issuer, audience: audience, parser: parser}, nil
}

func (v *verifier) verify(token string) (*claims, error) {
	verified := &claims{rules: v}
	_, err := v.parser.ParseWithClaims(token, verified, v.keyOf)
	return verified, err
}

func (v *verifier) keyOf(token *jwt.Token) (interface{}, error) {
	if token.Header["typ"] != "at+jwt" {
		return nil, errClaims
	}
	return v.key, nil
}
