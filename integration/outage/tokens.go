package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
)

// tokenBook is the transport of all clients to Keystone. It records their tokens.
type tokenBook struct {
	mu     sync.Mutex
	tokens []string
}

// RoundTrip implements [http.RoundTripper].
func (b *tokenBook) RoundTrip(r *http.Request) (*http.Response, error) {
	reply, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && r.Method == http.MethodPost && reply.Header.Get("X-Subject-Token") != "" {
		b.mu.Lock()
		b.tokens = append(b.tokens, reply.Header.Get("X-Subject-Token"))
		b.mu.Unlock()
	}
	return reply, err
}

// revokeAll revokes the recorded tokens, and returns their number.
func (b *tokenBook) revokeAll(ctx context.Context, url string) (int, error) {
	b.mu.Lock()
	tokens := b.tokens
	b.tokens = nil
	b.mu.Unlock()
	for _, token := range tokens {
		req, err := http.NewRequestWithContext(ctx, http.MethodDelete, url+"/v3/auth/tokens", nil)
		if err != nil {
			return 0, err
		}
		req.Header.Set("X-Auth-Token", token)
		req.Header.Set("X-Subject-Token", token)
		reply, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			return 0, err
		}
		_ = reply.Body.Close()
		if reply.StatusCode != http.StatusNoContent {
			return 0, fmt.Errorf("a token could not be revoked: %s", reply.Status)
		}
	}
	return len(tokens), nil
}
