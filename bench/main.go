// Command bench compares this library with gophercloud, python-zaqarclient and a bare loop
// over net/http, on one server and in one run.
//
//	go run . -server embedded
//	go run . -server canned -task claim,page
//	go run . -server http://127.0.0.1:8888 -python VENV/bin/python -rounds 5
//
// Each side of each round is a process of its own, so that its CPU time and its memory are its own,
// and the sides take turns, so that what else the machine does hits all of them. The
// tables show medians. Rates and CPU times are only comparable within one run.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	var (
		server = flag.String("server", "embedded", "measure on `this`: embedded, canned, or the URL of a server without authentication")
		only   = flag.String("task", "", "run only the tasks whose name begins with one of these, separated by commas")
		python = flag.String("python", "", "the `interpreter` of an environment with python-zaqarclient")
		rounds = flag.Int("rounds", 5, "how many times each side runs")
		scale  = flag.Float64("scale", 1, "multiply the number of messages by this")
		out    = flag.String("json", "", "write the results to this `file`, for -chart")
		chart  = flag.String("chart", "", "draw the chart of this `file` of results on standard output, and measure nothing")
		side   = flag.String("side", "", "internal: be this side of -task, once")
		serve  = flag.String("serve", "", "internal: be this server")
		url    = flag.String("url", "", "internal: the server of -side")
		queue  = flag.String("queue", "", "internal: the queue of -side")
		n      = flag.Int("n", 0, "internal: how many messages")
	)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch {
	case *serve != "":
		return serveUntilDone(ctx, *serve)
	case *side != "":
		return runSide(ctx, *side, *only, where{url: *url, queue: *queue, n: *n})
	case *chart != "":
		return drawFile(os.Stdout, *chart)
	}
	chosen := slices.DeleteFunc(slices.Clone(tasks), func(t task) bool { return !t.chosen(*only, *server) })
	if len(chosen) == 0 {
		return fmt.Errorf("no task fits -task %s on %s; there are %s", *only, *server, strings.Join(taskNames(), ", "))
	}
	url0, end, err := startServer(ctx, *server)
	if err != nil {
		return err
	}
	defer end()
	results := results{Server: *server}
	for _, t := range chosen {
		m, err := t.measure(ctx, url0, *python, *rounds, *scale)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		results.Tasks = append(results.Tasks, m)
		m.print(os.Stdout)
	}
	if *out == "" {
		return nil
	}
	return results.save(*out)
}
