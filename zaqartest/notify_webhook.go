package zaqartest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// errHopeless: another attempt would be no better.
var errFinal = errors.New("it cannot be delivered")

func isFinal(err error) bool { return errors.Is(err, errFinal) }

// post takes a notice that is to go to a webhook.
func (c *deliverer) postWebhook(told notice) {
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
	if d.Body, err = webhookBody(told); err == nil {
		err = addPostHeaders(d.Header, told)
	}
	c.addToLog(d)
	if err != nil {
		c.finishAttempt(d, DeliveryAttempt{Err: err})
		return
	}
	c.enqueue(d)
}

func newDelivery(told notice) *deliveryJob {
	return &deliveryJob{Delivery: Delivery{
		Project: told.project, Queue: told.queue, SubscriptionID: told.subscription.ID.String(),
		Subscriber: told.subscription.Subscriber, Kind: told.kind, Header: http.Header{}, Body: told.document,
	}}
}

// filledIn is the body: the document, or the option post_data with the document
// in the place that is meant for it.
func webhookBody(told notice) ([]byte, error) {
	value := told.subscription.Option("post_data")
	if value == nil {
		return told.document, nil
	}
	template, ok := rawjson.Text(value)
	if !ok {
		return nil, fmt.Errorf("%w: the option post_data is not a string", errFinal)
	}
	return []byte(strings.ReplaceAll(template, `"$zaqar_message$"`, string(told.document))), nil
}

// addHeaders adds those of the option post_headers.
func addPostHeaders(header http.Header, told notice) error {
	value := told.subscription.Option("post_headers")
	if rawjson.IsNull(value) {
		return nil
	}
	headers, err := rawjson.Object(value)
	if err != nil {
		return fmt.Errorf("%w: the option post_headers: %w", errFinal, err)
	}
	for name, value := range headers {
		content, ok := rawjson.Text(value)
		if !ok {
			return fmt.Errorf("%w: the header %s of the option post_headers is not a string", errFinal, name)
		}
		header.Set(name, content)
	}
	return nil
}

// attempt sends a delivery once.
func (c *deliverer) attempt(d *deliveryJob) DeliveryAttempt {
	target, err := url.Parse(d.url)
	if err != nil || target.Host == "" {
		return DeliveryAttempt{Err: fmt.Errorf("%w: %q has no host", errFinal, d.url)}
	}
	req, err := http.NewRequestWithContext(c.srv.ctx, http.MethodPost, d.url, bytes.NewReader(d.Body))
	if err != nil {
		return DeliveryAttempt{Err: fmt.Errorf("%w: %w", errFinal, err)}
	}
	req.Header = d.Header.Clone()
	req.Header.Set("User-Agent", "zaqartest")
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	// The option post_headers may have another token.
	if d.trust != "" && req.Header.Get("X-Auth-Token") == redacted {
		t, ok := c.srv.keystone.tokenForTrust(d.trust)
		if !ok {
			return DeliveryAttempt{Err: fmt.Errorf("%w: the trust is unknown or has ended", errFinal)}
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
