package seconds_test

import (
	"testing"
	"time"

	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/seconds"
)

func TestATimeIsANumberOfSecondsOrADuration(t *testing.T) {
	for text, want := range map[string]time.Duration{"90": 90 * time.Second, "90s": 90 * time.Second, "1h30m": 90 * time.Minute, "60": time.Minute} {
		v := seconds.Value{Least: time.Minute}
		if err := v.Set(text); err != nil || v.Duration != want {
			t.Errorf("%s is %v, %v; want %v", text, v.Duration, err, want)
		}
	}
	for _, text := range []string{"", "soon", "1.5s", "90.5s", "59", "-90", "1d", "99999999999", "61500ms"} {
		v := seconds.Value{Least: time.Minute}
		if err := v.Set(text); err == nil {
			t.Errorf("%q is taken for %v", text, v.Duration)
		}
	}
	v := seconds.Value{Least: time.Second}
	if v.String() != "" {
		t.Errorf("a flag that is not set prints as %q", v.String())
	}
	if err := v.Set("2m"); err != nil || v.String() != "120" {
		t.Errorf("2m prints as %q, %v", v.String(), err)
	}
}
