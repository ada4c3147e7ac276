//go:build !race

package zaqar_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
)

// The library's calls are held against the loop over net/http that somebody writes without
// it: with a deadline, and with the same bodies encoded and decoded. Nothing goes over a
// network, so the numbers are the same in each run. What a trace of net/http costs while it
// writes is missing: one allocation for each header.
const (
	moreEachCall    = 14 // and 6 for the headers: 20
	moreEachMessage = 2
)

const (
	costID    = "4f8a1e0e-5b0d-4d6e-9d36-4d3a7e5a0d11"
	costClaim = "9c0d6f5e-7a86-4f1b-8b9e-2f5f0d1c7a52"
)

// costBody is the body of a message.
type costBody struct {
	N    int    `json:"n"`
	Text string `json:"text"`
}

func TestACallAllocatesHardlyMoreThanABareLoop(t *testing.T) {
	for _, call := range []struct {
		name     string
		messages int
		answer   answered
		library  func(context.Context, *zaqar.Queue) error
		bare     func(context.Context, bareLoop) error
	}{
		{"delete", 0, answered{http.StatusNoContent, nil}, libraryDeletes, bareDeletes},
		{"post", 1, answered{http.StatusCreated, []byte(`{"resources":["/v2/queues/q/messages/` + costID + `"]}`)}, libraryPosts, barePosts},
		{"claim of 20", 20, answered{http.StatusCreated, claimOfTwenty(t)}, libraryClaims, bareClaims},
		{"page of 20", 20, answered{http.StatusOK, claimOfTwenty(t)}, libraryPages, barePages},
	} {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.RegisterProtocol("http", call.answer) // instead of the network
		web := &http.Client{Transport: own}
		client, err := zaqar.Connect(t.Context(), "http://zaqar.invalid", zaqar.WithProject("p"), zaqar.WithVersion(zaqar.V2), zaqar.WithHTTPClient(web))
		if err != nil {
			t.Fatal(err)
		}
		queue := client.Queue("q")
		library := testing.AllocsPerRun(200, func() {
			if err := call.library(t.Context(), queue); err != nil {
				t.Fatal(err)
			}
		})
		bare := testing.AllocsPerRun(200, func() {
			if err := call.bare(t.Context(), bareLoop{web}); err != nil {
				t.Fatal(err)
			}
		})
		t.Logf("%s: %.0f allocations, the bare loop has %.0f", call.name, library, bare)
		if most := bare + moreEachCall + float64(moreEachMessage*call.messages); library > most {
			t.Errorf("%s: %.0f allocations, more than %.0f: the bare loop has %.0f", call.name, library, most, bare)
		}
	}
}

// answered gives every request the same answer.
type answered struct {
	status int
	body   []byte
}

func (a answered) RoundTrip(req *http.Request) (*http.Response, error) {
	reply := &http.Response{StatusCode: a.status, Header: http.Header{}, Body: http.NoBody, Request: req}
	if a.body != nil {
		reply.Body, reply.ContentLength = io.NopCloser(bytes.NewReader(a.body)), int64(len(a.body))
	}
	if a.status == http.StatusCreated {
		reply.Header["Location"] = []string{"/v2/queues/q/claims/" + costClaim}
	}
	return reply, nil
}

func libraryDeletes(ctx context.Context, q *zaqar.Queue) error {
	return q.DeleteMessage(ctx, costID, zaqar.ClaimID(costClaim))
}

func libraryPosts(ctx context.Context, q *zaqar.Queue) error {
	_, err := q.PostMany(ctx, []zaqar.Outgoing{{Body: costBody{1, strings.Repeat("x", 180)}, TTL: time.Hour}})
	return err
}

func libraryClaims(ctx context.Context, q *zaqar.Queue) error {
	claim, err := q.Claim(ctx, zaqar.Limit(20), zaqar.TTL(5*time.Minute), zaqar.Grace(time.Minute))
	if err != nil {
		return err
	}
	for _, m := range claim.Messages() {
		if err := m.Decode(new(costBody)); err != nil {
			return err
		}
	}
	return nil
}

func libraryPages(ctx context.Context, q *zaqar.Queue) error {
	for m, err := range q.Messages(ctx, zaqar.Limit(20)) {
		if err != nil {
			return err
		}
		if err := m.Decode(new(costBody)); err != nil {
			return err
		}
	}
	return nil
}

type bareLoop struct{ web *http.Client }

func (b bareLoop) call(ctx context.Context, method, rest string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://zaqar.invalid/v2/queues/q"+rest, body)
	if err != nil {
		return err
	}
	for _, name := range []string{"Client-Id", "X-Project-Id", "Accept", "Content-Type"} {
		req.Header.Set(name, "p")
	}
	reply, err := b.web.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = reply.Body.Close() }()
	data, err := io.ReadAll(reply.Body)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(data, out)
}

func bareDeletes(ctx context.Context, b bareLoop) error {
	return b.call(ctx, http.MethodDelete, "/messages/"+costID+"?claim_id="+costClaim, nil, nil)
}

func barePosts(ctx context.Context, b bareLoop) error {
	type message struct {
		TTL  int `json:"ttl"`
		Body any `json:"body"`
	}
	in := map[string][]message{"messages": {{3600, costBody{1, strings.Repeat("x", 180)}}}}
	var out struct{ Resources []string }
	return b.call(ctx, http.MethodPost, "/messages", in, &out)
}

func bareClaims(ctx context.Context, b bareLoop) error {
	return b.read(ctx, http.MethodPost, "/claims?limit=20", map[string]int{"ttl": 300, "grace": 60})
}

func barePages(ctx context.Context, b bareLoop) error {
	return b.read(ctx, http.MethodGet, "/messages?limit=20&echo=true", nil)
}

func (b bareLoop) read(ctx context.Context, method, rest string, in any) error {
	var page struct {
		Messages []struct {
			ID       string          `json:"id"`
			Href     string          `json:"href"`
			TTL      int             `json:"ttl"`
			Age      int             `json:"age"`
			Body     json.RawMessage `json:"body"`
			ClaimID  string          `json:"claim_id"`
			Checksum string          `json:"checksum"`
		} `json:"messages"`
	}
	if err := b.call(ctx, method, rest, in, &page); err != nil {
		return err
	}
	for _, m := range page.Messages {
		if err := json.Unmarshal(m.Body, new(costBody)); err != nil {
			return err
		}
	}
	return nil
}
