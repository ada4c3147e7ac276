package main

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/zaqartest"
)

func TestItConfirmsAndPrints(t *testing.T) {
	srv := zaqartest.Run(t, zaqartest.WithSecretKey("key"), zaqartest.WithRequireConfirmation(true))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-endpoint", srv.URL()}, write)
		_ = write.Close()
	}()
	client, err := zaqar.Connect(t.Context(), srv.URL(), zaqar.WithProject("demo"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	queue := client.Queue("wot")

	lines := make(chan string, 100) // large enough that the program never waits for the test
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(read); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()

	asked, printed := false, false
	for line := range lines {
		switch {
		case strings.HasPrefix(line, "SubscriptionConfirmation for"):
			asked = true
		case strings.HasPrefix(line, "subscribed"):
			if err := srv.WaitDeliveries(ctx); err != nil { // the notice is answered then
				t.Fatal(err)
			}
			if _, err := queue.Post(ctx, "hello"); err != nil {
				t.Fatal(err)
			}
		case line == `wot: "hello"`:
			printed = true
			cancel()
		}
	}
	if !asked || !printed {
		t.Errorf("asked: %v, printed: %v", asked, printed)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if left, err := zaqar.Collect(queue.Subscriptions(t.Context())); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
