package broker

import (
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

func FuzzPurge(f *testing.F) {
	for _, seed := range []string{`{"resource_types":["messages","subscriptions"]}`, `{"resource_types":null}`, `[]`, `{"resource_types":[1]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if rawjson.Check(text) == nil {
			_, err := ParsePurge(text)
			wantInvalid(t, err)
		}
	})
}
