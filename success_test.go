package zaqar_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
)

// loginPage is what a proxy answers in the service's place.
const loginPage = "<!DOCTYPE html><html><title>Sign in</title></html>"

// everyCall makes each call of a version once, and returns its error by its name.
func everyCall(t *testing.T, version zaqar.Version, answer func(*transport.Request) (*transport.Response, error)) map[string]error {
	t.Helper()
	claims := clienttest.Says(http.StatusCreated, `{"messages":[{"href":"/v2/queues/wot/messages/m?claim_id=c","ttl":60,"age":0,"body":1}]}`)
	if version == zaqar.V1 {
		claims = clienttest.Says(http.StatusCreated, `[{"href":"/v1/queues/wot/messages/m?claim_id=c","ttl":60,"age":0,"body":1}]`)
	}
	server := claims
	client := clienttest.Over(t, server, zaqar.WithVersion(version))
	ctx := t.Context()
	q := client.Queue("wot")
	claim, err := q.Claim(ctx)
	if err != nil {
		t.Fatal(err)
	}
	server.Answer = answer
	errs := map[string]error{}
	call := func(name string, err error) { errs[name] = err }
	second := func(_ any, err error) error { return err }
	call("ping", client.Ping(ctx))
	call("home", second(client.Home(ctx)))
	call("create queue", second(client.CreateQueue(ctx, "wot")))
	call("delete queue", q.Delete(ctx))
	call("stats", second(q.Stats(ctx)))
	call("metadata", second(q.Metadata(ctx)))
	call("queues", second(zaqar.Collect(client.Queues(ctx))))
	call("messages", second(zaqar.Collect(q.Messages(ctx))))
	call("messages by id", second(zaqar.Collect(q.Messages(ctx, zaqar.IDs{"a"}))))
	call("message", second(q.Message(ctx, "m")))
	call("post", second(q.Post(ctx, 1)))
	call("delete message", q.DeleteMessage(ctx, "m"))
	call("delete messages", q.DeleteMessages(ctx, []string{"m"}))
	call("claim", second(q.Claim(ctx)))
	call("claim by id", second(q.ClaimByID(ctx, "c")))
	call("update claim", claim.Update(ctx))
	call("release", claim.Release(ctx))
	if version != zaqar.V1 {
		call("health", second(client.Health(ctx)))
		call("pop", second(q.Pop(ctx, 1)))
	}
	if version != zaqar.V1_1 {
		call("exists", second(q.Exists(ctx)))
	}
	if version == zaqar.V2 {
		call("purge", q.Purge(ctx))
		call("share", second(q.Share(ctx, zaqar.ShareConfig{})))
		call("subscribe", second(q.CreateSubscription(ctx, zaqar.SubscriptionConfig{Subscriber: "http://h/"})))
		call("subscriptions", second(zaqar.Collect(q.Subscriptions(ctx))))
		call("subscription", second(q.Subscription(ctx, "s")))
	}
	return errs
}

func TestAProxysPageIsNoSuccessOfAnyCall(t *testing.T) {
	t.Parallel()
	for _, version := range []zaqar.Version{zaqar.V1, zaqar.V1_1, zaqar.V2} {
		for _, status := range []int{200, 201, 202, 203} {
			for _, body := range []string{loginPage, "", "OK"} {
				for name, err := range everyCall(t, version, clienttest.Says(status, body).Answer) {
					e, ok := errors.AsType[*zaqar.Error](err)
					if status == 201 && body == "" && name == "create queue" {
						continue // that is how the service answers
					}
					if !ok || !errors.Is(err, zaqar.ErrMalformed) || !e.MayHaveActed() {
						t.Errorf("%s %s is answered %d %.10q: %v", version, name, status, body, err)
					}
				}
			}
		}
	}
}

func TestAProxysPageIsNoSuccessOfASubscription(t *testing.T) {
	t.Parallel()
	server := subscribed(t, `{"id":"s","ttl":3600,"age":0}`)
	sub, err := clienttest.Over(t, server).Queue("wot").Subscription(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	server.Answer = clienttest.Says(200, loginPage).Answer
	for name, err := range map[string]error{
		"update": sub.Update(t.Context(), zaqar.TTL(time.Hour)), "confirm": sub.Confirm(t.Context(), true), "delete": sub.Delete(t.Context()),
	} {
		if !errors.Is(err, zaqar.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAClaimOfAnAnswerThatCannotBeReadCanBeReleased(t *testing.T) {
	t.Parallel()
	server := clienttest.Says(200, loginPage)
	claim, err := clienttest.Over(t, server).Queue("wot").Claim(t.Context())
	if !errors.Is(err, zaqar.ErrMalformed) || claim == nil || claim.Release(t.Context()) != nil || server.Count() != 1 {
		t.Errorf("the claim is %v, %v, after %d requests", claim, err, server.Count())
	}
}

// A refusal of Zaqar, and what is none.
const (
	zaqarsRefusal = `{"title":"Not found","description":"There is none."}`
	gatewaysJSON  = `{"message":"no Route matched with those values"}`
)

func TestAProxysRefusalSaysNothingOfQueuesMessagesAndClaims(t *testing.T) {
	t.Parallel()
	for _, version := range []zaqar.Version{zaqar.V1, zaqar.V1_1, zaqar.V2} {
		for _, status := range []int{400, 403, 404, 409} {
			for _, body := range []string{loginPage, "404 page not found", gatewaysJSON, ""} {
				for name, err := range everyCall(t, version, clienttest.Says(status, body).Answer) {
					e, ok := errors.AsType[*zaqar.Error](err)
					if version == zaqar.V1 && name == "exists" && body == "" && (status == 404) == (err == nil) {
						continue // that is how the service answers
					}
					if !ok || !errors.Is(err, zaqar.ErrMalformed) || e.MayHaveActed() || e.Code != status {
						t.Errorf("%s %s is answered %d %.10q: %v", version, name, status, body, err)
					}
					for _, kind := range []error{zaqar.ErrNotFound, zaqar.ErrClaimLost, zaqar.ErrConflict} {
						if errors.Is(err, kind) {
							t.Errorf("%s %s is answered %d %.10q, which matches %v", version, name, status, body, kind)
						}
					}
				}
			}
		}
	}
}

func TestARefusalOfZaqarIsWhatItWas(t *testing.T) {
	t.Parallel()
	for _, version := range []zaqar.Version{zaqar.V1, zaqar.V1_1, zaqar.V2} {
		for status, kind := range map[int]error{400: zaqar.ErrInvalid, 403: zaqar.ErrForbidden, 404: zaqar.ErrNotFound, 409: zaqar.ErrConflict} {
			for name, err := range everyCall(t, version, clienttest.Says(status, zaqarsRefusal).Answer) {
				if errors.Is(err, zaqar.ErrMalformed) || err != nil && !errors.Is(err, kind) {
					t.Errorf("%s %s is answered %d: %v", version, name, status, err)
				}
				lost := status == 404 && (name == "claim by id" || name == "update claim")
				if errors.Is(err, zaqar.ErrClaimLost) != lost {
					t.Errorf("%s %s is answered %d, and the claim is lost: %v", version, name, status, !lost)
				}
			}
		}
	}
}

func TestAProxysRefusalOfADeletionDoesNotLoseTheClaim(t *testing.T) {
	t.Parallel()
	for status, bodies := range map[int]map[string]bool{
		400: {loginPage: false, "": false, zaqarsRefusal: true},
		403: {loginPage: false, "<html>Claim your prize</html>": false, zaqarsRefusal: true},
	} {
		for body, lost := range bodies {
			err := clienttest.Over(t, clienttest.Says(status, body)).Queue("wot").DeleteMessage(t.Context(), "m", zaqar.ClaimID("c"))
			if errors.Is(err, zaqar.ErrClaimLost) != lost || err == nil {
				t.Errorf("%d %.10q: %v", status, body, err)
			}
		}
	}
}

func TestAPageIsNoAbsenceForARawRequest(t *testing.T) {
	t.Parallel()
	for body, absent := range map[string]bool{loginPage: false, "404 page not found": false, zaqarsRefusal: true, "": true} {
		_, err := clienttest.Over(t, clienttest.Says(404, body)).Conn().Get(t.Context(), "/v2/pools/p")
		if errors.Is(err, zaqar.ErrNotFound) != absent || errors.Is(err, zaqar.ErrMalformed) == absent {
			t.Errorf("%.10q: %v", body, err)
		}
	}
}

func TestAnErrorCountsTheAttemptsBeforeAnAnswerThatCannotBeRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for body, code := range map[string]int{loginPage: 200, `{"messages":`: 200} {
			server := clienttest.Says(code, body)
			read, left := server.Answer, 2
			server.Answer = func(req *transport.Request) (*transport.Response, error) {
				if left--; left >= 0 {
					return &transport.Response{Status: 502}, nil
				}
				return read(req)
			}
			_, err := clienttest.Over(t, server).Queue("wot").Message(t.Context(), "m")
			if e := clienttest.AsError(t, err); !errors.Is(err, zaqar.ErrMalformed) || e.Attempts != 3 || server.Count() != 3 {
				t.Errorf("%d requests, %d attempts: %v", server.Count(), e.Attempts, err)
			}
		}
	})
}
