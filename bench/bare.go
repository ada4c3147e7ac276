package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// bare is the loop that somebody writes without a library: net/http, a deadline for each
// request, and the same bodies encoded and decoded.
type bare struct {
	http *http.Client
	base string // …/v2/queues/QUEUE
}

func newBare(w where) *bare {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	return &bare{http: &http.Client{Transport: transport}, base: w.url + "/v2/queues/" + w.queue}
}

const (
	clientID = "3381af92-2b9e-11e3-b191-71861300734c"
	project  = "bench"
)

// call sends a request, and decodes the answer into out unless it is nil.
func (b *bare) call(ctx context.Context, method, rest string, in, out any) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return 0, err
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, b.base+rest, body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Client-ID", clientID)
	req.Header.Set("X-Project-Id", project)
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	reply, err := b.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = reply.Body.Close() }()
	data, err := io.ReadAll(reply.Body)
	switch {
	case err != nil:
		return 0, err
	case reply.StatusCode/100 != 2:
		return 0, fmt.Errorf("%s %s: %s: %s", method, rest, reply.Status, data)
	case out != nil && len(data) > 0:
		err = json.Unmarshal(data, out)
	}
	return reply.StatusCode, err
}

type (
	outgoing struct {
		TTL  int `json:"ttl"`
		Body any `json:"body"`
	}
	posting struct {
		Messages []outgoing `json:"messages"`
	}
	incoming struct {
		ID       string          `json:"id"`
		Href     string          `json:"href"`
		TTL      int             `json:"ttl"`
		Age      int             `json:"age"`
		Body     json.RawMessage `json:"body"`
		ClaimID  string          `json:"claim_id"`
		Checksum string          `json:"checksum"`
	}
	page struct {
		Messages []incoming `json:"messages"`
		Links    []struct {
			Rel  string `json:"rel"`
			Href string `json:"href"`
		} `json:"links"`
	}
)

// decode decodes the bodies, as whoever handles them does.
func decode(messages []incoming) error {
	for _, m := range messages {
		var j job
		if err := json.Unmarshal(m.Body, &j); err != nil {
			return err
		}
	}
	return nil
}

func barePost(size int) work {
	return func(ctx context.Context, w where) (int, error) {
		b := newBare(w)
		return w.n, inBatches(w.n, size, func(from, to int) error { return b.post(ctx, from, to) })
	}
}

func (b *bare) post(ctx context.Context, from, to int) error {
	var in posting
	for i := from; i < to; i++ {
		in.Messages = append(in.Messages, outgoing{TTL: 3600, Body: newJob(i)})
	}
	var out struct {
		Resources []string `json:"resources"`
	}
	if _, err := b.call(ctx, http.MethodPost, "/messages", in, &out); err != nil {
		return err
	}
	if len(out.Resources) != to-from {
		return fmt.Errorf("%d of %d messages are stored", len(out.Resources), to-from)
	}
	return nil
}

// inBatches calls f for each batch of n things.
func inBatches(n, size int, f func(from, to int) error) error {
	for from := 0; from < n; from += size {
		if err := f(from, min(from+size, n)); err != nil {
			return err
		}
	}
	return nil
}

type deletion int

const (
	deleteEach    deletion = iota // with its claim, one request each
	deleteRolling                 // up to 20 at once
)

var claimRequest = map[string]int{"ttl": 300, "grace": 60}

// bareClaim claims and deletes until it has had all messages.
func bareClaim(size int, how deletion) work {
	return func(ctx context.Context, w where) (int, error) {
		b, done := newBare(w), 0
		var finished []incoming
		flush := func() error {
			if len(finished) == 0 {
				return nil
			}
			err := b.deleteMany(ctx, finished)
			finished = finished[:0]
			return err
		}
		for done < w.n {
			var claim page
			status, err := b.call(ctx, http.MethodPost, "/claims?limit="+strconv.Itoa(size), claimRequest, &claim)
			if err != nil {
				return done, err
			}
			if status == http.StatusNoContent {
				return done, fmt.Errorf("the queue is empty after %d messages", done)
			}
			if err := decode(claim.Messages); err != nil {
				return done, err
			}
			for _, m := range claim.Messages {
				done++
				if how == deleteEach {
					if _, err := b.call(ctx, http.MethodDelete, "/messages/"+m.id()+"?claim_id="+m.claim(), nil, nil); err != nil {
						return done, err
					}
					continue
				}
				if finished = append(finished, m); len(finished) == 20 {
					if err := flush(); err != nil {
						return done, err
					}
				}
			}
		}
		return done, flush()
	}
}

func (b *bare) deleteMany(ctx context.Context, messages []incoming) error {
	var ids []string
	for _, m := range messages {
		ids = append(ids, m.id())
	}
	_, err := b.call(ctx, http.MethodDelete, "/messages?ids="+strings.Join(ids, ","), nil, nil)
	return err
}

// id returns the message's id. It is the last part of its link.
func (m incoming) id() string {
	path, _, _ := strings.Cut(m.Href, "?")
	return path[strings.LastIndexByte(path, '/')+1:]
}

// claim returns the id of the message's claim. It is in its link.
func (m incoming) claim() string {
	_, query, _ := strings.Cut(m.Href, "?claim_id=")
	return query
}

func bareList(ctx context.Context, w where) (int, error) {
	b, got, rest := newBare(w), 0, "/messages?limit=20&echo=true"
	for {
		var p page
		if _, err := b.call(ctx, http.MethodGet, rest, nil, &p); err != nil {
			return got, err
		}
		if len(p.Messages) == 0 || len(p.Links) == 0 {
			return got, nil
		}
		if err := decode(p.Messages); err != nil {
			return got, err
		}
		got += len(p.Messages)
		next, err := url.Parse(p.Links[0].Href)
		if err != nil {
			return got, err
		}
		rest = "/messages?" + next.RawQuery
	}
}

func bareConnect(ctx context.Context, w where) (int, error) {
	return atOnce(w.n, 1, func(int) error {
		b := newBare(w)
		defer b.http.CloseIdleConnections()
		b.base = w.url + "/v2/queues"
		_, err := b.call(ctx, http.MethodGet, "", nil, nil)
		return err
	})
}

func bareDelete(ctx context.Context, w where) (int, error) {
	b := newBare(w)
	for range w.n {
		if _, err := b.call(ctx, http.MethodDelete, "/messages/"+cannedID+"?claim_id="+cannedClaim, nil, nil); err != nil {
			return 0, err
		}
	}
	return w.n, nil
}

func bareClaims(ctx context.Context, w where) (int, error) {
	b := newBare(w)
	return bareReads(ctx, b, w.n, http.MethodPost, "/claims?limit=20", claimRequest)
}

func barePages(ctx context.Context, w where) (int, error) {
	return bareReads(ctx, newBare(w), w.n, http.MethodGet, "/messages?limit=20&echo=true", nil)
}

func bareReads(ctx context.Context, b *bare, n int, method, rest string, in any) (int, error) {
	for range n {
		var p page
		if _, err := b.call(ctx, method, rest, in, &p); err != nil {
			return 0, err
		}
		if err := decode(p.Messages); err != nil {
			return 0, err
		}
	}
	return n, nil
}
