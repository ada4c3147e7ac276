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

// errFinal means that another attempt would fail as well.
var errFinal = errors.New("it cannot be delivered")

func isFinal(err error) bool { return errors.Is(err, errFinal) }

// postWebhook delivers a notice to a webhook.
func (d *deliverer) postWebhook(n notice) {
	j := newDelivery(n)
	j.due = d.srv.Now()
	j.url = n.subscription.Subscriber
	j.policy = newRetryPolicy(n.subscription.Option("_retry_policy"), n.retry)
	j.Header.Set("Content-Type", jsonType)
	var err error
	if scheme := broker.SchemeOf(j.url); strings.HasPrefix(scheme, trustScheme) {
		j.url = j.url[len(trustScheme):]
		j.trust, _ = rawjson.Text(n.subscription.Option("trust_id"))
		j.Header.Set("X-Auth-Token", redacted)
	}
	if j.Body, err = webhookBody(n); err == nil {
		err = addPostHeaders(j.Header, n)
	}
	d.addToLog(j)
	j.held = int64(len(j.Body))
	d.srv.transit.take(j.held)
	if err != nil {
		d.finishAttempt(j, DeliveryAttempt{Err: err})
		return
	}
	d.enqueue(j)
}

func newDelivery(n notice) *deliveryJob {
	return &deliveryJob{Delivery: Delivery{
		Project: n.project, Queue: n.queue, SubscriptionID: n.subscription.ID.String(),
		Subscriber: n.subscription.Subscriber, Kind: n.kind, Header: http.Header{}, Body: n.document,
	}}
}

// webhookBody returns the body: the document, or the option post_data with the
// document in place of "$zaqar_message$".
func webhookBody(n notice) ([]byte, error) {
	value := n.subscription.Option("post_data")
	if value == nil {
		return n.document, nil
	}
	template, ok := rawjson.Text(value)
	if !ok {
		return nil, fmt.Errorf("%w: the option post_data is not a string", errFinal)
	}
	return []byte(strings.ReplaceAll(template, `"$zaqar_message$"`, string(n.document))), nil
}

// addPostHeaders adds the headers of the option post_headers.
func addPostHeaders(header http.Header, n notice) error {
	value := n.subscription.Option("post_headers")
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

// attempt sends a job once.
func (d *deliverer) attempt(j *deliveryJob) DeliveryAttempt {
	target, err := url.Parse(j.url)
	if err != nil || target.Host == "" {
		return DeliveryAttempt{Err: fmt.Errorf("%w: %q has no host", errFinal, j.url)}
	}
	req, err := http.NewRequestWithContext(d.srv.ctx, http.MethodPost, j.url, bytes.NewReader(j.Body))
	if err != nil {
		return DeliveryAttempt{Err: fmt.Errorf("%w: %w", errFinal, err)}
	}
	req.Header = j.Header.Clone()
	req.Header.Set("User-Agent", "zaqartest")
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	// The option post_headers may set another token.
	if j.trust != "" && req.Header.Get("X-Auth-Token") == redacted {
		t, ok := d.srv.keystone.tokenForTrust(j.trust)
		if !ok {
			return DeliveryAttempt{Err: fmt.Errorf("%w: the trust is unknown or has ended", errFinal)}
		}
		req.Header.Set("X-Auth-Token", t.id)
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return DeliveryAttempt{Err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	// The answer's body is not used, but reading it lets the connection be reused.
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	return DeliveryAttempt{Status: resp.StatusCode}
}
