// Command ferretdb is a database that speaks MongoDB's protocol, for tests: it serves
// FerretDB, which stores in SQLite, on a loopback address until it gets SIGTERM or
// SIGINT.
//
//	ferretdb ADDRESS FOLDER
//
// FerretDB's own command needs files with its version, which the module lacks.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"sync"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: ferretdb ADDRESS FOLDER")
		os.Exit(2)
	}
	if err := serve(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "ferretdb:", err)
		os.Exit(1)
	}
}

// serve keeps the databases in the folder, in a file each.
func serve(address, folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	folder, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	// FerretDB decodes whole collections, again and again: memory is there to spare
	// the time.
	debug.SetGCPercent(400)
	// The tests' data need not survive a crash of the machine, so SQLite does not
	// wait for the disk. With the write-ahead log readers do not wait for writers.
	settings := url.Values{"_pragma": {"busy_timeout(20000)", "journal_mode(wal)", "synchronous(off)"}}
	store := url.URL{Scheme: "file", Opaque: folder + "/", RawQuery: settings.Encode()}
	db, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Handler:   "sqlite",
		SQLiteURL: store.String(),
	})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	stopped := make(chan error, 1)
	go func() { stopped <- db.Run(ctx) }()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	at, err := url.Parse(db.MongoDBURI())
	if err != nil {
		return err
	}
	p := &proxy{server: at.Host, locks: map[string]*sync.Mutex{}}
	if err := p.serve(ctx, listener); err != nil {
		return err
	}
	return <-stopped
}
