package zaqartest

import (
	"net/url"
	"slices"
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest/internal/broker"
)

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"limit=5&marker=a&echo=true", "ids=a,b&ids=c", "name=(&limit=", "limit=99999999999999999999", "k=%ff&;&=&=x", "ids=a%2Cb&limit=%zz",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		query := parseQuery(raw)
		_, err := count(query, "limit", 20, 10)
		wantRefusal(t, err)
		_, err = flag(query, "echo")
		wantRefusal(t, err)
		filter, err := newQueueFilter(query)
		wantRefusal(t, err)
		if err == nil {
			filter.matches(broker.Queue{Name: "q", Metadata: broker.Metadata{"k": []byte("5")}})
		}
		for _, id := range listValue(query, "ids") {
			if id == "" {
				t.Fatalf("%q lists nothing", raw)
			}
		}
		next, err := url.Parse(nextLink("/v2/queues", query, nil, "m").Href)
		if err != nil || next.Query().Get("marker") != "m" {
			t.Fatalf("%q has the next link %v: %v", raw, next, err)
		}
	})
}

func TestQueriesAreReadAsZaqarReadsThem(t *testing.T) {
	query := parseQuery("ids=a,b%2Cc&ids=&ids=d,&limit=x,2&k=%zz+%&&=5&alone&a;b=1")
	for name, want := range map[string][]string{
		"ids": {"a", "b,c", "d"}, "limit": {"x", "2"}, "k": {"%zz %"}, "": {"5"}, "alone": nil, "a;b": {"1"},
	} {
		if got := listValue(query, name); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if n, err := count(query, "limit", 20, 10); n != 2 || err != nil {
		t.Errorf("limit: %d, %v", n, err)
	}
}
