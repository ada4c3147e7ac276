// Command outage lets a Publisher, two Consumers and two Subscribers work for ten minutes
// on a real Zaqar 23 with Keystone, while tokens are revoked, and Zaqar, Keystone and Redis
// are killed and started again. Nobody restarts the workers. Then it compares what was
// published with what was handled and heard. It prints two tables, and fails if a message
// is missing or a loop has ended.
//
//	make real-up
//	cd integration && GOWORK=off go run ./outage
//
// It kills only its own processes, which have their own ports. What is installed, and the
// users in Keystone, are those of the real servers.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/zaqar-go/zaqar/integration"
)

type options struct {
	over      time.Duration // how long messages are published
	patience  time.Duration // how long their handling may take after that
	every     time.Duration // between two messages
	user      string
	password  string
	project   string
	scripts   string
	keepFiles bool
}

func main() {
	var o options
	flag.DurationVar(&o.over, "over", 10*time.Minute, "duration of the publishing; the outages are spread over it")
	flag.DurationVar(&o.patience, "patience", 5*time.Minute, "time limit for the handling of what is left then")
	flag.DurationVar(&o.every, "every", 250*time.Millisecond, "time between two messages")
	flag.StringVar(&o.scripts, "servers", "servers", "path of the folder integration/servers")
	flag.BoolVar(&o.keepFiles, "keep", false, "keep the logs of the servers")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := o.run(ctx); err != nil {
		stop()
		log.Fatal(err)
	}
}

func (o options) run(ctx context.Context) (err error) {
	real, err := integration.Find()
	if err != nil {
		return err
	}
	for key, value := range map[string]*string{
		"ZAQAR_REAL_USERNAME": &o.user, "ZAQAR_REAL_PASSWORD": &o.password, "ZAQAR_REAL_PROJECT": &o.project,
	} {
		if *value, err = real.Need(key); err != nil {
			return err
		}
	}
	url, err := real.Need("ZAQAR_REAL_KEYSTONE_URL")
	if err != nil {
		return err
	}
	s, err := newServers(ctx, o.scripts, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(o.keepFiles || err != nil)) }()
	for _, p := range s.all() {
		if err := p.Start(ctx); err != nil {
			return err
		}
	}
	w, err := newWorkers(ctx, o, s)
	if err != nil {
		return err
	}
	w.start(ctx)
	log.Printf("the workers work; it takes %v", o.over)
	events, err := w.suffer(ctx, s)
	if err != nil {
		return err
	}
	w.finish(ctx)
	w.print(os.Stdout, events)
	if wrong := w.wrong(); len(wrong) > 0 {
		return fmt.Errorf("%d promises were broken: %q", len(wrong), wrong[:min(len(wrong), 20)])
	}
	return nil
}
