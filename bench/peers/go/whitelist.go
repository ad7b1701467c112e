package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/gomodule/redigo/redis"
)

const (
	redisTimeout   = 900 * time.Millisecond
	maxConnections = 256
)

// whitelist reads the three keys of a token from Redis with one MGET and judges them as the gateway does.
type whitelist struct {
	pool *redis.Pool
}

type authorization struct {
	Role       string `json:"role"`
	Generation *int64 `json:"gen"`
}

func newWhitelist(socket string) *whitelist {
	dial := func() (redis.Conn, error) {
		return redis.Dial("unix", socket, redis.DialReadTimeout(redisTimeout), redis.DialWriteTimeout(redisTimeout))
	}
	return &whitelist{pool: &redis.Pool{Dial: dial, MaxIdle: maxConnections}}
}

// roleOf returns the role of an active user whose token and session have not been revoked, with the status 200.
func (l *whitelist) roleOf(c *claims) (string, int) {
	connection := l.pool.Get()
	defer connection.Close()
	user := "{" + c.Subject + "}"
	values, err := redis.ByteSlices(connection.Do(
		"MGET", "jti:"+user+":"+c.ID, "sid:"+user+":"+c.SessionID, "authz:"+user))
	if err != nil || len(values) != 3 {
		return "", http.StatusServiceUnavailable
	}
	entry, session, authz := values[0], values[1], values[2]
	if entry == nil || session == nil || authz == nil {
		return "", http.StatusUnauthorized
	}
	var current authorization
	if json.Unmarshal(authz, &current) != nil || current.Generation == nil {
		return "", http.StatusServiceUnavailable
	}
	// The whitelist entry is the generation of the user when the token was issued.
	if string(entry) != strconv.FormatInt(*current.Generation, 10) {
		return "", http.StatusUnauthorized
	}
	return current.Role, http.StatusOK
}
