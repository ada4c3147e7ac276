package zaqar_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/internal/clienttest"
	"github.com/zaqar-go/zaqar/transport"
)

// crooked lists messages with the mistakes of servers on Redis: a marker that is unknown
// or is the first item starts from the beginning (quirks 1 and 2), and filters apply
// after the page is cut (quirk 4).
type crooked struct {
	items  []item
	most   int         // the largest page allowed; 0 means 20
	before func(n int) // called before the n-th answer
	calls  int
}

type item struct {
	id      string
	hidden  bool // own or claimed: only the unfiltered listing includes it
	expired bool // no listing includes it
}

func (c *crooked) answer(req *transport.Request) (*transport.Response, error) {
	c.calls++
	if c.before != nil {
		c.before(c.calls)
	}
	if c.calls > 2000 {
		return nil, errors.New("the listing does not end")
	}
	limit := 10
	if text := req.Query.Get("limit"); text != "" {
		limit, _ = strconv.Atoi(text)
	}
	most := c.most
	if most == 0 {
		most = 20
	}
	if limit > most {
		return &transport.Response{Status: http.StatusBadRequest, Body: []byte(`{"title":"Invalid API request"}`)}, nil
	}
	all := req.Query.Get("echo") == "true" && req.Query.Get("include_claimed") == "true"
	if all && req.Query.Get("marker") == "" {
		return &transport.Response{Status: http.StatusServiceUnavailable}, nil // quirk 3
	}
	at := slices.IndexFunc(c.items, func(i item) bool { return i.id == req.Query.Get("marker") })
	start := 0
	if at > 0 {
		start = at + 1
	}
	page := map[string]any{"messages": []any{}, "links": []any{}}
	for _, i := range c.items[start:min(start+limit, len(c.items))] {
		if i.expired || i.hidden && !all {
			continue
		}
		page["messages"] = append(page["messages"].([]any), map[string]any{"id": i.id, "ttl": 60, "age": 0, "body": 1})
		page["links"] = []any{map[string]any{"rel": "next", "href": "/v2/queues/wot/messages?limit=" + strconv.Itoa(limit) + "&marker=" + i.id}}
	}
	body, err := json.Marshal(page)
	return &transport.Response{Status: 200, Body: body}, err
}

func items(n int, hidden func(i int) bool) []item {
	list := make([]item, n)
	for i := range list {
		list[i] = item{id: fmt.Sprintf("m%03d", i), hidden: hidden != nil && hidden(i)}
	}
	return list
}

func (c *crooked) visible() []string {
	var ids []string
	for _, i := range c.items {
		if !i.hidden && !i.expired {
			ids = append(ids, i.id)
		}
	}
	return ids
}

func listed(t *testing.T, c *crooked, options ...zaqar.MessagesOption) []string {
	t.Helper()
	q := clienttest.Over(t, &clienttest.Scripted{Answer: c.answer}).Queue("wot")
	var ids []string
	for m, err := range q.Messages(t.Context(), options...) {
		if err != nil {
			t.Fatalf("after %d: %v", len(ids), err)
		}
		ids = append(ids, m.ID())
	}
	return ids
}

func TestAListingIsNeverStuckAndNeverShort(t *testing.T) {
	t.Parallel()
	for name, hidden := range map[string]func(int) bool{
		"nothing hidden":    nil,
		"all hidden":        func(int) bool { return true },
		"all but the last":  func(i int) bool { return i != 99 },
		"all but the first": func(i int) bool { return i != 0 },
		"a stretch":         func(i int) bool { return i > 5 && i < 70 },
		"every other":       func(i int) bool { return i%2 == 0 },
		"most":              func(i int) bool { return i%37 != 0 },
	} {
		for _, n := range []int{0, 1, 2, 3, 19, 20, 21, 40, 41, 100} {
			for _, size := range []zaqar.PageSize{0, 2, 3, 20} {
				c := &crooked{items: items(n, hidden)}
				options := []zaqar.MessagesOption{zaqar.Echo(false)}
				if size > 0 {
					options = append(options, size)
				}
				if got := listed(t, c, options...); !slices.Equal(got, c.visible()) {
					t.Errorf("%s, %d messages, pages of %d: %d are listed, want %d", name, n, size, len(got), len(c.visible()))
				}
			}
		}
	}
}

func TestAListingSurvivesTheDeletionOfItsMarker(t *testing.T) {
	t.Parallel()
	for _, size := range []zaqar.PageSize{2, 3, 7, 20} {
		for _, all := range []bool{false, true} {
			c := &crooked{items: items(50, nil)}
			want := c.visible()
			c.before = func(n int) {
				// Before every third answer, the first message or the marker is deleted.
				if n%3 == 0 && n < 30 {
					c.items = slices.Delete(c.items, 0, 1)
				}
			}
			got := listed(t, c, size, zaqar.IncludeClaimed(all))
			for _, i := range c.items { // messages that still exist must have been listed
				if !slices.Contains(got, i.id) {
					t.Errorf("pages of %d: %s is missing", size, i.id)
				}
			}
			slices.Sort(got)
			if len(slices.Compact(got)) != len(got) || len(got) > len(want) {
				t.Errorf("pages of %d: something is listed twice", size)
			}
		}
	}
}

func TestExpiredHeadsHideLessThanAPage(t *testing.T) {
	t.Parallel()
	c := &crooked{items: items(30, nil)}
	for i := range 19 {
		c.items[i].expired = true
	}
	if got := listed(t, c); !slices.Equal(got, c.visible()) {
		t.Errorf("%d are listed, want %d", len(got), len(c.visible()))
	}
}

func TestAServerThatAllowsSmallerPagesIsAskedForItsOwn(t *testing.T) {
	t.Parallel()
	c := &crooked{items: items(45, func(i int) bool { return i > 8 && i < 30 }), most: 12}
	if got := listed(t, c); !slices.Equal(got, c.visible()) {
		t.Errorf("%d are listed, want %d", len(got), len(c.visible()))
	}
	_, err := clienttest.Over(t, &clienttest.Scripted{Answer: c.answer}).Queue("wot").Post(t.Context(), 1)
	if err == nil {
		t.Error("the fake takes posts")
	}
}

func TestPagingTakesTheMarkerFromTheLink(t *testing.T) {
	t.Parallel()
	answers := []string{
		`{"messages":[{"id":"a","ttl":60,"age":0,"body":1},{"id":"b","ttl":60,"age":0,"body":1}],"links":[{"rel":"prev","href":"/x?marker=no"},{"rel":"next","href":"/other/prefix/v2/queues/wot/messages?echo=True&marker=17%2F4&limit=2"}]}`,
		`{"messages":[],"links":[]}`,
		`{"messages":[],"links":[]}`,
	}
	server := &clienttest.Scripted{}
	server.Answer = func(*transport.Request) (*transport.Response, error) {
		return &transport.Response{Status: 200, Body: []byte(answers[server.Count()-1])}, nil
	}
	n := 0
	for _, err := range clienttest.Over(t, server).Queue("wot").Messages(t.Context(), zaqar.PageSize(2), zaqar.IncludeClaimed(true)) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if got := server.Last(t); n != 2 || got.Query.Get("marker") != "17/4" || got.Path != "/v2/queues/wot/messages" {
		t.Errorf("%d items, then %s?%s", n, got.Path, got.Query.Encode())
	}
}

func TestAListingWithoutLinksEnds(t *testing.T) {
	t.Parallel()
	for _, links := range []string{`[]`, `null`, `[{"rel":"next","href":""}]`, `[{"rel":"next","href":"/"}]`, `[{"rel":"next","href":"::"}]`} {
		server := clienttest.Says(200, `{"queues":[{"name":"a"},{"name":"b"}],"links":`+links+`}`)
		n := 0
		for _, err := range clienttest.Over(t, server).Queues(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 2 || server.Count() != 1 {
			t.Errorf("%s: %d queues in %d requests", links, n, server.Count())
		}
	}
}

func TestAListingThatLeadsNowhereIsAnError(t *testing.T) {
	t.Parallel()
	// Twenty queues whose names are cut to the same one (quirk 15): no marker advances.
	queues := make([]map[string]string, 20)
	for i := range queues {
		queues[i] = map[string]string{"name": "a"}
	}
	body, err := json.Marshal(map[string]any{"queues": queues, "links": []any{map[string]string{"rel": "next", "href": "/v2/queues?marker=a"}}})
	if err != nil {
		t.Fatal(err)
	}
	server := clienttest.Says(200, string(body))
	var last error
	for _, err := range clienttest.Over(t, server).Queues(t.Context()) {
		last = err
	}
	if !errors.Is(last, zaqar.ErrMalformed) || server.Count() > 30 {
		t.Errorf("after %d requests: %v", server.Count(), last)
	}
}

func TestALoopThatIsLeftFetchesNoMore(t *testing.T) {
	t.Parallel()
	c := &crooked{items: items(100, nil)}
	server := &clienttest.Scripted{Answer: c.answer}
	seq := clienttest.Over(t, server).Queue("wot").Messages(t.Context())
	if server.Count() != 0 {
		t.Error("something was fetched before the loop")
	}
	for _, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if server.Count() != 1 {
		t.Errorf("%d pages were fetched", server.Count())
	}
	n := 0
	for _, err := range seq { // again, from the start
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 100 {
		t.Errorf("the second loop saw %d", n)
	}
}
