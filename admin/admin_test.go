package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/admin"
	"github.com/zaqar-go/zaqar/transport"
)

// scripted is a transport that answers with a function and records the requests.
type scripted struct {
	answer func(*transport.Request) (int, string)
	seen   []*transport.Request
}

func (s *scripted) Do(_ context.Context, req *transport.Request) (*transport.Response, error) {
	s.seen = append(s.seen, req)
	status, body := s.answer(req)
	return &transport.Response{Status: status, Header: http.Header{}, Body: []byte(body)}, nil
}

func (s *scripted) Close() error { return nil }

func says(status int, body string) *scripted {
	return &scripted{answer: func(*transport.Request) (int, string) { return status, body }}
}

func over(t testing.TB, s *scripted, version zaqar.Version) *admin.Client {
	t.Helper()
	client, err := zaqar.Connect(context.Background(), "", zaqar.WithTransport(s), zaqar.WithProject("p"), zaqar.WithVersion(version))
	if err != nil {
		t.Fatal(err)
	}
	return admin.New(client)
}

const pool = `{"name":"p1","uri":"redis://u:s3cr3t@10.0.0.5:6379?password=s3cr3t","weight":7,"flavor":"f","options":{"n":9007199254740993},"href":"/v2/pools/p1"}`

func TestCallsLookAsTheWireHasThem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		call   func(context.Context, *admin.Client) error
		answer string
		want   string
	}{
		"create pool": {func(ctx context.Context, c *admin.Client) error {
			return c.CreatePool(ctx, admin.Pool{Name: "p1", URI: "redis://h?a=1&b=2", Weight: 5, Flavor: "f", Options: map[string]any{"x": "y"}})
		}, "", `PUT /v2/pools/p1  {"uri":"redis://h?a=1&b=2","weight":5,"flavor":"f","options":{"x":"y"}}`},
		"create a plain pool": {func(ctx context.Context, c *admin.Client) error {
			return c.CreatePool(ctx, admin.Pool{Name: "p1", URI: "redis://h"})
		}, "", `PUT /v2/pools/p1  {"uri":"redis://h","weight":0}`},
		"get pool": {func(ctx context.Context, c *admin.Client) error {
			return second(c.Pool(ctx, "p1"))
		}, pool, `GET /v2/pools/p1 detailed=true `},
		"update pool": {func(ctx context.Context, c *admin.Client) error {
			return second(c.UpdatePool(ctx, "p1", admin.Weight(9), admin.InFlavor(""), admin.Options(nil), admin.URI("redis://h2")))
		}, pool, `PATCH /v2/pools/p1  {"flavor":"","options":{},"uri":"redis://h2","weight":9}`},
		"delete pool": {func(ctx context.Context, c *admin.Client) error {
			return c.DeletePool(ctx, "p1")
		}, "", `DELETE /v2/pools/p1  `},
		"create flavor": {func(ctx context.Context, c *admin.Client) error {
			return c.CreateFlavor(ctx, admin.Flavor{Name: "f", Pools: []string{"p1", "p2"}, Capabilities: []string{"FIFO"}})
		}, "", `PUT /v2/flavors/f  {"pool_list":["p1","p2"]}`},
		"update flavor": {func(ctx context.Context, c *admin.Client) error {
			return second(c.UpdateFlavor(ctx, "f", "p1"))
		}, `{"name":"f"}`, `PATCH /v2/flavors/f  {"pool_list":["p1"]}`},
		"delete flavor": {func(ctx context.Context, c *admin.Client) error {
			return c.DeleteFlavor(ctx, "f")
		}, "", `DELETE /v2/flavors/f  `},
		"create topic": {func(ctx context.Context, c *admin.Client) error {
			return c.CreateTopic(ctx, admin.Topic{Name: "t"})
		}, "", `PUT /v2/topics/t  {}`},
		"update topic": {func(ctx context.Context, c *admin.Client) error {
			return c.UpdateTopic(ctx, "t", map[string]any{"a/b~c": nil}, "d")
		}, "{}", `PATCH /v2/topics/t  [{"op":"add","path":"/metadata/a~1b~0c","value":null},{"op":"remove","path":"/metadata/d","value":null}]`},
		"topic stats": {func(ctx context.Context, c *admin.Client) error {
			return second(c.TopicStats(ctx, "t"))
		}, `{"messages":{}}`, `GET /v2/topics/t/stats  `},
		"purge topic": {func(ctx context.Context, c *admin.Client) error {
			return c.PurgeTopic(ctx, "t")
		}, "", `POST /v2/topics/t/purge  `},
		"delete topic": {func(ctx context.Context, c *admin.Client) error {
			return c.DeleteTopic(ctx, "t")
		}, "", `DELETE /v2/topics/t  `},
	} {
		status := http.StatusOK
		switch {
		case strings.HasPrefix(name, "create"):
			status = http.StatusCreated
		case strings.HasPrefix(name, "delete"), strings.HasPrefix(name, "purge"):
			status = http.StatusNoContent
		}
		spy := says(status, c.answer)
		if err := c.call(t.Context(), over(t, spy, zaqar.V2)); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sent := spy.seen[0]
		if got := fmt.Sprintf("%s %s %s %s", sent.Method, sent.Path, sent.Query.Encode(), sent.Body); got != c.want {
			t.Errorf("%s: sent %s\nwant %s", name, got, c.want)
		}
		if strings.HasPrefix(name, "update topic") && sent.Header.Get("Content-Type") != "application/openstack-messaging-v2.0-json-patch" {
			t.Errorf("%s: the type is %s", name, sent.Header.Get("Content-Type"))
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestAProxysPageIsNoSuccess(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := over(t, says(http.StatusOK, "<html>sign in</html>"), zaqar.V2)
	for name, err := range map[string]error{
		"create pool":   c.CreatePool(ctx, admin.Pool{Name: "p", URI: "redis://h"}),
		"get pool":      second(c.Pool(ctx, "p")),
		"update pool":   second(c.UpdatePool(ctx, "p", admin.Weight(1))),
		"delete pool":   c.DeletePool(ctx, "p"),
		"list pools":    second(zaqar.Collect(c.Pools(ctx))),
		"create flavor": c.CreateFlavor(ctx, admin.Flavor{Name: "f", Pools: []string{"p"}}),
		"delete flavor": c.DeleteFlavor(ctx, "f"),
		"create topic":  c.CreateTopic(ctx, admin.Topic{Name: "t"}),
		"update topic":  c.UpdateTopic(ctx, "t", map[string]any{"a": 1}),
		"topic stats":   second(c.TopicStats(ctx, "t")),
		"purge topic":   c.PurgeTopic(ctx, "t"),
		"delete topic":  c.DeleteTopic(ctx, "t"),
	} {
		if !errors.Is(err, zaqar.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestVersionsHaveWhatTheyHave(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	spy := says(http.StatusCreated, "")
	v1, v11 := over(t, spy, zaqar.V1), over(t, spy, zaqar.V1_1)
	for name, err := range map[string]error{
		"flavors by v1":             second(zaqar.Collect(v1.Flavors(ctx))),
		"a new flavor by v1":        v1.CreateFlavor(ctx, admin.Flavor{Name: "f", Pools: []string{"p"}}),
		"a changed flavor by v1.1":  second(v11.UpdateFlavor(ctx, "f", "p")),
		"pools of a flavor by v1.1": v11.CreateFlavor(ctx, admin.Flavor{Name: "f", Pools: []string{"p"}}),
		"a pool's flavor by v1":     v1.CreatePool(ctx, admin.Pool{Name: "p", URI: "redis://h", Flavor: "f"}),
		"a pool's flavor by v1.1":   second(v11.UpdatePool(ctx, "p", admin.InFlavor("f"))),
		"topics by v1.1":            second(zaqar.Collect(v11.Topics(ctx))),
		"a topic by v1":             v1.CreateTopic(ctx, admin.Topic{Name: "t"}),
	} {
		if !errors.Is(err, zaqar.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(spy.seen) != 0 {
		t.Errorf("sent %v", spy.seen)
	}
	if err := v11.CreateFlavor(ctx, admin.Flavor{Name: "f", Capabilities: []string{"FIFO"}}); err != nil || string(spy.seen[0].Body) != `{"capabilities":{"FIFO":true}}` {
		t.Errorf("sent %s, %v", spy.seen[0].Body, err)
	}
	if !admin.Supports(zaqar.V2, "flavor_update") || admin.Supports(zaqar.V1_1, "flavor_update") || admin.Supports(zaqar.V2, "queue_create") {
		t.Error("Supports tells otherwise")
	}
	if got := len(admin.Operations(zaqar.V2)); got != 17 {
		t.Errorf("v2 has %d operations", got)
	}
}

func TestWhatCannotBeRightIsNotSent(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	spy := says(http.StatusNoContent, "")
	c := over(t, spy, zaqar.V2)
	for name, err := range map[string]error{
		"no name":            c.DeletePool(ctx, ""),
		"a path":             c.DeletePool(ctx, "a/b"),
		"a parent":           c.DeletePool(ctx, ".."),
		"a space":            second(c.Pool(ctx, "a b")),
		"a long name":        c.DeleteFlavor(ctx, strings.Repeat("a", 65)),
		"no URI":             c.CreatePool(ctx, admin.Pool{Name: "p"}),
		"a broken URI":       c.CreatePool(ctx, admin.Pool{Name: "p", URI: "redis://u:s3cr3t@h:port"}),
		"a weight":           c.CreatePool(ctx, admin.Pool{Name: "p", URI: "redis://h", Weight: -1}),
		"a heavy weight":     second(c.UpdatePool(ctx, "p", admin.Weight(1<<32))),
		"no change":          second(c.UpdatePool(ctx, "p")),
		"a change of URI":    second(c.UpdatePool(ctx, "p", admin.URI(""))),
		"options of no JSON": c.CreatePool(ctx, admin.Pool{Name: "p", URI: "redis://h", Options: map[string]any{"f": func() {}}}),
		"no pools":           c.CreateFlavor(ctx, admin.Flavor{Name: "f"}),
		"no pools any more":  second(c.UpdateFlavor(ctx, "f")),
		"no change of topic": c.UpdateTopic(ctx, "t", nil),
	} {
		if _, ok := errors.AsType[*zaqar.ArgumentError](err); !ok || !errors.Is(err, zaqar.ErrInvalid) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(spy.seen) != 0 {
		t.Errorf("sent %v", spy.seen)
	}
}

func TestAPoolShowsNoPassword(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	p, err := over(t, says(http.StatusOK, pool), zaqar.V2).Pool(t.Context(), "p1")
	if err != nil || !strings.Contains(p.URI, secret) || p.Options["n"] != json.Number("9007199254740993") {
		t.Fatalf("%s with %v, %v", p.URI, p.Options, err)
	}
	for _, value := range []any{p, &p, []admin.Pool{p}, struct{ Pool admin.Pool }{p}} {
		var logged bytes.Buffer
		slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "value", value)
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "value", value)
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Error(err)
		}
		texts := []string{logged.String(), string(encoded)}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			texts = append(texts, fmt.Sprintf(verb, value))
		}
		for _, text := range texts {
			if strings.Contains(text, secret) {
				t.Errorf("%T shows the password: %s", value, text)
			}
		}
	}
	if text := fmt.Sprint(p, admin.Pool{Name: "q", URI: "::"}, admin.Flavor{Name: "f", Pools: []string{"a", "b"}}); text !=
		"<Pool p1 redis://10.0.0.5:6379 weight:7 flavor:f> <Pool q [redacted] weight:0> <Flavor f pools:[a b]>" {
		t.Errorf("they print %s", text)
	}
}

func TestAnErrorShowsNoPassword(t *testing.T) {
	t.Parallel()
	const uri = "redis://u:s3cr3t@127.0.0.1:9"
	spy := says(http.StatusBadRequest, `{"title":"Invalid request body","description":"cannot connect to `+uri+`"}`)
	c := over(t, spy, zaqar.V2)
	for _, err := range []error{
		c.CreatePool(t.Context(), admin.Pool{Name: "p", URI: uri}),
		second(c.UpdatePool(t.Context(), "p", admin.URI(uri))),
	} {
		if !errors.Is(err, zaqar.ErrInvalid) || strings.Contains(err.Error(), "s3cr3t") || !strings.Contains(err.Error(), "cannot connect to redis://127.0.0.1:9") {
			t.Errorf("the error is %v", err)
		}
	}
}

// pages answers like a server with that many pools and at most most on a page.
func pages(total, most int) *scripted {
	return &scripted{answer: func(req *transport.Request) (int, string) {
		if limit := req.Query.Get("limit"); limit == "20" && most < 20 {
			return http.StatusBadRequest, `{"title":"Invalid"}`
		}
		first := 0
		if marker := req.Query.Get("marker"); marker != "" {
			_, _ = fmt.Sscanf(marker, "p%03d", &first)
			first++
		}
		var items []string
		for i := first; i < min(total, first+most); i++ {
			items = append(items, fmt.Sprintf(`{"name":"p%03d","uri":"redis://h","weight":1,"flavor":null}`, i))
		}
		// V1 has a next link on an empty page, too.
		return http.StatusOK, `{"links":[{"rel":"next","href":"/v1/pools"}],"pools":[` + strings.Join(items, ",") + `]}`
	}}
}

func TestListingsEndAndAreComplete(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ total, most int }{{0, 20}, {1, 20}, {20, 20}, {45, 20}, {12, 5}} {
		found, err := zaqar.Collect(over(t, pages(c.total, c.most), zaqar.V1).Pools(t.Context()))
		if err != nil || len(found) != c.total || !slices.IsSortedFunc(found, func(a, b admin.Pool) int { return strings.Compare(a.Name, b.Name) }) {
			t.Errorf("%+v: %d, %v", c, len(found), err)
		}
	}
	// A server that always gives the same page.
	same := says(http.StatusOK, `{"pools":[{"name":"a","uri":"x:","weight":0}]}`)
	if found, err := zaqar.Collect(over(t, same, zaqar.V2).Pools(t.Context())); err != nil || len(found) != 1 || len(same.seen) != 2 {
		t.Errorf("%v, %v, asked %d times", found, err, len(same.seen))
	}
	lazy := pages(100, 20)
	if _, ok, err := zaqar.First(over(t, lazy, zaqar.V2).Pools(t.Context())); !ok || err != nil {
		t.Error(ok, err)
	}
	if len(lazy.seen) != 1 || lazy.seen[0].Query.Encode() != (url.Values{"limit": {"20"}, "detailed": {"true"}}).Encode() {
		t.Errorf("asked %v", lazy.seen)
	}
	if _, err := zaqar.Collect(over(t, says(http.StatusForbidden, `{}`), zaqar.V2).Pools(t.Context())); !errors.Is(err, zaqar.ErrForbidden) {
		t.Errorf("the error is %v", err)
	}
}

func TestCapabilitiesComeInEveryShape(t *testing.T) {
	t.Parallel()
	for given, want := range map[string][]string{
		`["FIFO","CLAIMS"]`: {"FIFO", "CLAIMS"}, `["1","2"]`: {"1", "2"}, `[1,2]`: {"1", "2"}, `{"FIFO":true,"AOD":{}}`: {"AOD", "FIFO"}, `null`: nil, `[]`: nil, `{}`: nil,
	} {
		f, err := over(t, says(http.StatusOK, `{"name":"f","capabilities":`+given+`,"pool_list":["p"]}`), zaqar.V2).Flavor(t.Context(), "f")
		if err != nil || !slices.Equal(f.Capabilities, want) || !slices.Equal(f.Pools, []string{"p"}) {
			t.Errorf("%s is read as %v, %v", given, f.Capabilities, err)
		}
	}
}

func TestAnAnswerThatIsNoneIsAnError(t *testing.T) {
	t.Parallel()
	for _, body := range []string{``, `[]`, `"x"`, `{"name":5}`, `{"capabilities":5,"weight":"heavy"}`} {
		c := over(t, says(http.StatusOK, body), zaqar.V2)
		_, pool := c.Pool(t.Context(), "p")
		_, flavor := c.Flavor(t.Context(), "f")
		if !errors.Is(pool, zaqar.ErrMalformed) || !errors.Is(flavor, zaqar.ErrMalformed) {
			t.Errorf("%s: %v, %v", body, pool, flavor)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		pool, `{"pools":[` + pool + `],"links":[]}`, `{"flavors":[{"name":"f","capabilities":["1"],"pool_list":null}]}`,
		`{"topics":[{"name":"t","metadata":{"a":[1]}}]}`, `{"capabilities":[null,{}]}`, `null`, `[]`, `{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := over(t, &scripted{answer: func(req *transport.Request) (int, string) {
			if req.Query.Get("marker") != "" {
				return http.StatusOK, `{}`
			}
			return http.StatusOK, string(data)
		}}, zaqar.V2)
		ctx := context.Background()
		for _, err := range []error{
			second(zaqar.Collect(c.Pools(ctx))), second(zaqar.Collect(c.Flavors(ctx))), second(zaqar.Collect(c.Topics(ctx))),
			second(c.Pool(ctx, "p")), second(c.Flavor(ctx, "f")), second(c.Topic(ctx, "t")), second(c.TopicStats(ctx, "t")),
		} {
			if err != nil && !errors.Is(err, zaqar.ErrMalformed) {
				t.Errorf("%q: %v", data, err)
			}
		}
	})
}
