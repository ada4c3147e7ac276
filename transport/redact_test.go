package transport_test

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/internal/printed"
	"github.com/zaqar-go/zaqar/transport"
)

func TestRequestsAndResponsesPrintWithoutSecrets(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	header := http.Header{
		"X-Auth-Token": {secret}, "x-auth-token": {secret}, "URL-Signature": {secret}, "Set-Cookie": {"a=" + secret},
		"Proxy-Authorization": {secret}, "Location": {"https://u:" + secret + "@h/?s=" + secret, "/v2/queues?s=" + secret, "//u:" + secret + "@h"},
		"X-Request-Id": {"visible"},
	}
	request := &transport.Request{
		Op: "raw", Method: "GET", Path: "/v2/queues?signature=" + secret, Query: url.Values{"signature": {secret}},
		Body: []byte(secret), Params: map[string]any{"a": secret}, Header: header,
	}
	response := &transport.Response{Status: 200, Header: header, Body: []byte(secret)}
	for _, value := range []any{
		request, *request, response, *response, transport.Redact(header),
		[]*transport.Request{request},
		map[string]transport.Response{"a": *response},
		struct{ Shown transport.Request }{*request},
	} {
		text := printed.Everywhere(value)
		if strings.Contains(text, secret) || strings.Contains(text, decimal(secret)) {
			t.Errorf("%T shows a secret: %s", value, text)
		}
	}
	if text := fmt.Sprint(request, response); !strings.Contains(text, "raw GET /v2/queues header") || !strings.Contains(text, "visible") || !strings.Contains(text, "200 ") {
		t.Errorf("they print as %s", text)
	}
	if header.Get("X-Auth-Token") != secret {
		t.Error("Redact changed the header")
	}
}

// fmt calls no method of a value in an unexported field, and with a wrong verb it even
// follows a pointer there.
func TestASealedRequestShowsNoCredentialsHoweverItIsHeld(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	header := http.Header{"X-Auth-Token": {secret}, "url-signature": {secret}, "Set-Cookie": {"a=" + secret}, "X-Request-Id": {"visible"}}
	request := (&transport.Request{Op: "ping", Method: "GET", Path: "/v2/ping", Header: header.Clone()}).Sealed()
	response := (&transport.Response{Status: 200, Header: header.Clone()}).Sealed()
	copied := request.Sealed()
	for _, value := range []any{
		struct{ hidden transport.Request }{*request},
		struct{ hidden *transport.Request }{request},
		&struct{ hidden []transport.Request }{[]transport.Request{*copied}},
		struct{ hidden transport.Response }{*response},
		struct{ hidden *transport.Response }{response},
	} {
		if text := printed.Everywhere(value); strings.Contains(text, secret) || strings.Contains(text, decimal(secret)) {
			t.Errorf("%T shows a secret: %s", value, text)
		}
	}
	for name, got := range map[string]http.Header{"request": request.Headers(), "copy": copied.Headers(), "response": response.Headers()} {
		if !reflect.DeepEqual(got, header) {
			t.Errorf("the %s has the headers %v", name, got)
		}
	}
	request.Headers().Set("X-Auth-Token", "other")
	request.Header.Set("X-Auth-Token", "explicit")
	if got := request.Headers().Get("X-Auth-Token"); got != "explicit" {
		t.Errorf("the token is %s", got)
	}
	if got := (&transport.Request{}).Headers(); got == nil || len(got) != 0 {
		t.Errorf("without headers they are %v", got)
	}
}

// decimal is how %d and %v print the bytes of a text.
func decimal(text string) string { return fmt.Sprintf("%d", []byte(text)) }
