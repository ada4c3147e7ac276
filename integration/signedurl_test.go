package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/auth/keystone"
)

// A signature that a real server made. The servers of `make real-up` use the same key.
const (
	vectorKey       = "SOMELONGSECRET"
	vectorSignature = "a6aaa5c404a17b2f55c2d83e29fdba186f75e02548050f3319b45857426928c0"
)

func vector() auth.Grant {
	return auth.Grant{
		Paths: []string{"/v2/queues/uq/messages"}, Methods: []string{"GET"}, Project: "wireU",
		Expires: time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// TestSignedURLsMadeHereAreAcceptedThere signs the vector and 50 random grants with
// the servers' key, and sends each with no other credentials.
func TestSignedURLsMadeHereAreAcceptedThere(t *testing.T) {
	t.Parallel()
	servers := find(t)
	key := need(t, servers, "ZAQAR_REAL_SIGNED_URL_KEY")
	if key != vectorKey {
		t.Fatal("the servers do not sign with the key of the vector")
	}
	random := rand.New(rand.NewPCG(1, 50))
	grants := []auth.Grant{vector()}
	for range 50 {
		grants = append(grants, randomGrant(random))
	}
	for _, server := range []string{"ZAQAR_REAL_Z23_KEYSTONE_URL", "ZAQAR_REAL_Z15_URL"} {
		endpoint := need(t, servers, server)
		accepted, refused := 0, 0
		for i, grant := range grants {
			signed, err := auth.Sign(key, grant)
			if err != nil {
				t.Fatalf("%+v: %v", grant, err)
			}
			if i == 0 && signed.Signature().Reveal() != vectorSignature {
				t.Errorf("the signature of the vector is another one: %v", signed)
			}
			if err := signed.Verify(key, time.Now()); err != nil {
				t.Errorf("refused here: %v: %v", signed, err)
			}
			method, path := allowed(random, grant)
			if status := send(t, endpoint, signed, method, path); status == http.StatusNotFound || status/100 == 5 || status == http.StatusUnauthorized {
				t.Errorf("%s answers %d to %s %s by %v", server, status, method, path, signed)
				continue
			}
			accepted++
			refused += refuseTampered(t, endpoint, key, signed, method, path)
		}
		t.Logf("%s: %d accepted, %d tampered ones refused", server, accepted, refused)
	}
}

// TestSignedURLsMadeThereAreVerifiedHere asks servers for 50 random signed URLs.
func TestSignedURLsMadeThereAreVerifiedHere(t *testing.T) {
	t.Parallel()
	servers := find(t)
	key := need(t, servers, "ZAQAR_REAL_SIGNED_URL_KEY")
	signIn := keystone.Password(need(t, servers, "ZAQAR_REAL_KEYSTONE_URL"),
		need(t, servers, "ZAQAR_REAL_USERNAME"), need(t, servers, "ZAQAR_REAL_PASSWORD"),
		keystone.Project(need(t, servers, "ZAQAR_REAL_PROJECT")))
	defer func() { _ = signIn.Close() }()
	for server, option := range map[string]zaqar.ConnectOption{
		"ZAQAR_REAL_Z23_KEYSTONE_URL": zaqar.WithAuth(signIn),
		"ZAQAR_REAL_Z15_URL":          zaqar.WithProject("signed"),
	} {
		endpoint := need(t, servers, server)
		client, err := zaqar.Connect(t.Context(), endpoint, option)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = client.Close() }()
		random := rand.New(rand.NewPCG(2, 50))
		refused := 0
		for range 50 {
			grant := randomGrant(random)
			config := zaqar.ShareConfig{Methods: grant.Methods, Expires: grant.Expires}
			for _, path := range grant.Paths {
				config.Paths = append(config.Paths, zaqar.Resource(path[strings.LastIndex(path, "/")+1:]))
			}
			queue := strings.Split(grant.Paths[0], "/")[3]
			signed, err := client.Queue(queue).Share(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			if err := signed.Verify(key, time.Now()); err != nil {
				t.Errorf("%s made %v, which is refused here: %v", server, signed, err)
			}
			if got := signed.Grant(); !got.Expires.Equal(grant.Expires) || !slices.Equal(got.Methods, slices.Sorted(slices.Values(grant.Methods))) {
				t.Errorf("%s made %v of %+v", server, signed, grant)
			}
			method, path := allowed(random, signed.Grant())
			if status := send(t, endpoint, signed, method, path); status == http.StatusNotFound || status/100 == 5 || status == http.StatusUnauthorized {
				t.Errorf("%s answers %d to %s %s by %v, of its own making", server, status, method, path, signed)
			}
			refused += refuseTampered(t, endpoint, key, signed, method, path)
		}
		t.Logf("%s: 50 verified, %d tampered ones refused", server, refused)
	}
}

// TestAClientOfASignedURLDoesWhatItAllows uses a signed URL from its creation to the
// calls, without an account.
func TestAClientOfASignedURLDoesWhatItAllows(t *testing.T) {
	t.Parallel()
	servers := find(t)
	key, endpoint := need(t, servers, "ZAQAR_REAL_SIGNED_URL_KEY"), need(t, servers, "ZAQAR_REAL_Z23_KEYSTONE_URL")
	name := fmt.Sprintf("signed-%d", time.Now().UnixNano())
	signed, err := auth.Sign(key, auth.Grant{
		Paths: []string{"/v2/queues/" + name + "/messages"}, Methods: []string{"GET", "POST", "DELETE"},
		Project: need(t, servers, "ZAQAR_REAL_PROJECT_ID"), Expires: time.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	client, err := zaqar.Connect(t.Context(), endpoint, zaqar.WithAuth(signed))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	queue := client.Queue(name)
	if _, err := queue.Post(t.Context(), "hello"); err != nil {
		t.Fatal(err)
	}
	message, found, err := zaqar.First(queue.Messages(t.Context()))
	if err != nil || !found {
		t.Fatal(found, err)
	}
	if err := message.Delete(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := queue.Claim(t.Context()); !errors.Is(err, auth.ErrNotCovered) {
		t.Errorf("a claim, which is not covered: %v", err)
	}
}

// randomGrant returns a grant for one queue that expires within ten years.
func randomGrant(random *rand.Rand) auth.Grant {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
	word := func(n int) string {
		text := make([]byte, n)
		for i := range text {
			text[i] = letters[random.IntN(len(letters))]
		}
		return string(text)
	}
	some := func(of ...string) []string {
		random.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
		return of[:1+random.IntN(len(of))]
	}
	queue := "r" + word(1+random.IntN(63))
	var paths []string
	for _, resource := range some("messages", "subscriptions", "claims") {
		paths = append(paths, "/v2/queues/"+queue+"/"+resource)
	}
	return auth.Grant{
		Paths: paths, Methods: some("GET", "POST", "DELETE", "PATCH", "PUT"), Project: word(32),
		Expires: time.Now().Add(time.Hour + time.Duration(random.Int64N(int64(10*365*24*time.Hour)))).UTC().Truncate(time.Second),
	}
}

// allowed returns a call that a grant covers.
func allowed(random *rand.Rand, grant auth.Grant) (method, path string) {
	return grant.Methods[random.IntN(len(grant.Methods))], grant.Paths[random.IntN(len(grant.Paths))]
}

// send makes a call with a signed URL only, and returns the status. It does not use the
// client, which would refuse a call that is not covered.
func send(t *testing.T, endpoint string, signed auth.SignedURL, method, path string) int {
	t.Helper()
	var body io.Reader
	if method != http.MethodGet && method != http.MethodDelete {
		body = bytes.NewReader([]byte("{}"))
	}
	req, err := http.NewRequestWithContext(t.Context(), method, endpoint+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if err := signed.Authorize(context.WithoutCancel(t.Context()), req.Header); err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Client-ID", "0a9c9a2e-61f5-4bb0-8a63-1b8a6c3f8b11")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

// refuseTampered changes each field of a signed URL, and returns how many of the results
// were refused by the client's check and by the server.
func refuseTampered(t *testing.T, endpoint, key string, signed auth.SignedURL, method, path string) int {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(signed.RevealJSON(), &fields); err != nil {
		t.Fatal(err)
	}
	delete(fields, "endpoint")
	grant := signed.Grant()
	digits := []byte(signed.Signature().Reveal())
	if digits[32] == '0' {
		digits[32] = '1'
	} else {
		digits[32] = '0'
	}
	refused := 0
	for what, change := range map[string]map[string]any{
		"one more path":    {"paths": append(slices.Clone(grant.Paths), "/v2/queues/other/messages")},
		"one more method":  {"methods": append(slices.Clone(grant.Methods), "HEAD")},
		"another project":  {"project": grant.Project + "x"},
		"a later end":      {"expires": grant.Expires.Add(time.Second).UTC().Format("2006-01-02T15:04:05")},
		"a digit replaced": {"signature": string(digits)},
	} {
		changed := maps.Clone(fields)
		maps.Copy(changed, change)
		text, err := json.Marshal(changed)
		if err != nil {
			t.Fatal(err)
		}
		tampered, err := auth.ParseSignedURL(string(text))
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if err := tampered.Verify(key, time.Now()); !errors.Is(err, auth.ErrSignature) {
			t.Errorf("%v with %s is not refused here: %v", signed, what, err)
			continue
		}
		if status := send(t, endpoint, tampered, method, path); status != http.StatusNotFound {
			t.Errorf("%v with %s: %s answers %d", signed, what, endpoint, status)
			continue
		}
		refused++
	}
	return refused
}
