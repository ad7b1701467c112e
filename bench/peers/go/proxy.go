package main

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

const (
	maxIdleUpstream = 512
	bufferBytes     = 16 * 1024
)

// bufferPool lends the buffers with which bodies are copied.
type bufferPool struct{ pool sync.Pool }

func (b *bufferPool) Get() []byte { return *b.pool.Get().(*[]byte) }

func (b *bufferPool) Put(buffer []byte) { b.pool.Put(&buffer) }

func newBufferPool() *bufferPool {
	return &bufferPool{sync.Pool{New: func() interface{} {
		buffer := make([]byte, bufferBytes)
		return &buffer
	}}}
}

func newProxy(upstream *url.URL) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Director: func(r *http.Request) {
			r.URL.Scheme, r.URL.Host = upstream.Scheme, upstream.Host
			r.Host = ""
		},
		Transport: &http.Transport{
			DialContext:           (&net.Dialer{Timeout: 2 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			MaxIdleConnsPerHost:   maxIdleUpstream,
			IdleConnTimeout:       2 * time.Minute,
			ResponseHeaderTimeout: 30 * time.Second,
			DisableCompression:    true,
		},
		BufferPool: newBufferPool(),
		ErrorLog:   log.New(io.Discard, "", 0),
	}
}
