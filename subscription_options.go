package zaqar

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/zaqar-go/zaqar/internal/plainjson"
	"github.com/zaqar-go/zaqar/internal/wire"
)

// MessagePlaceholder stands for the notification in [SubscriptionOptions.PostData].
// The server replaces it, including its quotes, by the notification as JSON.
const MessagePlaceholder = `"$zaqar_message$"`

// The keys of a subscription's options that Zaqar uses.
const (
	keyPostData    = "post_data"
	keyPostHeaders = "post_headers"
	keyFrom        = "from"
	keySubject     = "subject"
	keyTrustID     = "trust_id"
)

// SubscriptionOptions say how a subscriber is notified. A zero field is not set.
//
// They print without the values of the headers, the data and the trust, which may be
// secrets.
type SubscriptionOptions struct {
	// RetryPolicy says how the server retries when it cannot reach a webhook. The
	// queue's own policy ([Reserved.RetryPolicy]) can override it.
	RetryPolicy RetryPolicy
	// PostData is the body that a webhook gets instead of the notification, with
	// [MessagePlaceholder] in place of the notification. A handler of package webhook
	// reads only notifications.
	PostData string
	// PostHeaders are added to each request to a webhook. They can replace Content-Type.
	PostHeaders map[string]string
	// From and Subject are for the mail to a mailto subscriber.
	From, Subject string
	// TrustID is the trust with which the server gets a token for a trust+http or
	// trust+https subscriber. If it is not set, the server creates a trust from the
	// caller's token and returns its id here.
	TrustID string
	// Extra has other options, which can be any JSON values.
	Extra map[string]any
}

// content renders the options under their keys.
func (o SubscriptionOptions) content(op wire.Op) (Content, error) {
	if err := o.RetryPolicy.check(op); err != nil {
		return nil, err
	}
	content := Content{}
	maps.Copy(content, o.Extra)
	set(content, KeyRetryPolicy, o.RetryPolicy.wire())
	set(content, keyPostData, o.PostData)
	set(content, keyFrom, o.From)
	set(content, keySubject, o.Subject)
	set(content, keyTrustID, o.TrustID)
	if len(o.PostHeaders) > 0 {
		content[keyPostHeaders] = o.PostHeaders
	}
	content, err := normalized(content)
	if err != nil {
		return nil, &ArgumentError{Op: string(op), Argument: "Options.Extra", Rule: "cannot be encoded as JSON", Err: err}
	}
	return content, nil
}

// readOptions gives the options of an answer their types. Options with a type other
// than Zaqar's stay in Extra. Servers accept null for no options (quirk 19).
func readOptions(raw json.RawMessage) SubscriptionOptions {
	var o SubscriptionOptions
	content, err := decodeContent(raw)
	if err != nil {
		return o
	}
	var policy retryPolicy
	for key, into := range map[string]any{
		KeyRetryPolicy: &policy, keyPostData: &o.PostData, keyPostHeaders: &o.PostHeaders,
		keyFrom: &o.From, keySubject: &o.Subject, keyTrustID: &o.TrustID,
	} {
		if value, ok := content[key]; ok && readInto(value, into) {
			delete(content, key)
		}
	}
	o.RetryPolicy = policy.typed()
	if len(content) > 0 {
		o.Extra = content
	}
	return o
}

// readInto reports whether a value has the type of into, and stores it there if so.
func readInto(value, into any) bool {
	encoded, err := plainjson.Marshal(value)
	if err != nil {
		return false
	}
	read := reflect.New(reflect.TypeOf(into).Elem())
	if json.Unmarshal(encoded, read.Interface()) != nil {
		return false
	}
	reflect.ValueOf(into).Elem().Set(read.Elem())
	return true
}

// applySubscription replaces all options.
func (o SubscriptionOptions) applySubscription(c *subscriptionChange) error {
	content, err := o.content(wire.SubscriptionUpdate)
	c.params["options"] = content
	return err
}

// String returns the names of the options that are set.
func (o SubscriptionOptions) String() string {
	content, err := o.content("")
	if err != nil {
		return "<SubscriptionOptions>"
	}
	names := slices.Sorted(maps.Keys(content))
	for i, name := range names {
		if name == keyPostHeaders {
			names[i] = fmt.Sprintf("%s%v", name, slices.Sorted(maps.Keys(o.PostHeaders)))
		}
	}
	return strings.TrimSuffix("<SubscriptionOptions "+strings.Join(names, " "), " ") + ">"
}

// Format prints the text of String for every verb and flag.
func (o SubscriptionOptions) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, o.String()) }

// MarshalText returns the text of String.
func (o SubscriptionOptions) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// LogValue logs the text of String.
func (o SubscriptionOptions) LogValue() slog.Value { return slog.StringValue(o.String()) }
