package broker

import (
	"encoding/json"
	"testing"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

func FuzzPool(f *testing.F) {
	for _, seed := range []string{
		`{"uri":"redis://a","weight":1,"options":{},"flavor":"f"}`, `{"weight":4294967295}`, `{"uri":5}`, `[]`, `{"pool_list":["a",5],"capabilities":{}}`, `{"pool_list":[]}`,
	} {
		f.Add([]byte(seed), true, true)
		f.Add([]byte(seed), false, false)
	}
	f.Fuzz(func(t *testing.T, body []byte, isNew, flavored bool) {
		if rawjson.Check(body) != nil {
			return
		}
		_, err := ParseFlavor(body, isNew)
		wantInvalid(t, err)
		terms, err := ParsePool(body, isNew, flavored)
		if wantInvalid(t, err); err != nil {
			return
		}
		p := terms.Apply(Pool{Name: "p"})
		if isNew && (p.URI == "" || p.Capabilities() == nil) || p.Weight < 0 || p.Weight > 1<<32-1 || !flavored && p.Flavor != nil {
			t.Fatalf("%q is %+v", body, p)
		}
		value, err := rawjson.Marshal(p)
		if err != nil {
			t.Fatalf("%q cannot be stored: %v", body, err)
		}
		var back Pool
		if err := json.Unmarshal(value, &back); err != nil || back.URI != p.URI || back.Weight != p.Weight {
			t.Fatalf("%q is read back as %+v: %v", body, back, err)
		}
	})
}
