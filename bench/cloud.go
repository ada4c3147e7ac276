package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/messaging/v2/claims"
	"github.com/gophercloud/gophercloud/v2/openstack/messaging/v2/messages"
	"github.com/gophercloud/gophercloud/v2/openstack/messaging/v2/queues"
	"github.com/gophercloud/gophercloud/v2/pagination"
)

// newCloud returns gophercloud's client for a server without authentication.
func newCloud(w where) *gophercloud.ServiceClient {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	provider := &gophercloud.ProviderClient{HTTPClient: http.Client{Transport: transport, Timeout: time.Minute}}
	return &gophercloud.ServiceClient{
		ProviderClient: provider, Endpoint: w.url + "/", ResourceBase: w.url + "/",
		MoreHeaders: map[string]string{"Client-ID": clientID, "X-Project-Id": project},
	}
}

func cloudPost(size int) work {
	return func(ctx context.Context, w where) (int, error) {
		c := newCloud(w)
		return w.n, inBatches(w.n, size, func(from, to int) error {
			var batch messages.BatchCreateOpts
			for i := from; i < to; i++ {
				batch = append(batch, messages.CreateOpts{TTL: 3600, Body: newJob(i).asMap()})
			}
			_, err := messages.Create(ctx, c, w.queue, batch).Extract()
			return err
		})
	}
}

func cloudClaim(size int) work {
	return func(ctx context.Context, w where) (int, error) {
		c, done := newCloud(w), 0
		for done < w.n {
			claimed, err := claims.Create(ctx, c, w.queue, claims.CreateOpts{TTL: 300, Grace: 60, Limit: size}).Extract()
			if err != nil {
				return done, err
			}
			if len(claimed) == 0 {
				return done, fmt.Errorf("the queue is empty after %d messages", done)
			}
			for _, m := range claimed {
				if err := asJob(m.Body); err != nil {
					return done, err
				}
				path, claim, _ := strings.Cut(m.Href, "?claim_id=")
				id := path[strings.LastIndexByte(path, '/')+1:]
				if err := messages.Delete(ctx, c, w.queue, id, messages.DeleteOpts{ClaimID: claim}).ExtractErr(); err != nil {
					return done, err
				}
				done++
			}
		}
		return done, nil
	}
}

// asJob makes a job of a body. The library has decoded it into a map.
func asJob(body map[string]any) error {
	n, _ := body["n"].(float64)
	text, ok := body["text"].(string)
	if !ok {
		return fmt.Errorf("a body is %v", body)
	}
	_ = job{N: int(n), Text: text}
	return nil
}

func cloudList(ctx context.Context, w where) (int, error) {
	c, got := newCloud(w), 0
	err := messages.List(c, w.queue, messages.ListOpts{Limit: 20, Echo: true}).EachPage(ctx, func(_ context.Context, p pagination.Page) (bool, error) {
		n, err := cloudPage(p)
		got += n
		return err == nil, err
	})
	return got, err
}

// cloudPage decodes the bodies of a page, and returns how many there are.
func cloudPage(p pagination.Page) (int, error) {
	all, err := messages.ExtractMessages(p)
	if err != nil {
		return 0, err
	}
	for _, m := range all {
		if err := asJob(m.Body); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

func cloudConnect(ctx context.Context, w where) (int, error) {
	return atOnce(w.n, 1, func(int) error {
		c := newCloud(w)
		defer c.HTTPClient.CloseIdleConnections()
		return queues.List(c, queues.ListOpts{Limit: 1}).EachPage(ctx, func(context.Context, pagination.Page) (bool, error) { return false, nil })
	})
}

func cloudDelete(ctx context.Context, w where) (int, error) {
	c := newCloud(w)
	for range w.n {
		if err := messages.Delete(ctx, c, w.queue, cannedID, messages.DeleteOpts{ClaimID: cannedClaim}).ExtractErr(); err != nil {
			return 0, err
		}
	}
	return w.n, nil
}

func cloudClaims(ctx context.Context, w where) (int, error) {
	c := newCloud(w)
	for range w.n {
		claimed, err := claims.Create(ctx, c, w.queue, claims.CreateOpts{TTL: 300, Grace: 60, Limit: 20}).Extract()
		if err != nil {
			return 0, err
		}
		for _, m := range claimed {
			if err := asJob(m.Body); err != nil {
				return 0, err
			}
		}
	}
	return w.n, nil
}

func cloudPages(ctx context.Context, w where) (int, error) {
	c := newCloud(w)
	for range w.n {
		err := messages.List(c, w.queue, messages.ListOpts{Limit: 20, Echo: true}).EachPage(ctx, func(_ context.Context, p pagination.Page) (bool, error) {
			_, err := cloudPage(p)
			return false, err
		})
		if err != nil {
			return 0, err
		}
	}
	return w.n, nil
}
