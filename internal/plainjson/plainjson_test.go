package plainjson_test

import (
	"testing"

	"github.com/zaqar-go/zaqar/internal/plainjson"
)

func TestWhatABrowserWouldMindStaysAsItIs(t *testing.T) {
	t.Parallel()
	got, err := plainjson.Marshal(map[string]string{"a": "<b>&\n"})
	if want := `{"a":"<b>&\n"}`; err != nil || string(got) != want {
		t.Errorf("it is %q, %v, want %q", got, err, want)
	}
	if got, err := plainjson.Marshal(func() {}); err == nil {
		t.Errorf("a function is %q", got)
	}
}
