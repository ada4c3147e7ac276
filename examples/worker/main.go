// Command worker handles the messages of the queue "mail" until it is interrupted. The
// usual OS_* variables name the cloud.
package main

import (
	"context"
	"log"
	"log/slog"
	"os/signal"
	"syscall"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/auth/keystone"
)

type mail struct{ To, Subject string }

func send(_ context.Context, m mail, _ *zaqar.Message) error {
	log.Printf("to %s: %s", m.To, m.Subject)
	return nil // return an error to try again later, or zaqar.Permanent(err) to give up
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	client, err := zaqar.Connect(ctx, "", zaqar.WithAuth(keystone.FromEnv()), zaqar.WithLogger(slog.Default()))
	if err != nil {
		log.Fatal(err)
	}
	worker := client.Queue("mail").Consumer(zaqar.ConsumerConfig{Workers: 8, DeadLetter: "mail-dead"})
	if err := worker.Run(ctx, zaqar.Handle(send)); err != nil {
		log.Fatal(err)
	}
}
