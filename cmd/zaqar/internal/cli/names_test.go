package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/clitest"
)

func TestTheNamesOfQueuesAreThoseOfTheLibrary(t *testing.T) {
	t.Parallel()
	_, client := clitest.Connect(t)
	for _, name := range []string{
		"", "wot", "-q", "_", "a.b", "...", ".", "..", "a b", "a/b", "../a", "a%2e", "é", "a\n", "\xff", "A-Z_0.9",
		strings.Repeat("x", 64), strings.Repeat("x", 65), strings.Repeat("é", 33),
	} {
		_, err := client.Queue(name).Exists(t.Context())
		_, refused := errors.AsType[*zaqar.ArgumentError](err)
		if checked := checkQueueName("QUEUE", name); (checked != nil) != refused {
			t.Errorf("%q: the command line says %v, the library says %v", name, checked, err)
		}
	}
}

func TestADeletionThatStopsHalfwaySaysHowFarItCame(t *testing.T) {
	t.Parallel()
	wrong := &zaqar.ArgumentError{Op: "queue_delete", Argument: "name", Rule: "is wrong"}
	remove := func(name string) error {
		if name == "bad" {
			return wrong
		}
		return nil
	}
	err := deleteEach([]string{"a", "b", "bad", "c"}, "queues", remove)
	if err == nil || !strings.HasPrefix(err.Error(), "deleted 2 of 4 queues; ") {
		t.Errorf("%v", err)
	}
	if code, _ := classify(err); code != exitFailed {
		t.Errorf("exit code %d, although something was done", code)
	}
	if err := deleteEach([]string{"bad", "a"}, "queues", remove); !errors.Is(err, wrong) {
		t.Errorf("%v", err)
	}
}
