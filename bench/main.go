// Command bench compares this library with gophercloud, python-zaqarclient and a bare loop
// over net/http, on one server and in one run.
//
//	GOWORK=off go run . -server embedded
//	GOWORK=off go run . -server canned -task claim,page
//	GOWORK=off go run . -server http://127.0.0.1:8888 -python VENV/bin/python -rounds 5
//
// Each side of each round is a process of its own, so that its CPU time and its memory are its own,
// and the sides take turns, so that what else the machine does hits all of them. The
// tables show medians. Rates and CPU times are only comparable within one run.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
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
		socket = flag.String("socket", "", "the `URL` of the WebSocket of -server, to compare it with HTTP")
		python = flag.String("python", "", "the `interpreter` of an environment with python-zaqarclient")
		rounds = flag.Int("rounds", 5, "how many times each side runs")
		scale  = flag.Float64("scale", 1, "multiply the number of messages by this")
		name   = flag.String("name", "", "what the results call the server; -server if it is not given")
		out    = flag.String("json", "", "add the results to this `file`, for -chart and -tables")
		chart  = flag.String("chart", "", "draw the chart of this `file` of results on standard output, and measure nothing")
		tables = flag.String("tables", "", "print the tables of this `file` of results, and measure nothing")
		doc    = flag.String("doc", "", "write the chart and the tables in this `folder` of documentation from its figures, and measure nothing")
		side   = flag.String("side", "", "internal: be this side of -task, once")
		serve  = flag.String("serve", "", "internal: be this server")
		url    = flag.String("url", "", "internal: the server of -side")
		queue  = flag.String("queue", "", "internal: the queue of -side")
		count  = flag.String("counter", "", "internal: where the server tells its number of requests")
		n      = flag.Int("n", 0, "internal: how many messages")
	)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch {
	case *serve != "":
		return serveUntilDone(ctx, *serve)
	case *side != "":
		return runSide(ctx, *side, *only, where{url: *url, socket: *socket, counter: *count, queue: *queue, n: *n})
	case *chart != "":
		return drawFile(os.Stdout, *chart)
	case *doc != "":
		return write(*doc)
	case *tables != "":
		return printFile(os.Stdout, *tables)
	}
	chosen := slices.DeleteFunc(slices.Clone(tasks), func(t task) bool { return !t.chosen(*only, *server) })
	if len(chosen) == 0 {
		return fmt.Errorf("no task fits -task %s on %s; there are %s", *only, *server, strings.Join(taskNames(), ", "))
	}
	var all results
	if *out != "" {
		var err error
		if all, err = read(*out); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, t := range chosen {
		m, err := t.on(ctx, *server, *socket, *python, *rounds, *scale)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		m.print(os.Stdout)
		all.add(cmp.Or(*name, *server), m)
		if *out == "" {
			continue
		}
		if err := all.save(*out); err != nil { // also if the next task fails
			return err
		}
	}
	return nil
}
