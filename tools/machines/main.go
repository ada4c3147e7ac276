// Command machines checks that every package of the workspace, with its tests, is correct
// Go for other machines:
//
//	go run ./tools/machines windows/amd64 linux/386
//
// It reads what the compiler would read, and reports what the compiler would report. It
// generates no code, so it takes seconds. Building, and go vet with it, would compile the
// standard library for each machine.
package main

import (
	"context"
	"fmt"
	"os"
)

func main() {
	failed := false
	for _, machine := range os.Args[1:] {
		packages, mistakes, err := check(context.Background(), ".", machine, "work")
		if err != nil {
			mistakes = append(mistakes, err)
		}
		fmt.Printf("%s: %d packages\n", machine, packages)
		for _, mistake := range mistakes {
			fmt.Fprintln(os.Stderr, mistake)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}
