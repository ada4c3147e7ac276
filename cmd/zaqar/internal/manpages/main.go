// Command manpages writes the manual pages of the command zaqar into a folder, one for each
// command.
//
//	go run ./internal/manpages FOLDER
package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra/doc"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/cli"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "manpages:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: manpages FOLDER")
	}
	if err := os.MkdirAll(args[0], 0o755); err != nil { //nolint:gosec // manual pages are for everybody
		return err
	}
	return write(args[0])
}

// write writes the pages. SOURCE_DATE_EPOCH is their date, so that two builds are equal.
func write(folder string) error {
	date := time.Now()
	if seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		date = time.Unix(seconds, 0).UTC()
	}
	root := cli.NewCmdRoot(cli.NewApp(cli.NewStreams(os.Stdin, io.Discard, io.Discard)))
	root.DisableAutoGenTag = true
	return doc.GenManTree(root, &doc.GenManHeader{
		Title: "ZAQAR", Section: "1", Date: &date, Source: "zaqar " + zaqar.Release, Manual: "Zaqar message queues",
	}, folder)
}
