package zaqartest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// deliveryTimeout bounds an attempt of the server's own client.
const deliveryTimeout = 30 * time.Second

// errHopeless: another attempt would be no better.
var errHopeless = errors.New("it cannot be delivered")

func isHopeless(err error) bool { return errors.Is(err, errHopeless) }

// loopbackClient talks to this machine only, whatever a subscriber's name leads
// to, and follows no redirects.
func loopbackClient() *http.Client {
	dialer := &net.Dialer{Timeout: deliveryTimeout}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		switch {
		case err != nil:
			return nil, err
		case host == "localhost":
			address = net.JoinHostPort("127.0.0.1", port)
		case !net.ParseIP(host).IsLoopback():
			// No name is looked up: that alone would tell somebody.
			return nil, fmt.Errorf("%w: %s is not on this machine", errHopeless, address)
		}
		return dialer.DialContext(ctx, network, address)
	}
	return &http.Client{
		Timeout:       deliveryTimeout,
		Transport:     &http.Transport{DialContext: dial, MaxIdleConnsPerHost: deliveryWorkers},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post takes a notice that is to go to a webhook.
func (c *courier) post(told notice) {
	d := newDelivery(told)
	d.due = c.srv.Now()
	d.url = told.subscription.Subscriber
	d.policy = newRetryPolicy(told.subscription.Option("_retry_policy"), told.retry)
	d.Header.Set("Content-Type", jsonType)
	var err error
	if scheme := broker.SchemeOf(d.url); strings.HasPrefix(scheme, trustScheme) {
		d.url = d.url[len(trustScheme):]
		d.trust, _ = rawjson.Text(told.subscription.Option("trust_id"))
		d.Header.Set("X-Auth-Token", redacted)
	}
	if d.Body, err = filledIn(told); err == nil {
		err = addHeaders(d.Header, told)
	}
	c.keep(d)
	if err != nil {
		c.settle(d, DeliveryAttempt{Err: err})
		return
	}
	c.hand(d)
}

func newDelivery(told notice) *delivery {
	return &delivery{Delivery: Delivery{
		Project: told.project, Queue: told.queue, SubscriptionID: told.subscription.ID.String(),
		Subscriber: told.subscription.Subscriber, Kind: told.kind, Header: http.Header{}, Body: told.document,
	}}
}

// filledIn is the body: the document, or the option post_data with the document
// in the place that is meant for it.
func filledIn(told notice) ([]byte, error) {
	value := told.subscription.Option("post_data")
	if value == nil {
		return told.document, nil
	}
	template, ok := rawjson.Text(value)
	if !ok {
		return nil, fmt.Errorf("%w: the option post_data is not a string", errHopeless)
	}
	return []byte(strings.ReplaceAll(template, `"$zaqar_message$"`, string(told.document))), nil
}

// addHeaders adds those of the option post_headers.
func addHeaders(header http.Header, told notice) error {
	value := told.subscription.Option("post_headers")
	if rawjson.IsNull(value) {
		return nil
	}
	headers, err := rawjson.Object(value)
	if err != nil {
		return fmt.Errorf("%w: the option post_headers: %w", errHopeless, err)
	}
	for name, value := range headers {
		content, ok := rawjson.Text(value)
		if !ok {
			return fmt.Errorf("%w: the header %s of the option post_headers is not a string", errHopeless, name)
		}
		header.Set(name, content)
	}
	return nil
}

// attempt sends a delivery once.
func (c *courier) attempt(d *delivery) DeliveryAttempt {
	target, err := url.Parse(d.url)
	if err != nil || target.Host == "" {
		return DeliveryAttempt{Err: fmt.Errorf("%w: %q has no host", errHopeless, d.url)}
	}
	req, err := http.NewRequestWithContext(c.srv.ctx, http.MethodPost, d.url, bytes.NewReader(d.Body))
	if err != nil {
		return DeliveryAttempt{Err: fmt.Errorf("%w: %w", errHopeless, err)}
	}
	req.Header = d.Header.Clone()
	req.Header.Set("User-Agent", "zaqartest")
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	// The option post_headers may have another token.
	if d.trust != "" && req.Header.Get("X-Auth-Token") == redacted {
		t, ok := c.srv.identity.trusted(d.trust)
		if !ok {
			return DeliveryAttempt{Err: fmt.Errorf("%w: the trust is unknown or has ended", errHopeless)}
		}
		req.Header.Set("X-Auth-Token", t.id)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return DeliveryAttempt{Err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	// What it says does not matter, but the connection can be used again.
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	return DeliveryAttempt{Status: resp.StatusCode}
}

// mail writes a mail, which is for tests to look at and goes nowhere.
func (c *courier) mail(told notice) {
	d := newDelivery(told)
	d.State = DeliveryRecorded
	from, _ := rawjson.Text(told.subscription.Option("from"))
	subject, _ := rawjson.Text(told.subscription.Option("subject"))
	address, query, _ := strings.Cut(told.subscription.Subscriber[len("mailto:"):], "?")
	parameters, _ := url.ParseQuery(query) // what can be read of it
	for name, values := range parameters {
		if strings.EqualFold(name, "subject") {
			subject = values[0]
		}
	}
	if plain, err := url.PathUnescape(address); err == nil {
		address = plain
	}
	d.Header.Set("To", address)
	d.Header.Set("From", from)
	d.Header.Set("Subject", subject)
	c.keep(d)
}
