// Command zaqar shows the Zaqar client library at work and serves an embedded
// Zaqar for development.
package main

import (
	"os"

	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
