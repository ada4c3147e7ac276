package wire

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// largePage returns a page of more than checkEach bytes.
func largePage(before, body, after string) (page string, messages int) {
	var all []string
	padding := strings.Repeat("x", 1000)
	for i := range checkEach/1000 + 1 {
		all = append(all, fmt.Sprintf(`{"id":"%d","ttl":60,"age":1,"body":"%s"}`, i, padding))
	}
	all = append(all, fmt.Sprintf(`{"id":"last","ttl":60,"age":1,"body":%s}`, body))
	return before + `"messages": [` + strings.Join(all, ",\n ") + "]" + after, len(all)
}

func TestALargePageIsReadLikeASmallOne(t *testing.T) {
	t.Parallel()
	const links = `"links":[{"rel":"next","href":"/v2/queues/q/messages?marker=m"}]`
	for _, c := range []struct {
		before, body, after string
		next                string
		broken              bool
	}{
		{"{", `{"a":[1,"]}"]}`, "," + links + "}", "m", false},
		{" {\n" + links + ",", "1", "} \n", "m", false},
		{"{", "1", "}", "", false},
		{"{", "Infinity", "," + links + "}", "m", false},
		{`{"count":[true],`, "1", "," + links + `,"more":{}}`, "m", false},
		{`{"messages":[],`, "1", "}", "", false},
		{"{", "1", "", "", true},
		{"{", "1", "} {}", "", true},
		{"{", "1", `,"links":7}`, "", true},
		{"{", "[1}", "}", "", true},
		{"[{", "1", "}]", "", true},
	} {
		page, n := largePage(c.before, c.body, c.after)
		got, err := DecodeMessages([]byte(page))
		if (err != nil) != c.broken {
			t.Errorf("%+v: %v", c, err)
		}
		if err == nil && (len(got.Messages) != n || got.Next != c.next || string(got.Messages[n-1].Body) != c.body) {
			t.Errorf("%+v: %d messages, want %d, the next marker is %q", c, len(got.Messages), n, got.Next)
		}
	}
}

func TestReadingALargePageStopsBetweenMessages(t *testing.T) {
	t.Parallel()
	page, n := largePage("{", "1", "}")
	errStop := errors.New("stop")
	for _, at := range []int{1, 2, 100, n} {
		asked := 0
		_, err := DecodeMessagesUnless([]byte(page), func() error {
			if asked++; asked == at {
				return errStop
			}
			return nil
		})
		if !errors.Is(err, errStop) || asked != at {
			t.Errorf("it was to stop at %d, asked %d times: %v", at, asked, err)
		}
	}
}
