package wire

import (
	"encoding/json"
	"fmt"

	"github.com/zaqar-go/zaqar/internal/jsonscan"
)

// DecodePosted reads the ids of posted messages, of which there must be want.
func DecodePosted(data []byte, want int) ([]string, error) {
	if ids, ok := readPosted(data, want); ok {
		return ids, nil
	}
	return decodePosted(data, want)
}

// readPosted reads the answer as servers usually write it, in one pass. It returns false
// for everything else, which encoding/json then decodes.
func readPosted(data []byte, want int) ([]string, bool) {
	scan, ids, found := jsonscan.New(data), make([]string, 0, want), false
	resource := func() bool {
		value, _ := scan.Value()
		href, ok := jsonscan.Plain(value)
		if !ok || len(ids) == want {
			return false
		}
		ids = append(ids, lastSegment(string(href)))
		return ids[len(ids)-1] != ""
	}
	ok := scan.Object(func(key []byte) bool {
		switch {
		case string(key) == `"resources"` && !found:
			found = true
			return scan.Array(resource)
		case !plainKey(key) || isKey(key, "resources"):
			return false
		}
		_, ok := scan.Value()
		return ok
	})
	return ids, ok && scan.End() && found && len(ids) == want
}

func decodePosted(data []byte, want int) ([]string, error) {
	var reply struct {
		Resources []string `json:"resources"`
	}
	if err := json.Unmarshal(data, &reply); err != nil {
		return nil, err
	}
	if len(reply.Resources) != want {
		return nil, fmt.Errorf("it names %d messages, %d were posted", len(reply.Resources), want)
	}
	ids := make([]string, want)
	for i, href := range reply.Resources {
		if ids[i] = lastSegment(href); ids[i] == "" {
			return nil, fmt.Errorf("%.80q names no message", href)
		}
	}
	return ids, nil
}
