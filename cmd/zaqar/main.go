// Command zaqar demonstrates the Zaqar client library and runs an embedded Zaqar for
// development.
package main

import (
	"os"

	"github.com/zaqar-go/zaqar/cmd/zaqar/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
